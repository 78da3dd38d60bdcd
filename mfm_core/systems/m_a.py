"""M_A: one generative factor of all modalities, rather than one of each."""

from __future__ import annotations

from typing import Literal

from mfm_core.systems.parts.ablations import PAPER, AblationSystem
from mfm_core.systems.parts.family import FamilyConfig
from mfm_core.systems.registry import register_system


class MAConfig(FamilyConfig):
    """See :class:`FamilyConfig`."""

    system: Literal["m_a"] = "m_a"


@register_system("m_a", title="M_A", paper=PAPER, reads=("sequence", "image"), place=26)
class MA(AblationSystem):
    """Z_y and one Z_a, both inferred from all modalities; every modality is generated from both, the label from F_y."""

    Config = MAConfig
    letter = "m_a"
