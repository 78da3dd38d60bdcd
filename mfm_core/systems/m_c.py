"""M_C: one factor of all modalities generates everything."""

from __future__ import annotations

from typing import Literal

from mfm_core.systems.parts.ablations import PAPER, AblationSystem
from mfm_core.systems.parts.family import FamilyConfig
from mfm_core.systems.registry import register_system


class MCConfig(FamilyConfig):
    """See :class:`FamilyConfig`."""

    system: Literal["m_c"] = "m_c"


@register_system("m_c", title="M_C", paper=PAPER, reads=("sequence", "image"), place=28)
class MC(AblationSystem):
    """There is no factorization: Z_y is inferred from all modalities, and generates each of them and the label."""

    Config = MCConfig
    letter = "m_c"
