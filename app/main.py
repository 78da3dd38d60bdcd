"""The app: configuration of the page, and navigation; each page fills the sidebar with what it shows."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # Streamlit puts the folder of this file on the path, not the project's
    sys.path.insert(0, str(ROOT))

# Folder of each page and its title; the first opens first. Streamlit reserves the folder name "pages".
PAGES = {
    "generate": "Generate",
    "flow": "Flow",
    "dependency": "Dependency",
    "claims": "Claims",
    "ablations": "Ablations",
    "about": "About this model",
}
STYLE = """<style>
.stMainBlockContainer { max-width: 78rem; padding-left: 2.5rem; padding-right: 2.5rem; }
.mfm-prose { margin: 0; max-width: 62ch; }
.mfm-prose sub { line-height: 0; }
.mfm-symbol { font-family: "Source Serif", serif; }
.mfm-quiet { opacity: 0.68; font-size: 0.875rem; max-width: 90ch; }
@media (max-width: 640px) { .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; } }
</style>"""


def main() -> None:
    """Show the page that was asked for."""
    st.set_page_config("Multimodal factors, live", layout="wide", initial_sidebar_state=232)
    pages = [
        st.Page(f"{folder}/page.py", title=title, url_path=title.lower().replace(" ", "_"), default=place == 0)
        for place, (folder, title) in enumerate(PAGES.items())
    ]
    page = st.navigation(pages)
    st.html(STYLE)
    page.run()


main()
