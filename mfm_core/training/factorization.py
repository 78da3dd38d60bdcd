"""Terms added to Eq. 4 on images, because on real SVHN-MNIST it reconstructs and classifies but does not factorize.

What each buys is measured and told in the model's card.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from mfm_core.config import ModelConfig, Share
from mfm_core.training.terms.registry import Kind
from mfm_core.training.terms.weights import TermWeights


class FactorizationConfig(TermWeights):
    """Weights of the terms added to Eq. 4 on images, and how a pair is decoded while training.

    Attributes:
        same_label: Decode with the Z_y of another pair of the same label: Z_y is kept free of style.
        noise: Standard deviation of the noise on Z_a before decoding: it has no room for what Z_y already says.
        noise_y: The same on Z_y: classes are regions that fill the prior, not ten points in it.
    """

    kind: ClassVar[Kind] = "image"
    given: ClassVar[Mapping[str, float]] = {
        "mmd_y": 400.0,
        "label_balance": 20.0,
        "conditional_mmd": 200.0,
        "flow": 10.0,
        "recognition": 20.0,
        "label_readback": 5.0,
        "feature_match": 20.0,
        "style_kept": 4.0,
    }

    same_label: bool = Field(True, description="decode with the Z_y of another pair of the same label")
    noise: Share = Field(0.1, description="noise on Z_a while training")
    noise_y: Share = Field(0.5, description="noise on Z_y while training")

    def check(self, place: str, model: ModelConfig) -> None:
        """Check that a model can be trained with these weights, and so: see :meth:`TermWeights.check`."""
        super().check(place, model)
        if self.same_label and model.label.kind != "classes":
            raise ValueError(f"{place}.same_label: expected False where the label is not of classes, got True")


def same_label_partner(labels: Tensor, generator: torch.Generator) -> Tensor:
    """For each sample the index of a random sample of the same label, ``(N,)``: a permutation within classes."""
    order = torch.randperm(len(labels), generator=generator).to(labels.device)
    shuffled = order[torch.argsort(labels[order], stable=True)]
    partner = torch.empty_like(order)
    partner[torch.argsort(labels, stable=True)] = shuffled
    return partner
