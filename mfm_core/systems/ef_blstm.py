"""EF-BLSTM: a bidirectional LSTM over concatenated modalities."""

from __future__ import annotations

from typing import Literal

from mfm_core.systems.parts.early_fusion import EarlyFusionConfig, EarlyFusionSystem
from mfm_core.systems.registry import register_system


class EFBidirectionalLSTMConfig(EarlyFusionConfig):
    """Sizes and training of EF-BLSTM."""

    system: Literal["ef_blstm"] = "ef_blstm"


@register_system(
    "ef_blstm",
    title="EF-BLSTM",
    paper="Schuster and Paliwal (1997), bidirectional, on concatenated modalities",
    place=18,
)
class EFBidirectionalLSTM(EarlyFusionSystem):
    """A bidirectional LSTM over concatenated modalities, and two layers on what is read last.

    What the paper leaves open and how it was settled: see :class:`EarlyFusionSystem`.

    What is read of it are the last states of both directions: after the last step and after the first one.
    """

    Config = EFBidirectionalLSTMConfig
    layers = 1
    bidirectional = True
