"""Clips as a view asks for them, and what a model makes of them: computed once for all who look at the same."""

from __future__ import annotations

from collections.abc import Hashable

import streamlit as st

from app.flow.clip_source import ClipSource
from app.flow.clips import Clip
from app.flow.figures import flow
from app.flow.figures.flow import Strip
from app.flow.view import ATTRIBUTIONS, FlowView, Reading
from app.shared.stored_models import stored_as, version
from mfm_core.data.registry import data_folder


def clip(shown: ClipSource, view: FlowView) -> tuple[Clip, Clip | None]:
    """The stored clip of a view; where the what-if changes it, as changed and as it is."""
    own = shown.clip(view.clip)
    if not view.changed or shown.what_if is None:
        return own, None
    return shown.what_if.edited(view.clip, view.step, view.word, view.tone, view.face), own


def strip(shown: ClipSource, clip: Clip, factor: str, before: Clip | None = None, reading: Reading = "norm") -> Strip:
    """Lanes of a clip, and of the same before a change; an attribution is of no factor."""
    files, unchanged = (version(stored_as(shown.name)), str(data_folder())), before.key if before else ""
    of = "y" if reading in ATTRIBUTIONS else factor
    return _strip(files, clip.key, of, reading, unchanged, shown, clip, before)


@st.cache_resource(max_entries=128, show_spinner=False)
def _strip(
    files: Hashable,
    key: str,
    factor: str,
    reading: Reading,
    before_key: str,
    _shown: ClipSource,
    _clip: Clip,
    _before: Clip | None,
) -> Strip:
    del files, key, before_key  # what tells one from another
    return flow.strip(_shown.name, _shown.model, _clip, factor, _before, reading, _shown.reference)
