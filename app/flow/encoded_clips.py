"""Clips as a view asks for them, and what a model makes of them: computed once for all who look at the same."""

from __future__ import annotations

from app.flow.clip_source import ClipSource, clips_version
from app.flow.clips import Clip
from app.flow.figures import flow
from app.flow.figures.flow import Strip
from app.flow.view import FlowView
from app.shared.stored_models import kept, stored_as
from app.shared.turns import turn
from mfm_core.interpretation.registry import EQ_7, find_interpretation


def clip(shown: ClipSource, view: FlowView) -> tuple[Clip, Clip | None]:
    """The stored clip of a view; where the what-if changes it, as changed and as it is."""
    own = shown.clip(view.clip)
    if not view.changed or shown.what_if is None:
        return own, None
    return shown.what_if.edited(view.clip, view.step, view.word, view.tone, view.face), own


def strip(shown: ClipSource, clip: Clip, factor: str, before: Clip | None = None, reading: str = EQ_7) -> Strip:
    """Lanes of a clip, and of the same before a change; an attribution is of no factor."""
    files = clips_version(shown.name)
    of = factor if find_interpretation(reading).needs_factor else "y"

    def make() -> Strip:
        with turn():
            return flow.strip(shown.name, shown.model, clip, of, before, reading, shown.reference)

    return kept("strip", stored_as(shown.name), make, files, clip.key, of, reading, before.key if before else "")
