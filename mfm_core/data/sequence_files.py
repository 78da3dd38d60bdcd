"""The layout in which sequences lie in the data folder: one ``<name>.npz``, its arrays named by content and split.

``text_train`` (N, T, d), ``audio_train``, ``visual_train``, ``y_train``, and the same of ``valid`` and ``test``, as
the published tensors of ICT-MMMO, YouTube and POM have it. Files that this project wrote may also have ``ids_train``
(N,), ``words_train`` (N, T) and ``times_train`` (N, T, 2).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mfm_core.data.dataset import SPLITS, Dataset, Split, Steps, Unit
from mfm_core.data.registry import data_folder
from mfm_core.data.sequences import observed_samples, real_steps
from mfm_core.files.npz import LOCAL, Array, numbers, read_archive

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
        more = {"ids": part.ids, "words": part.words, "times": part.times}
        arrays |= {f"{key}_{end}": array for key, array in more.items() if array is not None}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.stem}.{os.getpid()}.npz")
    np.savez_compressed(unfinished, allow_pickle=False, **arrays)
    unfinished.replace(path)


def read_dataset(name: str, modalities: tuple[str, ...], unit: Unit, source: str) -> Dataset:
    """Read ``<data folder>/<name>.npz`` with its raw features.

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
    arrays = read_archive(path, LOCAL)
    missing = [f"{FILE_NAMES[m]}_train" for m in modalities if not _holders(arrays, FILE_NAMES[m])]
    missing += [f"y_{end}" for end in FILE_SPLITS.values() if f"y_{end}" not in arrays]
    if missing:
        raise ValueError(f"{path}: expected arrays {', '.join(missing)}, which are missing; {source}")
    sizes = {split: len(np.atleast_1d(arrays[f"y_{end}"])) for split, end in FILE_SPLITS.items()}
    tensors = {m: _joined(arrays, FILE_NAMES[m], sizes, path) for m in modalities}
    if len(shapes := {x.shape[:2] for x in tensors.values()}) != 1:
        raise ValueError(f"{path}: expected one number of samples and steps in all modalities, got {sorted(shapes)}")
    n, length = next(iter(shapes))
    mask, steps = real_steps(tensors), Steps.unknown(unit, n, length)
    if _everywhere(arrays, "words"):
        words = np.concatenate([_text(arrays[f"words_{end}"], (sizes[s], length), path) for s, end in _ends()])
        mask = torch.from_numpy(words != "")
        steps = Steps(unit, tuple(tuple(row[row != ""].tolist()) for row in words), steps.times)
        tensors = {m: x * mask.unsqueeze(2) for m, x in tensors.items()}
    if _everywhere(arrays, "times"):
        times = torch.from_numpy(np.concatenate([arrays[f"times_{end}"] for end in FILE_SPLITS.values()]).astype("f4"))
        steps = Steps(unit, steps.words, times)
    ids = None
    if _everywhere(arrays, "ids"):
        texts = [_text(arrays[f"ids_{end}"], (sizes[split],), path).tolist() for split, end in _ends()]
        ids = tuple(name for part in texts for name in part)
    labels = _labels([arrays[f"y_{end}"] for end in FILE_SPLITS.values()], path)
    split = np.repeat(np.array(SPLITS), list(sizes.values()))
    present = observed_samples(tensors)
    return Dataset(name, tensors, labels, split, mask, present=present, steps=steps, ids=ids)


def _ends() -> list[tuple[Split, str]]:
    return list(FILE_SPLITS.items())


def _holders(arrays: Mapping[str, Array], kind: str) -> list[str]:
    return [end for end in FILE_SPLITS.values() if f"{kind}_{end}" in arrays]


def _everywhere(arrays: Mapping[str, Array], kind: str) -> bool:
    return len(_holders(arrays, kind)) == len(FILE_SPLITS)


def _joined(arrays: Mapping[str, Array], kind: str, sizes: Mapping[Split, int], path: Path) -> Tensor:
    """One modality of all splits, ``(N, T, d)``; zeros for a split that lacks it."""
    known = {end: numbers(arrays[f"{kind}_{end}"], f"{path}: {kind}_{end}") for end in _holders(arrays, kind)}
    length_and_d = {x.shape[1:] for x in known.values()}
    fits = all(x.ndim == 3 and len(x) == sizes[split] for split, end in _ends() if (x := known.get(end)) is not None)
    if not fits or len(length_and_d) != 1:
        shapes = ", ".join(f"{kind}_{end} {x.shape}" for end, x in known.items())
        raise ValueError(f"{path}: expected {kind} of shape (N, T, d) with N = {tuple(sizes.values())}, got {shapes}")
    shape = next(iter(length_and_d))
    if 0 in shape:
        raise ValueError(f"{path}: expected {kind} of at least one step and one feature, got {shape}")
    empty = {split: np.zeros((sizes[split], *shape), np.float32) for split in sizes}
    return torch.from_numpy(np.concatenate([known.get(end, empty[split]) for split, end in _ends()]))


def _text(array: Array, shape: tuple[int, ...], path: Path) -> npt.NDArray[np.str_]:
    if array.dtype.kind != "U" or array.shape != shape:
        raise ValueError(f"{path}: expected text of shape {shape}, got {array.dtype} of shape {array.shape}")
    return array.astype(str)


def _labels(parts: list[Array], path: Path) -> Tensor:
    """Classes ``(N,)`` of integers, else scores ``(N, size)``."""
    if len({part.shape[1:] for part in parts}) != 1 or parts[0].ndim > 2:
        raise ValueError(f"{path}: expected labels (N,) or (N, size) of one size, got {[part.shape for part in parts]}")
    y = np.concatenate(parts)
    if y.dtype.kind in "iu" and y.ndim == 1:
        return torch.from_numpy(y.astype(np.int64))
    return torch.from_numpy(numbers(y, f"{path}: y").reshape(len(y), -1))
