"""The command that exports a model for a browser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import torch
import typer

from mfm_core.cli.app import app, one_sentence
from mfm_core.data.sets.svhn_mnist import PAIRING_SEED, DigitPools
from mfm_core.evaluation.digits import encode_all, evaluation_pairs
from mfm_core.latents import concatenate
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage.browser_bundle import browser_bundle
from mfm_core.storage.codes import Codes
from mfm_core.storage.folder import model_folder
from mfm_core.storage.map_pairs import MapPairs, measured_pairs, save_pairs
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
    pairs: Annotated[bool, typer.Option(help="Store 10,000 pairs for the map beside the model, of MFM_DATA.")] = False,
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
        if pairs:
            save_pairs(_held_out(model, codes, judges), codes, judges, place)
        if umap:
            save_umap(umap_layout(codes), codes, place)
        known = save_directions(model, codes, place) if directions else load_directions(place)
        bundle = browser_bundle(model, codes, judges, folder, known)
    for file in (f"{bundle.key}.bundle.json", bundle.model.weights, *(one.weights for one in bundle.judges.values())):
        typer.echo(f"{folder / file}  {(folder / file).stat().st_size:,} bytes")


def _held_out(model: MFM, codes: Codes, judges: Mapping[str, Discriminative]) -> MapPairs:
    """The pairs of the codes, and after them each MNIST test digit with an SVHN test digit of its label.

    Raises:
        FileNotFoundError: If the digits are not in the data folder.
        ValueError: If the model is not one of SVHN-MNIST.
    """
    if list(codes.latents.a) != ["svhn", "mnist"]:
        raise ValueError(f"pairs: expected a model of svhn and mnist, got one of {', '.join(codes.latents.a)}")
    further = evaluation_pairs(DigitPools.load("test"), PAIRING_SEED)
    latents = concatenate([codes.latents, encode_all(model, further.modalities)])
    return measured_pairs(model, latents, torch.cat([codes.labels, further.labels]), judges)
