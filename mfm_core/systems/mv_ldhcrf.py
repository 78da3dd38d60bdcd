"""MV-LDHCRF: a latent-dynamic conditional random field with a chain of each modality, linked."""

from __future__ import annotations

from typing import Literal

from mfm_core.systems.parts.chain_system import ChainSystem, OwnStatesConfig
from mfm_core.systems.registry import register_system


class MvLdhcrfConfig(OwnStatesConfig):
    """See :class:`OwnStatesConfig`."""

    system: Literal["mv_ldhcrf"] = "mv_ldhcrf"


@register_system(
    "mv_ldhcrf",
    title="MV-LDHCRF",
    paper="Song, Morency, Davis (2012), Multi-view latent variable discriminative models for action recognition, CVPR",
    place=10,
)
class MvLdhcrf(ChainSystem):
    """As MV-HCRF with a label at each step and states of each label's own, all modalities in those of one label.

    Inference is exact, over K H^V joint states; H is the largest of 4, 3, 2 that leaves at most 64 of them. The source
    uses loopy belief propagation here. A modality that a sample lacks adds no
    observation potential.

    The label of a sequence, starts and scores are settled as for EF-LDHCRF.
    """

    Config = MvLdhcrfConfig
    fused = False
    disjoint = True
