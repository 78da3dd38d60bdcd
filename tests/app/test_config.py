"""The settings of the app hold from whichever folder it is started."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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
