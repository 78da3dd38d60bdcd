"""MV-HSSHCRF: hierarchical sequence summarization, a chain of each modality, linked."""

from __future__ import annotations

from typing import Literal

from mfm_core.systems.parts.summary_system import SummaryConfig, SummarySystem
from mfm_core.systems.registry import register_system


class MvHsshcrfConfig(SummaryConfig):
    """See :class:`SummaryConfig`."""

    system: Literal["mv_hsshcrf"] = "mv_hsshcrf"


@register_system(
    "mv_hsshcrf",
    title="MV-HSSHCRF",
    paper="Song, Morency, Davis (2013), Action recognition by hierarchical sequence summarization, CVPR",
    place=14,
)
class MvHsshcrf(SummarySystem):
    """Layers of hidden conditional random fields, each over groups of those steps whose hidden states were alike below.

    A layer reads sigmoid gates of the features, averaged over a group. Layers are trained from the bottom up; the label
    is that of the largest sum of the layers' log probabilities.

    The source has one view only: here each modality has gates and a chain of its own, linked as in MV-HCRF, and all
    are grouped alike, by the marginals of their joint states. A modality that a sample lacks enters as its mean.

    The source leaves open: the start of a layer (here the parameters of the one below), the threshold of the grouping
    (distances are averaged over labels, so that one value fits any number of them), and scores (as for EF-HCRF).
    """

    Config = MvHsshcrfConfig
    fused = False
