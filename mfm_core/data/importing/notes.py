"""Report of an import: what was masked, left out or not read, counted by kind, with the first place of each.

One rule holds for every format. A step at which a modality has a number that is not finite counts as not observed by
it, as a step of zeros does; a sample whose label is not finite is left out. Both are counted here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mfm_core.data.sequence_files import Part
from mfm_core.files.npz import Array, as_float32


class Notes:
    """Counts of an import, by kind."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def add(self, kind: str, where: str, n: int = 1) -> None:
        """Count ``n`` things of a kind; ``where`` tells the place of the first of them."""
        before, first = self._found.get(kind, (0, where))
        self._found[kind] = (before + n, first)

    def lines(self) -> list[str]:
        """A sentence for each kind, such as ``2 steps ..., the first at ...``."""
        return [f"{n} {kind}; the first: {first}" for kind, (n, first) in self._found.items()]


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
        name = f"video {ids[sample]}" if ids is not None else f"sample {sample}"
        place = f"{where}, {name}, step {step}, feature {feature}, {values[sample, step, feature]}"
        notes.add("steps hold a number that is not finite and count as not observed", place, int(steps.sum()))
        values = np.where(steps[:, :, None], np.float32(0), values)
    return values


def with_known_labels(part: Part, where: str, notes: Notes) -> Part:
    """The samples whose labels are finite; the others are counted.

    Args:
        part: Samples of one split.
        where: File and array of the labels, for the report.
        notes: Counts what is left out.

    Raises:
        ValueError: If a modality has another number of samples, or no label is finite.
    """
    y = np.atleast_1d(part.labels)
    for name, x in part.modalities.items():
        if len(x) != len(y):
            raise ValueError(f"{where}: expected {len(x)} labels, as {name} has samples, got {len(y)}")
    if y.dtype.kind != "f":
        return part
    known = np.isfinite(y).reshape(len(y), -1).all(1) if y.size else np.ones(len(y), dtype=bool)
    if known.all():
        return part
    if not known.any():
        raise ValueError(f"{where}: expected finite labels, got none in {len(y)} samples")
    sample = int(np.flatnonzero(~known)[0])
    name = f"sample {sample}" if part.ids is None else str(part.ids[sample])
    notes.add("samples are left out, for their label is not finite", f"{where}, {name}", int((~known).sum()))
    more = {
        key: None if x is None else x[known] for key, x in part._asdict().items() if key not in ("modalities", "labels")
    }
    return Part({m: x[known] for m, x in part.modalities.items()}, y[known], **more)
