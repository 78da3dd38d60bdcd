"""MV-HCRF: a hidden conditional random field with a chain of each modality, linked at each step."""

from __future__ import annotations

from typing import Literal

from mfm_core.systems.parts.chain_system import ChainConfig, ChainSystem
from mfm_core.systems.registry import register_system


class MvHcrfConfig(ChainConfig):
    """See :class:`ChainConfig`."""

    system: Literal["mv_hcrf"] = "mv_hcrf"


@register_system(
    "mv_hcrf",
    title="MV-HCRF",
    paper="Song, Morency, Davis (2012), Multi-view latent variable discriminative models for action recognition, CVPR",
    place=9,
)
class MvHcrf(ChainSystem):
    """A chain of states of each modality; those of two modalities at one step have a potential with the label.

    Inference is exact, over the joint states of all modalities: their number grows as H^V, so H is chosen by V (4 for
    two modalities, 3 for three, then 2). A modality that a sample lacks adds no
    observation potential.

    The paper's tables do not say which topology of the source MV-HCRF is: here the linked one. Starts and scores are
    settled as for EF-HCRF.
    """

    Config = MvHcrfConfig
    fused = False
