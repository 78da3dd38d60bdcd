"""The command that makes the studio clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from mfm_core.cli.app import data_app, one_sentence
from mfm_core.cli.progress import counted
from mfm_core.data import data_folder
from mfm_core.data.registry import read_arrays
from mfm_core.data.sets import studio_clips
from mfm_core.files.writing import replaced
from mfm_core.storage.folder import PRETRAINED
from mfm_core.studio.making import chunks, make, ship

make_app = typer.Typer(help="Make data sets of our own.", no_args_is_help=True)
data_app.add_typer(make_app, name="make")


@make_app.command("studio-clips")
def make_clips(
    seed: Annotated[int, typer.Option(min=0, help="Of all randomness.")] = make.SEED,
    clips: Annotated[int, typer.Option(min=12, help="How many clips, training, validation and test.")] = make.N_CLIPS,
    training: Annotated[int, typer.Option(min=0, help="How many more clips to train on.")] = 0,
) -> None:
    """Make the studio clips anew: sentences, voice, face and truth; about seven clips a second.

    Needs espeak-ng (on Debian: apt-get install espeak-ng) and the packages of requirements-data.txt. What is measured
    is kept in the data folder, a hundred clips a file, and a command that was stopped goes on from there; with more
    clips it makes only those that are missing. studio_clips.npz is written at the end.
    """
    with one_sentence(), counted(clips + training, "clip") as advance:
        folder = data_folder()
        vectors = make.read_vectors(folder)
        done, made = [], 0
        for chunk in chunks.measured(seed, clips + training, folder / "studio_clips_measured" / str(seed)):
            if chunk is None:
                made += 1
                advance(made, "")
            else:
                done.append(chunk)
        measured = {name: np.concatenate([chunk[name] for chunk in done]) for name in chunks.WIDTHS}
        arrays = make.table(vectors, seed, clips, measured)
        path = folder / "studio_clips.npz"
        with replaced(path) as unfinished, unfinished.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
    typer.echo(path)


@make_app.command("studio-folder")
def make_folder(
    folder: Annotated[Path, typer.Option(help="Where the app looks for them.")] = PRETRAINED / studio_clips.FILE,
) -> None:
    """Choose 30 test clips of studio_clips.npz and write the folder that the app ships: sound, features, truth."""
    with one_sentence():
        arrays = read_arrays(studio_clips.FILE, ("kind", "split", "seed"))
        scores = studio_clips.read("balanced").labels[:, 0].numpy()
        numbers = ship.choose(arrays["kind"].astype(str), arrays["split"].astype(str), scores)
        with counted(len(numbers), "clip") as advance:
            for n, _ in enumerate(ship.ship(folder, make.read_vectors(data_folder()), int(arrays["seed"]), numbers)):
                advance(n + 1, "")
    typer.echo(folder)
