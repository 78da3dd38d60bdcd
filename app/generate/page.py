"""The page Generate: five questions to one model."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app.generate import slider_models
from app.generate.digit_model import MissingModelError, load, shown_name
from app.generate.sections import read, sample, slide, swap, translate
from app.generate.view import GenerateLinks, View
from app.shared import missing, sidebar, state
from app.shared.stored_models import stored_as
from mfm_core.lab.settings import run_of

SECTIONS = {
    "sample": ("Sample", sample.show),
    "swap": ("Swap", swap.show),
    "slide": ("Slide", slide.show),
    "read": ("Read", read.show),
    "translate": ("Translate", translate.show),
}


def main() -> None:
    """The page."""
    try:
        shown = load(stored_as(shown_name()))
    except MissingModelError as reason:
        missing.show(reason)
        return
    offered = slider_models.offered()
    limits = replace(shown.limits, sliders=slider_models.sizes(offered))
    state.open_view(GenerateLinks(limits, run_of(shown_name()) or ""), "Generate")
    slides = state.seen(View).section == "slide"
    names = offered if slides and not slide.unable() else (shown_name(),)
    sidebar.show(
        f"**{'Models' if len(names) > 1 else 'Model'}** {' and '.join(names)}",  # one is chosen in the browser
        f"{len(shown.codes):,} held-out pairs" + (f" of {names[0]}" if len(names) > 1 else ""),
        seed=None
        if slides
        else "Every draw that is shown starts from it; counts over many draws have a seed of their own.",
    )
    titles = {name: title for name, (title, _) in SECTIONS.items()}
    section = state.choose("What to ask the model", "section", titles, hidden=True, stretch=True)
    for notice in state.notices():
        st.warning(notice)
    SECTIONS[section][1](shown)
    state.write_link()


main()
