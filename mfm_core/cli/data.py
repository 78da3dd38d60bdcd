"""The commands that bring users' own files and tell what a data set holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mfm_core.cli.app import data_app, one_sentence
from mfm_core.data import data_folder, dataset_names, load_dataset
from mfm_core.data.dataset import SPLITS, Dataset
from mfm_core.data.importing.imported import import_files, importable_names
from mfm_core.data.notes import Notes
from mfm_core.data.sequence_layout import layout_lines


@data_app.command("import")
def data_import(
    files: Annotated[list[Path], typer.Argument(help="The .h5 or .csd files of one data set, one .pkl, or one .npz.")],
    *,
    name: Annotated[
        str, typer.Option("--as", help=f"Among: {', '.join(importable_names())}; or a new name, to be loaded by.")
    ],
    length: Annotated[
        int | None, typer.Option(help="Last steps to keep; default 20 of .csd, and all of a .pkl.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite what was imported by that name.")] = False,
    folds: Annotated[
        Path | None, typer.Option(help="Of .csd: JSON with the ids of the videos in train, validation and test.")
    ] = None,
) -> None:
    """Read features that you have, check them, and store them in the data folder.

    Known are the tensors of github.com/pliang279/MFN (.h5), computational sequences of CMU-MultimodalSDK (.csd, aligned
    to words), the pickles of Multimodal-Transformer and MMSA, and .npz as we write it. No pickle is executed. What is
    masked, left out or not read is counted in the report. Videos of CMU-MOSI, CMU-MOSEI and POM
    keep their official fold.
    """
    with one_sentence():
        notes = Notes()
        path = import_files(files, name, length=length, replace=replace, folds=folds, notes=notes)
        typer.echo(path)
        for line in notes.lines():
            typer.echo(line, err=True)
        for line in description(load_dataset(name)):
            typer.echo(line, err=True)


@data_app.command("describe")
def data_describe(
    name: Annotated[
        str | None,
        typer.Argument(help=f"Among: {', '.join(dataset_names())}; or imported. None for the layout."),
    ] = None,
) -> None:
    """Tell how many samples, steps and labels a data set has; without a name, the layout of an .npz to import."""
    if name is None:
        for line in layout_lines():
            typer.echo(line)
        return
    with one_sentence():
        typer.echo(f"data folder: {data_folder()}")
        for line in description(load_dataset(name)):
            typer.echo(line)


def description(dataset: Dataset) -> list[str]:
    """A data set in a few lines: its splits, its modalities with what they lack, its steps and its labels."""
    sizes = ", ".join(f"{split} {(dataset.split == split).sum()}" for split in SPLITS)
    lines = [f"{dataset.name}: {len(dataset)} samples ({sizes})"]
    for name, x in dataset.modalities.items():
        line = f"  {name}: {' x '.join(str(n) for n in x.shape[1:])}"
        if dataset.present is not None and name in dataset.present:
            line += f", in {int(dataset.present[name].sum())} samples"
        if dataset.mask is not None:
            line += f", at {int((dataset.mask & (x != 0).any(2)).sum())} steps"
        lines.append(line)
    if dataset.mask is not None:
        unit = dataset.steps.unit if dataset.steps is not None else "step"
        empty = int((~dataset.mask.any(1)).sum())
        lines.append(f"  {int(dataset.mask.sum())} real steps, each a {unit}; {empty} samples without any")
    kind = "classes" if dataset.labels.ndim == 1 else f"{dataset.labels.shape[1]} scores"
    known = dataset.labels[~dataset.labels.isnan()]
    span = f"{known.min().item():g} to {known.max().item():g}" if known.numel() else "none of them known"
    lines.append(f"  labels: {kind}, {span}")
    return lines
