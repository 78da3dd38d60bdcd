"""``mfm``, or ``python -m mfm_core``: what the package does from a terminal."""

import mfm_core.cli.browser
import mfm_core.cli.check
import mfm_core.cli.data
import mfm_core.cli.jobs
import mfm_core.cli.label_accuracy
import mfm_core.cli.lessons
import mfm_core.cli.lists
import mfm_core.cli.losses
import mfm_core.cli.models
import mfm_core.cli.studio
import mfm_core.cli.tables
import mfm_core.cli.variants  # noqa: F401 - all of them enter their commands
from mfm_core.cli.app import app


def main() -> None:
    """Run the command line as ``mfm``."""
    app(prog_name="mfm")


if __name__ == "__main__":  # not in the processes that compute the cells of a table
    app(prog_name="python -m mfm_core")
