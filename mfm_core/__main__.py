"""``python -m mfm_core``: what the package does from a terminal."""

from mfm_core.cli import app

app(prog_name="python -m mfm_core")
