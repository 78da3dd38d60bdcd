"""The app: configuration of the page, navigation, and the sidebar that all pages share."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # Streamlit puts the folder of this file on the path, not the project's
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from app.components import share, state  # noqa: E402
from app.exhibit import MODEL, NothingToShowError, load, stored_as  # noqa: E402

# One file a tab. The folder must not be called "pages": Streamlit would then open a link to a page without this file.
TABS = ("generate", "about_this_model")
ROOM = """<style>
.stMainBlockContainer { max-width: 78rem; padding-left: 2.5rem; padding-right: 2.5rem; }
.mfm-prose { margin: 0; max-width: 62ch; }
.mfm-prose sub { line-height: 0; }
.mfm-symbol { font-family: "Source Serif", serif; }
.mfm-quiet { opacity: 0.68; font-size: 0.875rem; max-width: 90ch; }
@media (max-width: 640px) { .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; } }
</style>"""
MISSING = """
### There is no model to show yet

The pictures on this page are made by a trained model, which is stored in the folder `pretrained/svhn_mnist`.
It is not there, or it is damaged.

* If you cloned the project, fetch the whole repository: the folder is part of it.
* To train the model yourself: `python -m mfm_core train svhn_mnist`
"""


def main() -> None:
    """Show the page that was asked for."""
    st.set_page_config("Multimodal factors, live", layout="wide", initial_sidebar_state=232)
    pages = [
        st.Page(f"tabs/{file}.py", title=file.replace("_", " ").capitalize(), default=file == TABS[0]) for file in TABS
    ]
    page = st.navigation(pages)
    try:
        shown = load(stored_as(MODEL))
    except NothingToShowError as reason:
        logging.getLogger(__name__).warning("%s", reason)
        st.markdown(MISSING)
        return
    st.html(ROOM)
    state.open_view(shown.limits, page.title)
    with st.sidebar:
        st.markdown(f"**Model** {MODEL}  \n{len(shown.codes):,} held-out pairs")
        state.number("Seed", "seed", 0, 999_999, description="Every draw on the page starts from it.")
        share.show()
    page.run()


main()
