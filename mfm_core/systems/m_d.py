"""M_D: a discriminative factor of each modality, and no generation."""

from __future__ import annotations

from typing import Literal

from mfm_core.systems.parts.ablations import PAPER, AblationSystem
from mfm_core.systems.parts.family import FamilyConfig
from mfm_core.systems.registry import register_system


class MDConfig(FamilyConfig):
    """See :class:`FamilyConfig`."""

    system: Literal["m_d"] = "m_d"


@register_system("m_d", title="M_D", paper=PAPER, reads=("sequence", "image"), place=29)
class MD(AblationSystem):
    """Z_i is inferred from X_i alone; the label is predicted from all F_i side by side."""

    Config = MDConfig
    letter = "m_d"
