"""``python -m mfm_core``: what the package does from a terminal."""

import mfm_core.cli_models  # noqa: F401 - enters its commands
from mfm_core.cli import app

app(prog_name="python -m mfm_core")
