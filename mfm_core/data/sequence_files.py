"""The layout in which sequences lie in the data folder: one ``<name>.npz``, its arrays named by content and split.

``text_train`` (N, T, d), ``audio_train``, ``visual_train``, ``y_train``, and the same of ``valid`` and ``test``, as
the published tensors of ICT-MMMO, YouTube and POM have it. Files that this project wrote may also have ``ids_train``
(N,), ``words_train`` (N, T) and ``times_train`` (N, T, 2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mfm_core.data.dataset import SPLITS, Dataset, Split, Steps, Unit
from mfm_core.data.notes import Notes, known_labels, observed
from mfm_core.data.registry import data_folder
from mfm_core.data.sequences import observed_samples, real_steps
from mfm_core.files.npz import LOCAL_LIMITS, Array, as_float32, numbers, read_archive
from mfm_core.files.writing import replaced

_T = TypeVar("_T", bound=np.generic)

FILE_NAMES = {"language": "text", "acoustic": "audio", "visual": "visual"}
FILE_SPLITS: dict[Split, str] = {"train": "train", "validation": "valid", "test": "test"}
LAYOUT: Mapping[str, tuple[str, str]] = {
    "text": ("(N, T, d)", "features of the modality language, numbers"),
    "audio": ("(N, T, d)", "features of the modality acoustic, numbers"),
    "visual": ("(N, T, d)", "features of the modality visual, numbers"),
    "y": ("(N,) or (N, size)", "labels: scores as floating point, or classes (N,) as integers from 0"),
    "ids": ("(N,)", "names of the samples, text; optional"),
    "words": ("(N, T)", "the word of each step, text, empty at padded steps; optional"),
    "times": ("(N, T, 2)", "start and end of each step in seconds, NaN at padded steps; optional"),
}
"""Arrays of a split in a file: what is before the name of the split, its shape, and its content."""


class Part(NamedTuple):
    """The sequences of one split, as a file has them.

    Attributes:
        modalities: Raw features ``(N, T, d)`` float32 by modality.
        labels: Scores ``(N,)`` or ``(N, size)`` floating point, or classes ``(N,)`` integer.
        ids: Names of the samples ``(N,)``, where known.
        words: The word of each step ``(N, T)``, empty at padded steps, where known.
        times: Start and end of each step in seconds ``(N, T, 2)``, NaN at padded steps, where known.
    """

    modalities: Mapping[str, npt.NDArray[np.float32]]
    labels: Array
    ids: npt.NDArray[np.str_] | None = None
    words: npt.NDArray[np.str_] | None = None
    times: npt.NDArray[np.float32] | None = None

    @property
    def more(self) -> dict[str, npt.NDArray[Any]]:
        """Those of ids, words and times that are known, by name."""
        given = {"ids": self.ids, "words": self.words, "times": self.times}
        return {name: array for name, array in given.items() if array is not None}


def layout_lines() -> list[str]:
    """Describe the layout of a file in lines: each array by name, shape and content, and which of them are needed."""
    ends = ", ".join(FILE_SPLITS.values())
    width, wide = (max(len(text) for text in texts) for texts in (LAYOUT, [shape for shape, _ in LAYOUT.values()]))
    return [
        f"An .npz of sequences has these arrays for each SPLIT, which is {ends}:",
        *(f"  {f'{kind}_SPLIT':{width + 6}}  {shape:{wide}}  {content}" for kind, (shape, content) in LAYOUT.items()),
        "N samples may differ between splits; T steps are the same everywhere, and d in all splits of a modality.",
        "Needed are y of every split and one modality; a split may lack a modality. Nothing is pickled.",
        "Padded steps are 0 in all modalities; a step is real where one has another number, or where words has a word.",
    ]


def write_parts(parts: Mapping[Split, Part], path: Path) -> None:
    """Write sequences; a kill at any moment leaves the old file or the new one."""
    arrays: dict[str, Array] = {}
    for split, part in parts.items():
        end = FILE_SPLITS[split]
        arrays |= {f"{FILE_NAMES[name]}_{end}": x for name, x in part.modalities.items()}
        arrays[f"y_{end}"] = part.labels
        arrays |= {f"{key}_{end}": array for key, array in part.more.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_parts(arrays: Mapping[str, Array], path: Path, notes: Notes) -> dict[Split, Part]:
    """Take the splits from arrays named ``text_train``, ``audio_valid``, ``y_test`` and so on.

    ``ids``, ``words`` and ``times`` of the splits are kept where they are known; arrays of other names are counted.

    Args:
        arrays: Content of the file.
        path: Of the file, for messages.
        notes: Counts what is masked, left out or not read.

    Raises:
        ValueError: If labels of a split are missing, or arrays of a split do not fit together.
    """
    kinds, parts = (*FILE_NAMES.values(), "y", "ids", "words", "times"), dict[Split, Part]()
    for key in arrays:
        if key not in {f"{kind}_{end}" for kind in kinds for end in FILE_SPLITS.values()}:
            notes.add("arrays are not read", f"{path}: {key[:60]!r}, expected such as text_train, ids_valid or y_test")
    for split, end in FILE_SPLITS.items():
        if f"y_{end}" not in arrays:
            raise ValueError(f"{path}: expected an array y_{end}, got {', '.join(sorted(arrays)[:12]) or 'none'}")
        y = np.atleast_1d(arrays[f"y_{end}"])
        ids, words = (_texts(arrays.get(f"{kind}_{end}")) for kind in ("ids", "words"))
        names = None if ids is None or ids.shape != y.shape[:1] else ids.tolist()
        modalities = {
            modality: observed(x, f"{path}: {kind}_{end}", notes, names if len(x) == len(y) else None)
            for modality, kind in FILE_NAMES.items()
            if (x := arrays.get(f"{kind}_{end}")) is not None
        }
        times = arrays.get(f"times_{end}")
        known = None if times is None else as_float32(times, f"{path}: times_{end}")
        parts[split] = with_known_labels(Part(modalities, y, ids, words, known), f"{path}: y_{end}", notes)
    return parts


def with_known_labels(part: Part, where: str, notes: Notes) -> Part:
    """The samples of a split whose labels are finite; the others are counted.

    Args:
        part: Samples of one split.
        where: File and array of the labels, for the report.
        notes: Counts what is left out.

    Raises:
        ValueError: If another array has another number of samples, or no label is finite.
    """
    y = np.atleast_1d(part.labels)
    for name, x in (*part.modalities.items(), *part.more.items()):
        if len(x) != len(y):
            raise ValueError(f"{where}: expected {len(x)} labels, as {name} has samples, got {len(y)}")
    known = known_labels(y, where, notes, None if part.ids is None else part.ids.tolist())
    if known.all():
        return part._replace(labels=y)
    kept = {name: x[known] for name, x in part.more.items()}
    return Part({name: x[known] for name, x in part.modalities.items()}, y[known], **kept)


def read_dataset(name: str, modalities: tuple[str, ...], unit: Unit, source: str) -> Dataset:
    """Read ``<data folder>/<name>.npz`` with its raw features, by the rule of :mod:`mfm_core.data.notes`.

    A step is real where any modality has a number other than 0, or a word. A modality that a split lacks is 0 there,
    and ``present`` tells which samples have it.

    Args:
        name: Name of the data set.
        modalities: Those that at least one split must have.
        unit: What a step is.
        source: For the message, where a user gets the file.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If it lacks something, or arrays do not fit together.
    """
    path = data_folder() / f"{name}.npz"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; set MFM_DATA to the folder that holds it, or {source}")
    arrays, notes = read_archive(path, LOCAL_LIMITS), Notes()
    missing = [
        f"{FILE_NAMES[m]}_train"
        for m in modalities
        if not any(f"{FILE_NAMES[m]}_{end}" in arrays for end in FILE_SPLITS.values())
    ]
    missing += [f"y_{end}" for end in FILE_SPLITS.values() if f"y_{end}" not in arrays]
    if missing:
        raise ValueError(f"{path}: expected arrays {', '.join(missing)}, which are missing; {source}")
    parts = read_parts(arrays, path, notes)
    sizes = tuple(len(part.labels) for part in parts.values())
    tensors = {m: _joined(parts, m, path) for m in modalities}
    if len(shapes := {x.shape[:2] for x in tensors.values()}) != 1:
        raise ValueError(f"{path}: expected one number of samples and steps in all modalities, got {sorted(shapes)}")
    n, length = next(iter(shapes))
    mask, steps = real_steps(tensors), Steps.unknown(unit, n, length)
    if (words := _whole([part.words for part in parts.values()], (n, length), f"{path}: words")) is not None:
        mask = torch.from_numpy(words != "")
        steps = Steps(unit, tuple(tuple(row[row != ""].tolist()) for row in words), steps.times)
        tensors = {m: x * mask.unsqueeze(2) for m, x in tensors.items()}
    if (times := _whole([part.times for part in parts.values()], (n, length, 2), f"{path}: times")) is not None:
        steps = Steps(unit, steps.words, torch.from_numpy(times))
    ids = _whole([part.ids for part in parts.values()], (n,), f"{path}: ids")
    return Dataset(
        name,
        tensors,
        _labels([part.labels for part in parts.values()], path),
        np.repeat(np.array(SPLITS), sizes),
        mask,
        present=observed_samples(tensors),
        steps=steps,
        ids=None if ids is None else tuple(ids.tolist()),
        notes=tuple(notes.lines()),
    )


def _texts(array: Array | None) -> npt.NDArray[np.str_] | None:
    return None if array is None else array.astype(str)


def _whole(arrays: Sequence[npt.NDArray[_T] | None], shape: tuple[int, ...], where: str) -> npt.NDArray[_T] | None:
    """An array of all splits, of this shape; None where a split lacks it."""
    known = [array for array in arrays if array is not None]
    if len(known) != len(arrays):
        return None
    for array in known:
        if array.shape[1:] != shape[1:]:
            raise ValueError(f"{where}: expected shape {shape} of all splits, got {array.shape} of one")
    return np.concatenate(known)


def _joined(parts: Mapping[Split, Part], modality: str, path: Path) -> Tensor:
    """One modality of all splits, ``(N, T, d)``; zeros for a split that lacks it."""
    kind = FILE_NAMES[modality]
    known = {split: part.modalities[modality] for split, part in parts.items() if modality in part.modalities}
    sizes = tuple(len(part.labels) for part in parts.values())
    if len({x.shape[1:] for x in known.values()}) != 1:
        shapes = ", ".join(f"{kind}_{FILE_SPLITS[split]} {x.shape}" for split, x in known.items())
        raise ValueError(f"{path}: expected {kind} of shape (N, T, d) with N = {sizes}, got {shapes}")
    shape = next(iter(known.values())).shape[1:]
    if 0 in shape:
        raise ValueError(f"{path}: expected {kind} of at least one step and one feature, got {shape}")
    empty = {split: np.zeros((len(part.labels), *shape), np.float32) for split, part in parts.items()}
    return torch.from_numpy(np.concatenate([known.get(split, empty[split]) for split in parts]))


def _labels(parts: list[Array], path: Path) -> Tensor:
    """Classes ``(N,)`` of integers, else scores ``(N, size)``."""
    if len({part.shape[1:] for part in parts}) != 1 or parts[0].ndim > 2:
        raise ValueError(f"{path}: expected labels (N,) or (N, size) of one size, got {[part.shape for part in parts]}")
    y = np.concatenate(parts)
    if y.dtype.kind in "iu" and y.ndim == 1:
        return torch.from_numpy(y.astype(np.int64))
    return torch.from_numpy(numbers(y, f"{path}: y").reshape(len(y), -1))
