"""The models of the ablation study (Figure 6, Table 2): MFM with one design choice after the other taken away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mfm_core.config import ImageModality, ModelConfig, SequenceModality
from mfm_core.networks import factory
from mfm_core.networks.fully_connected import fully_connected
from mfm_core.printing import short_repr


@dataclass(frozen=True)
class Design:
    """The design choices of Table 2.

    Attributes:
        multimodal: One discriminative factor of all modalities, rather than one of each.
        generates: The hybrid objective: modalities are generated as well as the label.
        factorized: Beside the discriminative factor there is a generative one.
        specific: Each modality has a generative factor of its own, rather than one for all.
    """

    multimodal: bool
    generates: bool
    factorized: bool
    specific: bool

    def choices(self) -> dict[str, bool | None]:
        """The rows of Table 2, and whether the model has each; None where the table leaves the cell empty.

        What generates nothing has no generative factor to keep apart, and what keeps none apart none to share.
        """
        return {
            "multimodal discriminative factor": self.multimodal,
            "hybrid generative-discriminative objective": self.generates,
            "factorized generative-discriminative factors": self.factorized if self.generates else None,
            "modality-specific generative factors": self.specific if self.factorized else None,
        }


DESIGNS = {
    "m_a": Design(multimodal=True, generates=True, factorized=True, specific=False),
    "m_b": Design(multimodal=False, generates=True, factorized=False, specific=False),
    "m_c": Design(multimodal=True, generates=True, factorized=False, specific=False),
    "m_d": Design(multimodal=False, generates=False, factorized=False, specific=False),
    "m_e": Design(multimodal=True, generates=False, factorized=False, specific=False),
}
"""Of the ablations, by name in the registry."""
DESIGN_OF_MFM = Design(multimodal=True, generates=True, factorized=True, specific=True)
TABLE_2 = {**DESIGNS, "mfm": DESIGN_OF_MFM}
"""Of every model of the ablation study."""
COMPARED = (
    *(("m_e", "m_d"), ("m_c", "m_b")),  # the discriminative factor is multimodal
    *(("m_c", "m_e"), ("m_b", "m_d")),  # it generates
    ("m_a", "m_c"),  # generative factors are apart from the discriminative one
    *(("mfm", name) for name in DESIGNS),  # each modality has a generative factor of its own; and all that MFM has
)
"""Pairs that Table 2 compares, the model that has more design choices first."""


@dataclass(frozen=True)
class Coded:
    """Codes, generated modalities and label that an ablation makes.

    Attributes:
        codes: Z by block: ``y`` and, in M_A, ``a``; or one by each modality ``(N, d)``.
        generated: The modalities, empty where nothing is generated.
        label: Logits, or scores ``(N, size)``.
    """

    codes: dict[str, Tensor]
    generated: dict[str, Tensor]
    label: Tensor

    __repr__ = short_repr


class Ablation(nn.Module):
    """M_A to M_E, made of the networks of MFM: the same encoders, the same decoders, of the same sizes.

    Args:
        config: The architecture of the MFM that it is an ablation of.
        design: Which of its choices are left.
    """

    def __init__(self, config: ModelConfig, design: Design) -> None:
        super().__init__()
        self.config, self.design = config, design
        names = tuple(config.modalities)
        self.blocks = {"y": config.d_y} if design.multimodal else dict.fromkeys(names, config.d_y)
        if design.multimodal:
            self.encoder_y = factory.fusion(config, config.d_y)
        else:
            self.encoders = nn.ModuleDict({name: _Alone(m, config) for name, m in config.modalities.items()})
        self.g = nn.ModuleDict(
            {f"block_{name}": fully_connected(d, config.hidden, config.d_f) for name, d in self.blocks.items()}
        )
        self.label_head = nn.Linear(config.d_f * len(self.blocks), config.label.size)
        d_in, d_a = config.d_f, sum(m.d_z for m in config.modalities.values())
        if design.factorized:
            self.blocks["a"] = d_a
            self.encoder_a = factory.fusion(config, d_a)
            self.g_a = fully_connected(d_a, config.hidden, config.d_f)
            d_in += config.d_f
        if design.generates:
            self.decoders = nn.ModuleDict(
                {name: _decoder(m, d_in, config.length) for name, m in config.modalities.items()}
            )

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in order."""
        return tuple(self.config.modalities)

    def encode(self, inputs: Mapping[str, Tensor], mask: Tensor | None = None) -> dict[str, Tensor]:
        """All modalities, and of sequences the real steps -> Z by block, see :class:`Coded`."""
        if self.design.multimodal:
            codes = {"y": self.encoder_y(self.encoder_y.features(inputs, mask), mask).float()}
        else:
            steps = () if mask is None else (mask,)
            codes = {name: encoder(inputs[name], *steps).float() for name, encoder in self.encoders.items()}
        if self.design.factorized:
            codes["a"] = self.encoder_a(self.encoder_a.features(inputs, mask), mask).float()
        return codes

    def decode(self, codes: Mapping[str, Tensor], mask: Tensor | None = None) -> Coded:
        """Z by block -> what is generated of it."""
        factors = {name: self.g[f"block_{name}"](z) for name, z in codes.items() if name != "a"}
        label: Tensor = self.label_head(torch.cat(list(factors.values()), dim=1)).float()
        if not self.design.generates:
            return Coded(dict(codes), {}, label)
        steps = () if mask is None else (mask,)
        beside = (self.g_a(codes["a"]),) if self.design.factorized else ()
        generated = {
            name: decoder(torch.cat([factors["y" if self.design.multimodal else name], *beside], dim=1), *steps)
            for name, decoder in self.decoders.items()
        }
        return Coded(dict(codes), generated, label)

    def forward(self, inputs: Mapping[str, Tensor], mask: Tensor | None = None) -> Tensor:
        """All modalities, and of sequences the real steps -> logits or scores ``(N, size)``."""
        return self.decode(self.encode(inputs, mask), mask).label


class _Alone(nn.Module):
    """The encoder of Z_y, but of one modality alone."""

    def __init__(self, modality: ImageModality | SequenceModality, config: ModelConfig) -> None:
        super().__init__()
        self.fusion = factory.fusion(config.model_copy(update={"modalities": {"only": modality}}), config.d_y)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        out: Tensor = self.fusion(self.fusion.features({"only": x}, mask), mask)
        return out


def _decoder(modality: ImageModality | SequenceModality, d_in: int, length: int) -> nn.Module:
    """The decoder of one modality from ``d_in`` numbers of factors."""
    return factory.decoder(modality.model_copy(update={"d_f": d_in}), 0, length)
