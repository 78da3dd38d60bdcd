"""The encoder Q(Z_a | X) that takes the label out of what it finds; a decoder knows the label and can put it back."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mfm_core.config import ImageModality, LabelConfig
from mfm_core.networks.convolutional import ConvolutionalEncoder
from mfm_core.networks.flow import ConditionalFlow
from mfm_core.networks.whitening import ClassWhitening


class StyleEncoder(nn.Module):
    """Image -> code -> Z_a: a flow, told which label the picture seems to have, turns its codes into N(0, I).

    Z_a and F_y together still tell all that the code told; Z_a alone no longer tells the label.

    Args:
        modality: The modality; its ``flow`` and ``flow_mixed`` are the numbers of couplings.
        label: What the label is.
        d_features: Size of what the encoder of Z_y finds in the modality.

    Raises:
        ValueError: If the flow's codes are to be whitened by class, and the label is scores.
    """

    def __init__(self, modality: ImageModality, label: LabelConfig, d_features: int) -> None:
        super().__init__()
        self.classes = label.kind == "classes"
        self.encoder = ConvolutionalEncoder(
            modality.shape, modality.channels, modality.d_z, hidden=modality.hidden, d_context=d_features
        )
        self.recognize = nn.Sequential(nn.SiLU(), nn.Linear(d_features, label.size))
        # Were the scale of the codes free, the encoder would outgrow the flow, to be heard above the noise on Z_a.
        self.standardize = nn.BatchNorm1d(modality.d_z, affine=False)
        self.flow = ConditionalFlow(modality.d_z, label.size, modality.flow, modality.hidden, modality.flow_mixed)
        if modality.flow_whitened and not self.classes:
            raise ValueError("flow_whitened: expected a label of classes, got scores")
        self.whitening = ClassWhitening(modality.d_z, label.size) if modality.flow_whitened else None

    def context(self, features: Tensor) -> Tensor:
        """Features (N, d_features) -> what the flow is told: probabilities of the classes, or scores, (N, size)."""
        seen: Tensor = self.recognize(features).float()
        return seen.softmax(1) if self.classes else seen

    def code(self, image: Tensor, features: Tensor) -> Tensor:
        """(N, channels, height, width) in [0, 1] and (N, d_features) -> codes of mean 0 and variance 1, (N, d_z)."""
        code: Tensor = self.standardize(self.encoder(image, features).float())
        return code

    def forward(self, image: Tensor, features: Tensor) -> Tensor:
        """(N, channels, height, width) in [0, 1] and (N, d_features) -> (N, d_z)."""
        return self.separate(self.code(image, features), self.context(features))

    def separate(self, code: Tensor, context: Tensor) -> Tensor:
        """Codes (N, d_z) and contexts (N, size) -> Z_a (N, d_z); the flow itself is not trained by what comes of it."""
        if not self.training:  # nothing is swapped on a module that threads share
            z: Tensor = self.flow(code, context)[0]
        else:
            fixed = {name: parameter.detach() for name, parameter in self.flow.named_parameters()}
            z = torch.func.functional_call(self.flow, fixed, (code, context))[0]
        return z if self.whitening is None else self.whitening(z, context)
