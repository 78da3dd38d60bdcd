"""The settings of the app hold from whichever folder it is started."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from app.elements.pad.pad import MAX_PICTURE_BYTES
from app.flow.sections import own_clip, own_recording
from mfm_core.lab.data import LIMITS
from mfm_core.lessons.lesson import MAX_LESSON_BYTES
from mfm_core.studio import word_times

MAIN = Path(__file__).parents[2] / "app" / "main.py"
READ = """
import json, sys
from streamlit import config

config._main_script_path = sys.argv[1]
config.get_config_options(force_reparse=True)
keys = ("browser.gatherUsageStats", "server.maxUploadSize", "client.showErrorDetails", "theme.light.primaryColor")
print(json.dumps({key: config.get_option(key) for key in keys}))
"""


def test_theme_limits_and_silence_hold_from_any_folder(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", READ, str(MAIN)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(told.stdout.splitlines()[-1]) == {
        "browser.gatherUsageStats": False,
        "server.maxUploadSize": 4,
        "client.showErrorDetails": "none",
        "theme.light.primaryColor": "#0B5C8F",
    }


def test_no_page_offers_to_take_more_than_the_server_takes() -> None:
    server = tomllib.loads((MAIN.parent / ".streamlit" / "config.toml").read_text())["server"]["maxUploadSize"]
    assert max(own_clip.MOST_MEGABYTES, own_recording.MEGABYTES) <= server
    sizes = (MAX_PICTURE_BYTES, LIMITS.file_bytes, MAX_LESSON_BYTES, word_times.MAX_BYTES)
    assert max(sizes) <= server * 1_000_000


def test_the_style_of_the_pages_holds_no_tag_for_which_a_browser_would_drop_it_whole() -> None:
    """Cleaning of HTML in the browser drops a style element whose text looks as if it held an element."""
    text = MAIN.read_text(encoding="utf-8")
    style = text.partition('"""<style>')[2].partition("</style>")[0]
    assert ".mfm-table" in style
    assert not re.search(r"<[\w/!]", style)
