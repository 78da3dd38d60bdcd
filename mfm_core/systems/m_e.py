"""M_E: the discriminative factor of all modalities, and no generation."""

from __future__ import annotations

from typing import Literal

from mfm_core.systems.parts.ablations import PAPER, AblationSystem
from mfm_core.systems.parts.family import FamilyConfig
from mfm_core.systems.registry import register_system


class MEConfig(FamilyConfig):
    """See :class:`FamilyConfig`."""

    system: Literal["m_e"] = "m_e"


@register_system("m_e", title="M_E", paper=PAPER, reads=("sequence", "image"), place=30)
class ME(AblationSystem):
    """Z_y is inferred from all modalities, and the label predicted from F_y: MFM without what generates."""

    Config = MEConfig
    letter = "m_e"
