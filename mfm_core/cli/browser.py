"""The command that exports a model for a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mfm_core.cli.app import app, one_sentence
from mfm_core.storage.browser_bundle import browser_bundle
from mfm_core.storage.folder import model_folder
from mfm_core.storage.models import load_codes, load_discriminative, load_pretrained
from mfm_core.storage.slider_directions import load_directions, save_directions
from mfm_core.storage.umap_layout import save_umap, umap_layout


@app.command("export-browser")
def export_browser_command(
    name: Annotated[str, typer.Argument(help="A pretrained MFM of images, or the folder of a stored one.")],
    *,
    folder: Annotated[Path, typer.Option(help="Where the files go.")] = Path("app/static"),
    umap: Annotated[bool, typer.Option(help="Lay the codes out by UMAP too, beside the model.")] = False,
    directions: Annotated[bool, typer.Option(help="Name directions of Z and store them beside the model.")] = False,
    judge: Annotated[list[str], typer.Option(help="Judges, as modality=name or folder.")] = [],  # noqa: B006
) -> None:
    """Write G, D and the decoders for a browser: weights as safetensors, layers and directions as JSON."""
    with one_sentence():
        judges = {}
        for one in judge:
            modality, separator, stored = one.partition("=")
            if not separator:
                raise ValueError(f"judge: expected modality=name, got {one!r}")
            judges[modality] = load_discriminative(stored)
        model, codes, place = load_pretrained(name), load_codes(name), model_folder(name)
        if umap:
            save_umap(umap_layout(codes), codes, place)
        known = save_directions(model, codes, place) if directions else load_directions(place)
        bundle = browser_bundle(model, codes, judges, folder, known)
    for file in (f"{bundle.key}.bundle.json", bundle.model.weights, *(one.weights for one in bundle.judges.values())):
        typer.echo(f"{folder / file}  {(folder / file).stat().st_size:,} bytes")
