"""EF-LSTM: one LSTM over concatenated modalities."""

from __future__ import annotations

from typing import Literal

from mfm_core.systems.parts.early_fusion import EarlyFusionConfig, EarlyFusionSystem
from mfm_core.systems.registry import register_system


class EFLSTMConfig(EarlyFusionConfig):
    """Sizes and training of EF-LSTM."""

    system: Literal["ef_lstm"] = "ef_lstm"


@register_system(
    "ef_lstm", title="EF-LSTM", paper="Hochreiter and Schmidhuber (1997), on concatenated modalities", place=16
)
class EFLSTM(EarlyFusionSystem):
    """One LSTM over concatenated modalities, and two layers on what is read last.

    What the paper leaves open and how it was settled: see :class:`EarlyFusionSystem`.
    """

    Config = EFLSTMConfig
    layers = 1
    bidirectional = False
