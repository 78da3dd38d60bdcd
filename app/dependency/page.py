"""The page Dependency: how much each modality depends on what all share, against its own factor (Eq. 5)."""

from __future__ import annotations

import streamlit as st

from app.dependency import held_out_codes
from app.dependency.sections import ratios, sensitivity
from app.dependency.view import DependencyLinks, DependencyView
from app.shared import jobs, missing, sidebar, state, stored_models

MISSING = """
## There is nothing to measure yet

This page measures models of spoken videos, which are stored in folders of `pretrained` with the codes of held-out
clips. None is there.

* If you cloned the project, fetch the whole repository: the folders are part of it.
* To train such a model yourself: `python -m mfm_core data make studio-clips --training 10000`, then
  `python -m mfm_core train studio_balanced --store pretrained/studio_balanced`, then
  `python -m mfm_core evaluate studio_balanced --save`, which stores the codes.
"""
FIRST = 3  # models that a visitor meets first, at most


def main() -> None:
    """The page."""
    models = held_out_codes.measurable()
    if not models:
        missing.show("no codes of sequences are stored", MISSING)
        return
    codec = DependencyLinks(models, models[:FIRST], lambda name: held_out_codes.load(name).limits)
    try:
        state.open_view(codec, "Dependency")
    except held_out_codes.MissingCodesError as reason:
        missing.show(reason, MISSING)
        return
    ratios.controls(codec)
    for notice in state.notices():
        st.warning(notice)
    view = state.seen(DependencyView)
    if view.names:
        slot = jobs.ProgressSlot("dependency")
        ratios.show(slot)
        sensitivity.show(slot)
    else:
        st.info("Choose a model, and its ratios appear here.")
    view = state.seen(DependencyView)
    clips = max((codec.limits(name).clips for name in view.names), default=0)
    sidebar.show(
        f"**Models** {', '.join(stored_models.title(name) for name in view.names) or 'none'}",
        f"up to {clips:,} held-out clips",
        seed="It chooses which clips are measured where they are not all, and the permutations.",
    )
    state.write_link()


main()
