"""Measurements of studio clips, kept in files of a hundred, so that making them goes on where it was stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from mfm_core.files.writing import replaced
from mfm_core.studio import face
from mfm_core.studio.making import acoustics
from mfm_core.studio.making.grammar import MAX_WORDS
from mfm_core.studio.making.make import Clip, Script, draw_script, perform
from mfm_core.studio.making.voice import UntimedWordError

SIZE = 100
TRIES = 3
WIDTHS = {"acoustic": len(acoustics.FEATURES), "visual": len(face.FEATURES), "times": 2}

Arrays = dict[str, npt.NDArray[np.float32]]


def measured(seed: int, n_clips: int, folder: Path) -> Iterator[Arrays | None]:
    """Speak and measure clips 0 to ``n_clips``, or read what is kept of them.

    Args:
        seed: Of all randomness.
        n_clips: How many.
        folder: Where each hundred is kept; made if need be.

    Yields:
        None for each clip that is made, and each hundred when it is done: ``acoustic (n, T, 28)``, ``visual
        (n, T, 12)`` and ``times (n, T, 2)``, float32. Where espeak-ng, asked again, does not tell when a word is said,
        the clip cannot be made, and all its times are NaN.

    Raises:
        OSError: If espeak-ng is not installed, or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, n_clips, SIZE):
        wanted, path = min(SIZE, n_clips - first), folder / f"{first:06d}.npz"
        chunk = _kept(path, wanted)
        if chunk is None:
            chunk = _empty(wanted)
            for row in range(wanted):
                if (clip := _made(draw_script(seed, first + row))) is not None:
                    n = len(clip.times)
                    chunk["acoustic"][row, :n], chunk["visual"][row, :n] = clip.acoustic, clip.visual
                    chunk["times"][row, :n] = clip.times
                yield None
            with replaced(path) as unfinished, unfinished.open("wb") as file:
                np.savez(file, allow_pickle=False, **chunk)
        else:
            yield from [None] * wanted
        yield chunk


def _made(script: Script) -> Clip | None:
    """A clip, or None where espeak-ng never tells when a word is said: on a busy machine it may miss one once."""
    for _ in range(TRIES):
        try:
            return perform(script)
        except UntimedWordError:
            continue
    return None


def _empty(n: int) -> Arrays:
    arrays = {name: np.zeros((n, MAX_WORDS, width), np.float32) for name, width in WIDTHS.items()}
    arrays["times"].fill(np.nan)
    return arrays


def _kept(path: Path, n: int) -> Arrays | None:
    """The first ``n`` clips of a file, None where it is not there, is damaged, or holds fewer."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: np.asarray(archive[name][:n]) for name in WIDTHS}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
    fits = all(
        arrays[name].shape == (n, MAX_WORDS, width) and arrays[name].dtype == np.float32
        for name, width in WIDTHS.items()
    )
    return arrays if fits else None
