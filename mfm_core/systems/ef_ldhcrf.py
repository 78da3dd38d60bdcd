"""EF-LDHCRF: a latent-dynamic conditional random field on all modalities side by side."""

from __future__ import annotations

from typing import Literal

from mfm_core.systems.parts.chain_system import ChainSystem, OwnStatesConfig
from mfm_core.systems.registry import register_system


class EfLdhcrfConfig(OwnStatesConfig):
    """See :class:`OwnStatesConfig`."""

    system: Literal["ef_ldhcrf"] = "ef_ldhcrf"


@register_system(
    "ef_ldhcrf",
    title="EF-LDHCRF",
    paper="Morency, Quattoni, Darrell (2007), Latent-dynamic discriminative models, CVPR",
    place=8,
)
class EfLdhcrf(ChainSystem):
    """A label at each step, with states of each label's own: the probability of labels sums those of their states.

    Each step of a training sequence has the sequence's label. A modality that a sample lacks adds no
    observation potential.

    The source labels steps and leaves the label of a sequence open: here its probability is the geometric mean over the
    steps of the label's marginal, scaled to sum to 1 over the labels. Starts and scores are settled as for EF-HCRF.
    """

    Config = EfLdhcrfConfig
    fused = True
    disjoint = True
