"""CMV-LDHCRF: a latent-dynamic conditional random field with a chain of each modality, coupled."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from mfm_core.systems.parts.chain_models import Topology
from mfm_core.systems.parts.chain_system import ChainConfig, ChainSystem
from mfm_core.systems.registry import register_system


class CmvLdhcrfConfig(ChainConfig):
    """The prior is weaker where each label has its own states, which see fewer samples."""

    system: Literal["cmv_ldhcrf"] = "cmv_ldhcrf"
    l2: Annotated[float, Field(ge=0, le=1e6)] = 0.3


@register_system(
    "cmv_ldhcrf",
    title="CMV-LDHCRF",
    paper="Song, Morency, Davis (2012), Multi-view latent variable discriminative models for action recognition, CVPR",
)
class CmvLdhcrf(ChainSystem):
    """As CMV-HCRF with a label at each step and states of each label's own, all modalities in those of one label.

    Inference is exact, as in MV-LDHCRF. A modality that a sample lacks adds no
    observation potential.

    The label of a sequence, starts and scores are settled as for EF-LDHCRF.
    """

    Config = CmvLdhcrfConfig
    fused = False
    topology: ClassVar[Topology] = "coupled"
    disjoint = True
