"""EF-SLSTM: stacked LSTMs over concatenated modalities."""

from __future__ import annotations

from typing import Literal

from mfm_core.systems.parts.early_fusion import EarlyFusionConfig, EarlyFusionSystem
from mfm_core.systems.registry import register_system


class EFStackedLSTMConfig(EarlyFusionConfig):
    """Sizes and training of EF-SLSTM."""

    system: Literal["ef_slstm"] = "ef_slstm"


@register_system(
    "ef_slstm",
    title="EF-SLSTM",
    paper="Graves, Mohamed and Hinton (2013), stacked, on concatenated modalities",
    place=17,
)
class EFStackedLSTM(EarlyFusionSystem):
    """Stacked LSTMs over concatenated modalities, and two layers on what is read last.

    What the paper leaves open and how it was settled: see :class:`EarlyFusionSystem`.

    It does not say how many LSTMs are stacked either: two.
    """

    Config = EFStackedLSTMConfig
    layers = 2
    bidirectional = False
