"""The app: configuration of the page, and navigation; each page fills the sidebar with what it shows."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # Streamlit puts the folder of this file on the path, not the project's
    sys.path.insert(0, str(ROOT))

from app.shared import allocator  # noqa: E402 - once the project is on the path

allocator.give_back_what_is_freed()  # before models are loaded

from app.lessons import catalogue  # noqa: E402 - once the project is on the path
from app.shared import app_view, collector, frame_bar, jobs, navigation, presenter, state, stored_models  # noqa: E402 - once the project is on the path

NAME = "MFM explorer"
SIDEBAR = 232  # pixels
# Folder of each page and its title; the first opens first. Streamlit reserves the folder name "pages".
PAGES = {
    "start": "Start",
    "generate": "Generate",
    "flow": "Flow",
    "dependency": "Dependency",
    "claims": "Claims",
    "ablations": "Ablations",
    "lab": "Lab",
    "lessons": "Lessons",
    "about": "About this model",
}
STYLE = """<style>
.stMainBlockContainer { max-width: 78rem; padding-left: 2.5rem; padding-right: 2.5rem; }
[data-testid="stMarkdownContainer"] code { font-size: 0.875rem; }
.mfm-prose { margin: 0; max-width: 62ch; position: relative; }
.mfm-term { font-style: normal; text-decoration: underline dotted; text-underline-offset: 0.2em; cursor: help; }
.mfm-term:is(:hover, :focus)::after {
  content: attr(data-tip); position: absolute; left: 0; top: calc(100% + 0.3rem); z-index: 9; width: min(32rem, 100%);
  padding: 0.5rem 0.75rem; border-radius: 0.375rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent);
  font-size: 0.9375rem; font-weight: 400; line-height: 1.4; background: Canvas; color: CanvasText;
  box-shadow: 0 4px 16px color-mix(in srgb, CanvasText 20%, transparent);
}
:is(.stElementContainer, .stHtml):has(.mfm-term:is(:hover, :focus)) { z-index: 9; overflow: visible; }
.mfm-frame-title { margin: 0; font-family: "Source Serif", serif; font-size: 1.5rem; overflow-wrap: anywhere; }
.st-key-lesson_bar { padding: 0.25rem 0.75rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent);
  border-radius: 0.375rem; }
.mfm-lesson { margin: 0; padding: 0; font-family: "Source Serif", serif; font-size: 1.3rem; line-height: 1.3; }
.mfm-room-code { margin: 0; font-size: 3rem; font-weight: 600; letter-spacing: 0.15em; line-height: 1.2; }
.mfm-room-count { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
:is(.mfm-prose, [data-testid="stMarkdownContainer"], .mfm-table) sub { line-height: 0; }
.mfm-symbol { font-family: "Source Serif", serif; }
.mfm-quiet { opacity: 0.68; font-size: 0.875rem; max-width: 90ch; }
[class*="st-key-progress_"] { min-height: 4.25rem; }
.stButtonGroup [data-selected="true"] { color: inherit !important; font-weight: 600; }
[data-testid="stSliderThumbValue"] { color: inherit !important; }
.stRadio label:has(input:disabled) p { color: CanvasText !important; }
@property --mfm-fade { syntax: "\\3c length>"; inherits: false; initial-value: 0px; }
@keyframes mfm-fade { from { --mfm-fade: 3rem; } 90%, to { --mfm-fade: 0px; } }
.mfm-table { overflow-x: auto; max-width: 100%; animation: mfm-fade linear both;
  animation-timeline: scroll(self inline); mask-image: linear-gradient(to left, transparent, #000 var(--mfm-fade)); }
.mfm-table table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
.mfm-table th, .mfm-table td { padding: 0.35rem 0.7rem 0.35rem 0; text-align: left; vertical-align: top; }
.mfm-table td { min-width: 3.5rem; }
.mfm-table td:first-child { min-width: 8rem; }
.mfm-table th { font-weight: 600; }
.mfm-table tr { border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
.katex-display { padding-block: 0.3rem; }
[class*="st-key-equation_"] { overflow: auto hidden; }
[class*="st-key-equation_"] :is(.katex-display, .stMarkdown div) { overflow: visible !important; }
.st-key-own_lesson_file [data-testid="stFileUploaderDropzoneInstructions"] { display: none; }
.stElementContainer:has(.mfm-hidden), [class*="st-key-own_tab_"] { position: absolute; width: 1px !important; }
.mfm-hidden { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); }
.stTabs [role="tab"][aria-selected="true"] { color: inherit; font-weight: 600; }
.stPageLink a p, :is(.stButton, .stDownloadButton) button[kind="tertiary"]:enabled p {
  text-decoration: underline; text-underline-offset: 0.2em; }
[data-testid="stCheckbox"] label :is(p, div) { white-space: normal; overflow: visible; }
@media (max-width: 640px) { .stMainBlockContainer { padding: 4rem 1rem 3rem; } }
</style>"""


def main() -> None:
    """Show the page that was asked for."""
    app_view.open_app()
    # Before the navigation too: on a slow server the sidebar would take another width first, and keep it.
    st.set_page_config(NAME, layout="wide", initial_sidebar_state=SIDEBAR)
    pages = navigation.pages(PAGES)
    page = st.navigation(pages, position="top" if presenter.on() else "sidebar")
    st.set_page_config(f"{page.title}, {NAME}", layout="wide", initial_sidebar_state=SIDEBAR)
    # The page of a model shows its title itself.
    titled = pages[list(PAGES).index("about")].url_path == page.url_path
    heading = "" if titled else f'<h1 class="mfm-hidden">{page.title}</h1>'
    st.html(STYLE + (presenter.STYLE if presenter.on() else "") + heading)
    frame_bar.show(state.open_frame(page.title), catalogue.called)
    stored_models.remember_linked()
    with stored_models.looked_at_once():
        page.run()
    jobs.leave_unasked()
    if presenter.on():
        presenter.leave()
    collector.settle(page.title)


main()
