"""EF-SBLSTM: stacked bidirectional LSTMs over concatenated modalities."""

from __future__ import annotations

from typing import Literal

from mfm_core.systems.parts.early_fusion import EarlyFusionConfig, EarlyFusionSystem
from mfm_core.systems.registry import register_system


class EFStackedBidirectionalLSTMConfig(EarlyFusionConfig):
    """Sizes and training of EF-SBLSTM."""

    system: Literal["ef_sblstm"] = "ef_sblstm"


@register_system(
    "ef_sblstm",
    title="EF-SBLSTM",
    paper="Graves, Mohamed and Hinton (2013), stacked and bidirectional, on concatenated modalities",
    place=19,
)
class EFStackedBidirectionalLSTM(EarlyFusionSystem):
    """Stacked bidirectional LSTMs over concatenated modalities, and two layers on what is read last.

    What the paper leaves open and how it was settled: see :class:`EarlyFusionSystem`.

    Two layers, and what is read are the last states of both directions of the second.
    """

    Config = EFStackedBidirectionalLSTMConfig
    layers = 2
    bidirectional = True
