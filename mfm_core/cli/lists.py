"""The commands that list what is registered: systems and interpretations."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from mfm_core.cli.app import app
from mfm_core.interpretation.registry import interpretations
from mfm_core.systems.registry import system_info, system_names


@app.command("systems")
def systems_command() -> None:
    """List the systems that can be fitted: name, title, kinds of modalities that it reads, and its publication."""
    infos = [system_info(name) for name in system_names()]
    _show([(info.name, info.title, ", ".join(info.reads), info.paper) for info in infos])


@app.command("interpretations")
def interpretations_command() -> None:
    """List the readings of the flow and the attributions of the score: key, kind, title, and unit of a step."""
    _show([(key, entry.kind, entry.title, entry.unit) for key, entry in interpretations().items()])


def _show(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
