"""``python -m mfm_core``: what the package does from a terminal."""

import mfm_core.cli_browser
import mfm_core.cli_data
import mfm_core.cli_models
import mfm_core.cli_studio  # noqa: F401 - all of them enter their commands
from mfm_core.cli import app

app(prog_name="python -m mfm_core")
