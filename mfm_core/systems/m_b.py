"""M_B: a factor of each modality, which generates it and, with the others, the label."""

from __future__ import annotations

from typing import Literal

from mfm_core.systems.parts.ablations import PAPER, AblationSystem
from mfm_core.systems.parts.family import FamilyConfig
from mfm_core.systems.registry import register_system


class MBConfig(FamilyConfig):
    """See :class:`FamilyConfig`."""

    system: Literal["m_b"] = "m_b"


@register_system("m_b", title="M_B", paper=PAPER, reads=("sequence", "image"), place=27)
class MB(AblationSystem):
    """Z_i is inferred from X_i alone and generates X_i; the label is predicted from all F_i side by side."""

    Config = MBConfig
    letter = "m_b"
