"""The one rule for numbers that are not finite, in whatever way data come in, and the report of what it did.

A step at which a modality has a number that is not finite counts as not observed by it, as a step of zeros does; a
sample whose label is not finite is left out. Both are counted here, with the first place of each kind. Pictures have no
mask: there such a number is refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mfm_core.files.npz import Array, as_float32


class DataWarning(UserWarning):
    """Something of a data set was masked or left out."""


class Notes:
    """Counts of what was masked, left out or not read, by kind."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def add(self, kind: str, where: str, n: int = 1) -> None:
        """Count ``n`` things of a kind; ``where`` tells the place of the first of them."""
        before, first = self._found.get(kind, (0, where))
        self._found[kind] = (before + n, first)

    def lines(self) -> list[str]:
        """A sentence for each kind, such as ``2 steps ..., the first at ...``."""
        return [f"{n} {kind}; the first: {first}" for kind, (n, first) in self._found.items()]


def warn_of(lines: Sequence[str], stacklevel: int = 2) -> None:
    """Give a :class:`DataWarning` for each sentence of a report, at the caller's caller."""
    for line in lines:
        warnings.warn(line, DataWarning, stacklevel=stacklevel + 1)


def observed(x: Array, where: str, notes: Notes, ids: Sequence[str] | None = None) -> npt.NDArray[np.float32]:
    """Sequences as float32, with zeros at the steps that hold a number which is not finite.

    Args:
        x: Numbers ``(N, T, d)``.
        where: File and array, for the report and messages.
        notes: Counts the steps.
        ids: Names of the samples, for the report.

    Raises:
        ValueError: If they are no numbers, or of another shape.
    """
    values = as_float32(x, where)
    if values.ndim != 3:
        raise ValueError(f"{where}: expected numbers of shape (N, T, d), got {values.shape}")
    wrong: npt.NDArray[np.bool_] = np.asarray(~np.isfinite(values))
    steps: npt.NDArray[np.bool_] = np.asarray(wrong.any(2))
    if steps.any():
        sample, step, feature = (int(i) for i in np.argwhere(wrong)[0])
        place = f"{where}, {_sample(sample, ids)}, step {step}, feature {feature}, {values[sample, step, feature]}"
        notes.add("steps hold a number that is not finite and count as not observed", place, int(steps.sum()))
        values = np.where(steps[:, :, None], np.float32(0), values)
    return values


def known_labels(y: Array, where: str, notes: Notes, ids: Sequence[str] | None = None) -> npt.NDArray[np.bool_]:
    """Which samples have a label: all numbers of it are finite in float32. The others are counted.

    Args:
        y: Labels ``(N,)`` or ``(N, size)`` of any type; only floating point can be not finite.
        where: File and array of the labels, for the report and messages.
        notes: Counts the samples without.
        ids: Names of the samples, for the report.

    Returns:
        Boolean ``(N,)``.

    Raises:
        ValueError: If there are samples, but no label is finite.
    """
    n = len(np.atleast_1d(y))
    if y.dtype.kind != "f" or not n:
        return np.ones(n, dtype=bool)
    known: npt.NDArray[np.bool_] = np.asarray(np.isfinite(as_float32(y, where)).reshape(n, -1).all(1))
    if not known.any():
        raise ValueError(f"{where}: expected finite labels, got none in {n} samples")
    if not known.all():
        place = f"{where}, {_sample(int(np.flatnonzero(~known)[0]), ids)}"
        notes.add("samples are left out, for their label is not finite", place, int((~known).sum()))
    return known


def check_classes(y: Array, where: str, notes: Notes) -> None:
    """Check the classes of a whole data set; of a part of one, any class may have no sample.

    Args:
        y: Labels; those that are not classes, integers ``(N,)``, are not checked.
        where: File and array of the labels, for the report and messages.
        notes: Counts the classes between others that have no sample.

    Raises:
        ValueError: If the first class with a sample is not 0: most likely all of them are counted from 1.
    """
    if y.dtype.kind not in "iu" or y.ndim != 1 or not len(y):
        return
    found = np.unique(y)
    first, last = int(found[0]), int(found[-1])
    if first > 0:
        raise ValueError(f"{where}: expected classes from 0, got {first} to {last}; subtract {first}")
    if first == 0 and len(found) <= last:
        empty = int(np.flatnonzero(found != np.arange(len(found)))[0])
        notes.add("classes have no sample", f"{where}, class {empty} of 0 to {last}", last + 1 - len(found))


def _sample(place: int, ids: Sequence[str] | None) -> str:
    return f"sample {place}" if ids is None else f"video {ids[place]}"
