"""A user's own clip, read as untrusted input: one sequence, as NumPy archive or as a table of words.

* ``.npz``: an array ``(T, d)`` for each modality of the model, and if known ``words`` (T,) and ``times`` (T, 2).
* ``.csv``: a line a word, separated by commas, semicolons or tabs; columns ``word``, ``start``, ``end`` (seconds, may
  be empty), then features, named after the modality and numbered from 0: ``language_0``, ``language_1``, ...

Everything is checked before it is used; nothing is ever unpickled. Steps come in the order of their start. Times that
say nothing, for all are the same or they are no seconds, are left out, and steps with a number that is not finite count
as not observed; the notes tell both.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset, Steps, Unit
from mfm_core.data.notes import Notes, observed
from mfm_core.data.scaling import Scaling
from mfm_core.files.npz import UPLOAD_LIMITS, Array, as_float32, read_archive
from mfm_core.problems import printable, reason

MAX_STEPS = 200
MAX_WORD = 60
MAX_SECONDS = 36_000
LONGEST: Mapping[Unit, float] = {"word": 20.0, "sentence": 600.0, "step": 600.0}
"""Seconds that a step may last on average; what lasts longer is told in another unit."""
FAR = 50
"""Standard deviations of a feature beyond which a number is told; beyond 5 all are cut, see ``Scaling``."""
_MAX_CSV_BYTES = 4_000_000
_TEXT_COLUMNS = ("word", "start", "end")
SEPARATORS = ",;\t"


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


def read_clip(content: bytes, file_name: str, shape: ClipShape, notes: Notes | None = None) -> Dataset:
    """Check and read a clip.

    Modalities that the file lacks are zeros, and ``present`` is False for them; there has to be one at least.

    Args:
        content: The file.
        file_name: Its name, which tells the format and is used in messages.
        shape: What the model takes.
        notes: Counts what is masked or left out.

    Returns:
        A data set of this clip, in the split ``"test"``, with all T steps real, standardised like the training split.

    Raises:
        ValueError: If the file is damaged, too large, or does not fit the model.
    """
    name, notes = printable(file_name), Notes() if notes is None else notes
    if not content:
        raise ValueError(f"{name}: expected a clip, got an empty file")
    if file_name.lower().endswith(".npz"):
        arrays = read_archive(io.BytesIO(content), UPLOAD_LIMITS, name)
    elif file_name.lower().endswith(".csv"):
        arrays = _read_csv(content, name, shape)
    else:
        raise ValueError(f"{name}: expected a clip as .npz or .csv")
    known = (*shape.d, "words", "times")
    if surplus := [key for key in arrays if key not in known]:
        raise ValueError(f"{name}: expected arrays among {', '.join(known)}, got {printable(surplus[0])}")
    given = {m: _features(arrays[m], d, f"{name}: {m}", notes) for m, d in shape.d.items() if m in arrays}
    if not given and "words" in arrays:
        columns = ", ".join(f"{m}_0" for m in shape.d)
        raise ValueError(
            f"{name}: expected features beside the words (columns {columns} …), got words alone, which belong with "
            "their sound to a recording of one's own"
        )
    if not given:
        raise ValueError(f"{name}: expected an array (T, d) for at least one of {', '.join(shape.d)}, got none")
    if len({len(x) for x in given.values()}) != 1:
        lengths = ", ".join(f"{m} {len(x)}" for m, x in given.items())
        raise ValueError(f"{name}: expected one number of steps in all modalities, got {lengths}")
    length = len(next(iter(given.values())))
    # A modality may have one of these names; then the steps have neither.
    told = {key: None if key in shape.d else arrays.get(key) for key in ("words", "times")}
    words, times = _words(told["words"], length, name), _times(told["times"], length, name)
    order = _order(times, name, notes)
    words, times = tuple(words[t] for t in order) if words else (), times[order]
    given = {m: x[order] for m, x in given.items()}
    times = _told(times, shape.unit, name, notes)
    steps = Steps(shape.unit, (words,), torch.from_numpy(times)[None])
    mask = torch.ones(1, length, dtype=torch.bool)
    modalities = {
        m: torch.from_numpy(given.get(m, np.zeros((length, d), np.float32)))[None] for m, d in shape.d.items()
    }
    if shape.scaling is not None:
        for m in given:
            _tell_far(modalities[m][0], shape.scaling[m], f"{name}: {m}", notes)
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


def _tell_far(x: Tensor, scaling: Scaling, where: str, notes: Notes) -> None:
    """Count the steps of ``(T, d)`` that are unlike any of training in most features, and are cut by the scaling."""
    far = (x - scaling.mean).abs() > FAR * scaling.std
    steps = (far.float().mean(1) > 0.5) & (x != 0).any(1)
    if bool(steps.any()):
        step = int(steps.nonzero()[0])
        feature = int(far[step].nonzero()[0])
        notes.add(
            f"steps lie more than {FAR} standard deviations from the training clips in most features, and are cut to "
            "the nearest that these have; are they the same features, in the same units?",
            f"{where}, step {step}, feature {feature}, {float(x[step, feature]):g}",
            int(steps.sum()),
        )


def clip_table(
    features: Mapping[str, npt.NDArray[np.float32]], words: Sequence[str], times: npt.NDArray[np.float32] | None
) -> str:
    """A clip as the table that :func:`read_clip` reads.

    Args:
        features: Raw features of each modality, ``(T, d)``.
        words: A word a step.
        times: Start and end of each step in seconds, ``(T, 2)``; None where not known.
    """
    table = io.StringIO()
    lines = csv.writer(table, lineterminator="\n")
    timed = [] if times is None else ["start", "end"]
    lines.writerow(["word", *timed, *(f"{m}_{k}" for m, x in features.items() for k in range(x.shape[1]))])
    for t, word in enumerate(words):
        span = [] if times is None else [f"{seconds:.6g}" for seconds in times[t].tolist()]
        lines.writerow([word, *span, *(f"{value:.9g}" for x in features.values() for value in x[t].tolist())])
    return table.getvalue()


def _features(array: Array, d: int, where: str, notes: Notes) -> npt.NDArray[np.float32]:
    if array.ndim != 2 or array.shape[1] != d:
        raise ValueError(f"{where}: expected (T, {d}), got {array.shape}")
    if not 1 <= len(array) <= MAX_STEPS:
        raise ValueError(f"{where}: expected 1 to {MAX_STEPS} steps, got {len(array)}")
    values = as_float32(array, where)
    if not np.isfinite(values).all(1).any():
        step, feature = (int(i) for i in np.argwhere(~np.isfinite(values))[0])
        raise ValueError(
            f"{where}: expected a step of finite numbers, got {values[step, feature]} at step {step}, "
            f"feature {feature}, and none without"
        )
    clip: npt.NDArray[np.float32] = observed(values[None], where, notes, ("of the clip",))[0]
    return clip


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


def _times(array: Array | None, length: int, name: str) -> npt.NDArray[np.float32]:
    """Start and end of each step as they are told, ``(T, 2)``; NaN where not known."""
    if array is None:
        return np.full((length, 2), np.nan, np.float32)
    if array.dtype.kind not in "iuf" or array.shape != (length, 2):
        raise ValueError(f"{name}: times: expected numbers ({length}, 2), got {array.dtype} of shape {array.shape}")
    with np.errstate(over="ignore"):
        seconds = array.astype(np.float32)
    seconds[np.isnan(seconds).any(1)] = np.nan
    known = ~np.isnan(seconds).any(1)
    wrong = known & ~((seconds[:, 0] >= 0) & (seconds[:, 1] >= seconds[:, 0]) & np.isfinite(seconds).all(1))
    if wrong.any():
        step = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"{name}: times: expected each step to end after it starts, from 0 s on, got {seconds[step, 0]:g} to "
            f"{seconds[step, 1]:g} at step {step}"
        )
    return seconds


def _order(times: npt.NDArray[np.float32], name: str, notes: Notes) -> npt.NDArray[np.int64]:
    """The order of the steps by their start; as they came where some starts are not known."""
    known = times[~np.isnan(times).any(1), 0]
    same = np.arange(len(times))
    if (np.diff(known) >= 0).all():
        return same
    if len(known) < len(times):
        raise ValueError(f"{name}: times: expected steps in order of their start, where some are not known")
    order = np.argsort(times[:, 0], kind="stable")
    notes.add("steps are put in order of their start", f"{name}, step {int(order[0])}", int((order != same).sum()))
    return order


def _told(times: npt.NDArray[np.float32], unit: Unit, name: str, notes: Notes) -> npt.NDArray[np.float32]:
    """The times, or NaN where they say nothing: all the same, or in another unit than seconds."""
    known = times[~np.isnan(times).any(1)]
    if len(known) == 0:
        return times
    begun, ended = float(known[0, 0]), float(known[:, 1].max())
    if len(known) > 1 and ended == float(known.min()):
        notes.add("times are left out, for all are the same", f"{name}, {begun:g} s", len(known))
    elif ended > MAX_SECONDS or (ended - begun) / len(known) > LONGEST[unit]:
        each = (ended - begun) / len(known)
        notes.add(
            "times are left out, for they are no seconds", f"{name}, {each:g} s a {unit}; milliseconds?", len(known)
        )
    else:
        return times
    return np.full_like(times, np.nan)


def _read_csv(content: bytes, name: str, shape: ClipShape) -> dict[str, Array]:
    if len(content) > _MAX_CSV_BYTES:
        raise ValueError(f"{name}: expected at most {_MAX_CSV_BYTES} bytes, got {len(content)}")
    try:
        text = content.decode("utf-8-sig")
        separator = max(SEPARATORS, key=text.partition("\n")[0].count)
        lines = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
        header = next(lines, [])
        rows = list(islice(filter(None, lines), MAX_STEPS + 1))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{name}: expected a table in UTF-8: {reason(error)}") from None
    if len(rows) > MAX_STEPS:
        raise ValueError(f"{name}: expected 1 to {MAX_STEPS} steps, got more")
    header = [key.strip() for key in header]
    if "" in header:
        raise ValueError(
            f"{name}: expected a name of each column, got a column without a name, number {header.index('') + 1}; "
            "pandas writes such a one unless it is told index=False"
        )
    columns = {key: i for i, key in enumerate(header)}
    expected = [*_TEXT_COLUMNS, *(f"{m}_{k}" for m, d in shape.d.items() for k in range(d))]
    if len(columns) != len(header) or any(key not in expected for key in columns) or "word" not in columns:
        twice = next((f"{key} twice" for key in columns if header.count(key) > 1), "no column word")
        strange = next((key for key in columns if key not in expected), twice)
        ranges = ", ".join(f"{m}_0 to {m}_{d - 1}" for m, d in shape.d.items())
        raise ValueError(f"{name}: expected columns word, start, end, {ranges}, got {printable(strange)}")
    if odd := next((t for t, row in enumerate(rows, start=1) if len(row) != len(header)), None):
        raise ValueError(f"{name}: expected {len(header)} values in each line, got {len(rows[odd - 1])} in step {odd}")
    arrays: dict[str, Array] = {}
    if "words" not in shape.d:
        arrays["words"] = np.array([row[columns["word"]].strip() for row in rows], dtype=str)
    if "start" in columns and "end" in columns and "times" not in shape.d:
        arrays["times"] = _column_block(rows, {key: columns[key] for key in ("start", "end")}, name, empty=math.nan)
    for m, d in shape.d.items():
        if found := [f"{m}_{k}" for k in range(d) if f"{m}_{k}" in columns]:
            if len(found) != d:
                raise ValueError(f"{name}: expected columns {m}_0 to {m}_{d - 1}, got {len(found)} of them")
            arrays[m] = _column_block(rows, {key: columns[key] for key in found}, name)
    return arrays


def _column_block(
    rows: list[list[str]], columns: Mapping[str, int], name: str, empty: float | None = None
) -> npt.NDArray[np.float64]:
    """Some columns as numbers, ``(T, columns)``."""
    values = np.empty((len(rows), len(columns)))
    for t, row in enumerate(rows):
        for k, (key, column) in enumerate(columns.items()):
            text = row[column].strip()
            try:
                if "_" in text:  # Python reads 1_0 as 10, nobody else does
                    raise ValueError
                values[t, k] = empty if text == "" and empty is not None else float(text)
            except ValueError:
                raise ValueError(f"{name}: {key}: expected a number in step {t + 1}, got {printable(text)!r}") from None
    return values
