"""EF-HSSHCRF: hierarchical sequence summarization, all modalities side by side."""

from __future__ import annotations

from typing import Literal

from mfm_core.systems.parts.summary_system import SummaryConfig, SummarySystem
from mfm_core.systems.registry import register_system


class EfHsshcrfConfig(SummaryConfig):
    """See :class:`SummaryConfig`."""

    system: Literal["ef_hsshcrf"] = "ef_hsshcrf"


@register_system(
    "ef_hsshcrf",
    title="EF-HSSHCRF",
    paper="Song, Morency, Davis (2013), Action recognition by hierarchical sequence summarization, CVPR",
    place=13,
)
class EfHsshcrf(SummarySystem):
    """Layers of hidden conditional random fields, each over groups of those steps whose hidden states were alike below.

    A layer reads sigmoid gates of the features, averaged over a group. Layers are trained from the bottom up; the label
    is that of the largest sum of the layers' log probabilities. A modality that a sample lacks enters as its mean.

    The source leaves open: the start of a layer (here the parameters of the one below), the threshold of the grouping
    (distances are averaged over labels, so that one value fits any number of them), and scores (as for EF-HCRF).
    """

    Config = EfHsshcrfConfig
    fused = True
