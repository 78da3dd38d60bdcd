"""EF-HCRF: a hidden conditional random field on all modalities side by side."""

from __future__ import annotations

from typing import Literal

from mfm_core.systems.parts.chain_system import ChainConfig, ChainSystem
from mfm_core.systems.registry import register_system


class EfHcrfConfig(ChainConfig):
    """See :class:`ChainConfig`."""

    system: Literal["ef_hcrf"] = "ef_hcrf"


@register_system(
    "ef_hcrf",
    title="EF-HCRF",
    paper="Quattoni, Wang, Morency, Collins, Darrell (2007), Hidden conditional random fields, TPAMI 29(10)",
    place=7,
)
class EfHcrf(ChainSystem):
    """Labels share hidden states; each label has its potentials of states and of transitions.

    ``P(y | x) ~ sum_h exp(sum_t w[h_t] x_t + sum_t u[y, h_t] + sum_t v[y, h_t, h_t+1])``, trained by maximum likelihood
    with a Gaussian prior. A modality that a sample lacks adds no
    observation potential.

    The source leaves open: the optimiser's starts (four, half of them with transitions in favour of staying; the best
    on the validation data is kept), and scores (learnt as mixtures of 5 anchor values, predicted as their mean). Its
    window of neighbouring steps is 0 here. It can model the order of events, switching states and interactions of
    modalities.
    """

    Config = EfHcrfConfig
    fused = True
