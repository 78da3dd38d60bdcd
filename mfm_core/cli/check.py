"""The command that verifies the shipped models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mfm_core.cli.app import app, one_sentence
from mfm_core.evaluation.figures import shown
from mfm_core.evaluation.quantities import title
from mfm_core.evaluation.remeasured import Remeasured, remeasure
from mfm_core.storage import folder as storage
from mfm_core.storage.folder import CONFIG, StoredModel
from mfm_core.storage.manifest import differences, write_manifest
from mfm_core.storage.models import load_discriminative, load_pretrained


@app.command("check")
def check_command(
    *,
    folder: Annotated[Path | None, typer.Option(help="Of all stored models; default the shipped ones.")] = None,
    write: Annotated[
        bool, typer.Option("--write-manifest", help="Write the manifest of the files as they are, and check nothing.")
    ] = False,
) -> None:
    """Verify every shipped model: the hash of each file, that it loads, and three figures of its card."""
    place = folder or storage.PRETRAINED
    with one_sentence():
        if not place.is_dir():
            raise FileNotFoundError(f"{place}: expected a folder of stored models, got no such folder")
        if write:
            typer.echo(write_manifest(place))
            return
        wrong = list(differences(place).values())
    for sentence in wrong:
        typer.echo(sentence, err=True)
    n_wrong = len(wrong)
    for path in sorted(place.glob(f"*/{CONFIG}")):
        said, right = check_model(path.parent)
        typer.echo(f"{path.parent.name}: {said}", err=not right)
        n_wrong += not right
    if n_wrong:
        typer.echo(
            f"{n_wrong} {'thing is' if n_wrong == 1 else 'things are'} not as shipped. Fetch the folder again: git "
            f"checkout -- {place.name}",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo("Every file is as shipped, and every figure measured again agrees with its card.")


def check_model(folder: Path) -> tuple[str, bool]:
    """Load a stored model and measure figures of its card again.

    Returns:
        What was found, in a sentence, and whether it is as it should be.
    """
    try:
        if StoredModel.of_folder(folder).kind == "discriminative":
            load_discriminative(folder)
            return "loads; its card has no figure to measure again", True
        load_pretrained(folder)
        found = remeasure(folder)
    except (OSError, ValueError) as error:
        return str(error), False
    if not found:
        return "loads; its card has no figure to measure again", True
    return "; ".join(map(_said, found)), all(one.agrees for one in found)


def _said(one: Remeasured) -> str:
    numbers = one.now.value, one.now.low, one.now.high, one.figure.low, one.figure.high
    value, least, most, low, high = (shown(x, one.figure.unit) for x in numbers)
    own = "" if one.now.low == one.now.high else f" ({least} to {most}, n = {one.now.n})"
    return f"{title(one.figure)} {value}{own}, {'agrees' if one.agrees else 'does NOT agree'} with {low} to {high}"
