"""CMV-HCRF: a hidden conditional random field with a chain of each modality, coupled."""

from __future__ import annotations

from typing import ClassVar, Literal

from mfm_core.systems.parts.chain_models import Topology
from mfm_core.systems.parts.chain_system import ChainConfig, ChainSystem
from mfm_core.systems.registry import register_system


class CmvHcrfConfig(ChainConfig):
    """See :class:`ChainConfig`."""

    system: Literal["cmv_hcrf"] = "cmv_hcrf"


@register_system(
    "cmv_hcrf",
    title="CMV-HCRF",
    paper="Song, Morency, Davis (2012), Multi-view latent variable discriminative models for action recognition, CVPR",
    place=11,
)
class CmvHcrf(ChainSystem):
    """A chain of states of each modality; a state has a potential with those of the others at the next step.

    The coupled topology of the source; inference is exact as in MV-HCRF. A modality that a sample lacks adds no
    observation potential.

    An interaction of modalities within one step, independent of its neighbours, is no edge of this model: it can be
    found only through a state that lasts. Starts and scores are settled as for EF-HCRF.
    """

    Config = CmvHcrfConfig
    fused = False
    topology: ClassVar[Topology] = "coupled"
