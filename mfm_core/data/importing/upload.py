"""A user's own clip, read as untrusted input: one sequence, as NumPy archive or as a table of words.

* ``.npz``: an array ``(T, d)`` for each modality of the model, and if known ``words`` (T,) and ``times`` (T, 2).
* ``.csv``: a line a word; columns ``word``, ``start``, ``end`` (seconds, may be empty), then features, named after the
  modality and numbered from 0: ``language_0``, ``language_1``, ..., ``visual_0``, ...

Everything is checked before it is used; nothing is ever unpickled.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from mfm_core.data.dataset import Dataset, Steps, Unit
from mfm_core.data.scaling import Scaling
from mfm_core.files.npz import UPLOAD, Array, numbers, read_archive

MAX_STEPS = 200
MAX_WORD = 60
MAX_SECONDS = 36_000
_MAX_CSV_BYTES = 4_000_000
_TEXT_COLUMNS = ("word", "start", "end")


@dataclass(frozen=True)
class ClipShape:
    """Shape of the clips that a model takes.

    Attributes:
        d: Number of features of each modality.
        n_labels: Size of the label; that of the clip is not known, and is NaN.
        scaling: How the features were standardised for training; a clip comes with raw features.
        unit: What a step is.
    """

    d: Mapping[str, int]
    n_labels: int
    scaling: Mapping[str, Scaling] | None = None
    unit: Unit = "word"


def read_clip(content: bytes, file_name: str, shape: ClipShape) -> Dataset:
    """Check and read a clip.

    Modalities that the file lacks are zeros, and ``present`` is False for them; there has to be one at least.

    Args:
        content: The file.
        file_name: Its name, which tells the format and is used in messages.
        shape: What the model takes.

    Returns:
        A data set of this clip, in the split ``"test"``, with all T steps real, standardised like the training split.

    Raises:
        ValueError: If the file is damaged, too large, or does not fit the model.
    """
    name = _printable(file_name)
    if file_name.lower().endswith(".npz"):
        arrays = read_archive(io.BytesIO(content), UPLOAD, name)
    elif file_name.lower().endswith(".csv"):
        arrays = _read_csv(content, name, shape)
    else:
        raise ValueError(f"{name}: expected a clip as .npz or .csv")
    known = (*shape.d, "words", "times")
    if surplus := [key for key in arrays if key not in known]:
        raise ValueError(f"{name}: expected arrays among {', '.join(known)}, got {_printable(surplus[0])}")
    given = {m: _features(arrays[m], d, f"{name}: {m}") for m, d in shape.d.items() if m in arrays}
    if not given:
        raise ValueError(f"{name}: expected an array (T, d) for at least one of {', '.join(shape.d)}, got none")
    if len({len(x) for x in given.values()}) != 1:
        lengths = ", ".join(f"{m} {len(x)}" for m, x in given.items())
        raise ValueError(f"{name}: expected one number of steps in all modalities, got {lengths}")
    length = len(next(iter(given.values())))
    steps = Steps(shape.unit, (_words(arrays.get("words"), length, name),), _times(arrays.get("times"), length, name))
    mask = torch.ones(1, length, dtype=torch.bool)
    modalities = {
        m: torch.from_numpy(given.get(m, np.zeros((length, d), np.float32)))[None] for m, d in shape.d.items()
    }
    if shape.scaling is not None:
        modalities = {m: shape.scaling[m].apply(x, mask) for m, x in modalities.items()}
    return Dataset(
        "clip",
        modalities,
        torch.full((1, shape.n_labels), math.nan),
        np.array(["test"]),
        mask,
        scaling=shape.scaling,
        present={m: torch.tensor([m in given]) for m in shape.d},
        steps=steps,
        ids=(name,),
    )


def _features(array: Array, d: int, where: str) -> npt.NDArray[np.float32]:
    if array.ndim != 2 or array.shape[1] != d:
        raise ValueError(f"{where}: expected (T, {d}), got {array.shape}")
    if not 1 <= len(array) <= MAX_STEPS:
        raise ValueError(f"{where}: expected 1 to {MAX_STEPS} steps, got {len(array)}")
    return numbers(array, where)


def _words(array: Array | None, length: int, name: str) -> tuple[str, ...]:
    if array is None:
        return ()
    if array.dtype.kind != "U" or array.shape != (length,):
        raise ValueError(f"{name}: words: expected text ({length},), got {array.dtype} of shape {array.shape}")
    words = tuple(array.tolist())
    for t, word in enumerate(words):
        if not 1 <= len(word) <= MAX_WORD or not word.isprintable():
            raise ValueError(
                f"{name}: words: expected 1 to {MAX_WORD} printable letters, got {word[:20]!r} at step {t}"
            )
    return words


def _times(array: Array | None, length: int, name: str) -> torch.Tensor:
    """Start and end of each step, ``(1, T, 2)``; NaN where not known."""
    if array is None:
        return torch.full((1, length, 2), math.nan)
    if array.dtype.kind not in "iuf" or array.shape != (length, 2):
        raise ValueError(f"{name}: times: expected numbers ({length}, 2), got {array.dtype} of shape {array.shape}")
    with np.errstate(over="ignore"):
        seconds = array.astype(np.float32)
    known = ~np.isnan(seconds).any(1)
    start, end = seconds[known].T
    if not ((start >= 0) & (end >= start) & (end <= MAX_SECONDS)).all() or (np.diff(start) < 0).any():
        raise ValueError(
            f"{name}: times: expected seconds 0 to {MAX_SECONDS}, each step to start before it ends and in order"
        )
    seconds[~known] = np.nan
    return torch.from_numpy(seconds)[None]


def _read_csv(content: bytes, name: str, shape: ClipShape) -> dict[str, Array]:
    if len(content) > _MAX_CSV_BYTES:
        raise ValueError(f"{name}: expected at most {_MAX_CSV_BYTES} bytes, got {len(content)}")
    try:
        lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        header = next(lines, [])
        rows = [row for row in (next(lines, None) for _ in range(MAX_STEPS + 1)) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{name}: expected a table in UTF-8, with commas: {error}") from None
    if len(rows) > MAX_STEPS:
        raise ValueError(f"{name}: expected 1 to {MAX_STEPS} steps, got more")
    columns = {key.strip(): i for i, key in enumerate(header)}
    expected = [*_TEXT_COLUMNS, *(f"{m}_{k}" for m, d in shape.d.items() for k in range(d))]
    if len(columns) != len(header) or any(key not in expected for key in columns) or "word" not in columns:
        strange = next((key for key in columns if key not in expected), "a column twice, or no column word")
        ranges = ", ".join(f"{m}_0 to {m}_{d - 1}" for m, d in shape.d.items())
        raise ValueError(f"{name}: expected columns word, start, end, {ranges}, got {_printable(strange)}")
    if odd := next((t for t, row in enumerate(rows, start=1) if len(row) != len(header)), None):
        raise ValueError(f"{name}: expected {len(header)} values in each line, got {len(rows[odd - 1])} in step {odd}")
    arrays: dict[str, Array] = {"words": np.array([row[columns["word"]].strip() for row in rows], dtype=str)}
    if "start" in columns and "end" in columns:
        arrays["times"] = _column_block(rows, [columns["start"], columns["end"]], f"{name}: start, end", empty=math.nan)
    for m, d in shape.d.items():
        if found := [f"{m}_{k}" for k in range(d) if f"{m}_{k}" in columns]:
            if len(found) != d:
                raise ValueError(f"{name}: expected columns {m}_0 to {m}_{d - 1}, got {len(found)} of them")
            arrays[m] = _column_block(rows, [columns[key] for key in found], f"{name}: {m}")
    return arrays


def _column_block(
    rows: list[list[str]], columns: list[int], where: str, empty: float | None = None
) -> npt.NDArray[np.float64]:
    """Some columns as numbers, ``(T, columns)``."""
    values = np.empty((len(rows), len(columns)))
    for t, row in enumerate(rows):
        for k, column in enumerate(columns):
            text = row[column].strip()
            try:
                values[t, k] = empty if text == "" and empty is not None else float(text)
            except ValueError:
                raise ValueError(f"{where}: expected a number in step {t + 1}, got {_printable(text)!r}") from None
    return values


def _printable(text: str) -> str:
    """The start of what a user wrote, fit for one line of a message."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:60])
