"""Z_y alone follows the prior: among the many dimensions of the joint Z its few count little."""

from __future__ import annotations

from torch import Tensor

from mfm_core.training.objective import mmd
from mfm_core.training.terms.inputs import TermInputs
from mfm_core.training.terms.registry import register_term


@register_term("mmd_y", "MMD of Z_y alone to N(0, I)", order=40)
def content_follows_prior(seen: TermInputs) -> Tensor:
    """MMD of Z_y, with its noise, to as many draws of the prior."""
    return mmd(seen.noisy.y, seen.prior.y)
