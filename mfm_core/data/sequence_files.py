"""Files of sequences: read as data sets, and written; :mod:`mfm_core.data.sequence_layout` says how they lie there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mfm_core.arguments import expect, path_of
from mfm_core.data.dataset import SPLITS, Dataset, Split, Steps, Unit
from mfm_core.data.modalities import SPOKEN, ModalityInfo
from mfm_core.data.notes import Notes, check_classes, known_labels, observed
from mfm_core.data.registry import data_folder
from mfm_core.data.sequence_layout import (
    FILE_SPLITS,
    LAYOUT,
    STREAMS,
    UNIT,
    file_name,
    modalities_of,
    streams_array,
)
from mfm_core.data.sequences import observed_samples, real_steps
from mfm_core.files.npz import LOCAL_LIMITS, Array, as_float32, numbers, read_archive
from mfm_core.files.writing import replaced
from mfm_core.printing import short_repr

_T = TypeVar("_T", bound=np.generic)


class Part(NamedTuple):
    """The sequences of one split, as a file has them.

    Attributes:
        modalities: Raw features ``(N, T, d)`` float32 by modality.
        labels: Scores ``(N,)`` or ``(N, size)`` floating point, or classes ``(N,)`` integer.
        ids: Names of the samples ``(N,)``, where known.
        words: The word of each step ``(N, T)``, empty at padded steps, where known.
        times: Start and end of each step in seconds ``(N, T, 2)``, NaN at padded steps, where known.
        mask: Which steps are real, boolean ``(N, T)``, where that is told.
    """

    modalities: Mapping[str, npt.NDArray[np.float32]]
    labels: Array
    ids: npt.NDArray[np.str_] | None = None
    words: npt.NDArray[np.str_] | None = None
    times: npt.NDArray[np.float32] | None = None
    mask: npt.NDArray[np.bool_] | None = None

    def __repr__(self) -> str:
        return short_repr(self)

    @property
    def more(self) -> dict[str, npt.NDArray[Any]]:
        """Those of ids, words, times and mask that are known, by name."""
        given = {"ids": self.ids, "words": self.words, "times": self.times, "mask": self.mask}
        return {name: array for name, array in given.items() if array is not None}

    def rows(self, kept: npt.NDArray[np.bool_]) -> Part:
        """Some of the samples."""
        more = {name: x[kept] for name, x in self.more.items()}
        return Part({name: x[kept] for name, x in self.modalities.items()}, self.labels[kept], **more)


def write_parts(
    parts: Mapping[Split, Part], path: Path, unit: Unit | None = None, streams: Sequence[ModalityInfo] = ()
) -> None:
    """Write sequences; a kill at any moment leaves the old file or the new one.

    Args:
        parts: The three splits.
        path: Of the file.
        unit: What a step is, where that is known.
        streams: Descriptions of modalities, where there are any.

    Raises:
        ValueError: If a file cannot hold a modality of such a name, or with such a description.
    """
    arrays: dict[str, Array] = {} if unit is None else {UNIT: np.array(unit)}
    if streams:
        arrays[STREAMS] = streams_array(
            streams, list(dict.fromkeys(m for one in parts.values() for m in one.modalities))
        )
    for split, part in parts.items():
        end = FILE_SPLITS[split]
        arrays |= {f"{file_name(name)}_{end}": x for name, x in part.modalities.items()}
        arrays[f"y_{end}"] = part.labels
        arrays |= {f"{key}_{end}": array for key, array in part.more.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def save_dataset(dataset: Dataset, path: str | Path, *, streams: Sequence[ModalityInfo] = ()) -> None:
    """Write sequences in the layout that ``python -m mfm_core data import`` reads.

    A file ``<name>.npz`` in the data folder is loaded by that name. A sample has a modality there if any number of it
    is other than 0, and samples of an unknown label are left out when it is read.

    Args:
        dataset: Sequences with their raw features, such as :meth:`Dataset.from_arrays` makes; any modality names.
        path: Of the file, which ends in ``.npz``.
        streams: Of modalities, ``mfm.ModalityInfo(name, title=..., content=...)``: what pages call each and say that it
            holds, in plain text.

    Raises:
        ValueError: If it holds images, or features that are standardised already; if a split has no sample; or if a
            file cannot hold a modality of such a name or description.
    """
    data, target = expect("dataset", dataset, Dataset), path_of("path", path)
    if data.mask is None:
        raise ValueError("dataset: expected sequences with a mask, got none")
    if data.scaling is not None:
        raise ValueError("dataset: expected raw features, got standardised ones, which a file would hold for raw")
    if target.suffix != ".npz":
        raise ValueError(f"path: expected a file .npz, got {target.name!r}")
    if lacking := next((split for split in SPLITS if not (data.split == split).any()), None):
        raise ValueError(f"dataset: expected samples of every split, got none of {lacking}")
    whole = _part_of(data)
    parts = {split: whole.rows(data.split == split) for split in SPLITS}
    write_parts(parts, target, data.steps.unit if data.steps else None, streams)


def _part_of(data: Dataset) -> Part:
    """All samples as a file has them."""
    mask = cast(Tensor, data.mask).numpy()
    modalities = {name: (x * data.has(name)[:, None, None]).numpy() for name, x in data.modalities.items()}
    words = times = None
    if data.steps is not None and any(data.steps.words):
        longest = max(len(word) for row in data.steps.words for word in row)
        words = np.zeros(mask.shape, f"<U{max(longest, 1)}")
        for row, real, said in zip(words, mask, data.steps.words, strict=True):
            row[real] = said or ""
    if data.steps is not None and not bool(data.steps.times.isnan().all()):
        times = data.steps.times.numpy()
    ids = None if data.ids is None else np.array(data.ids, dtype=np.str_)
    return Part(modalities, data.labels.numpy(), ids, words, times, mask)


def read_parts(
    arrays: Mapping[str, Array], path: str, notes: Notes, only: Collection[str] | None = None
) -> dict[Split, Part]:
    """Take the splits from arrays named ``text_train``, ``pulse_valid``, ``y_test`` and so on.

    ``ids``, ``words``, ``times`` and ``mask`` of the splits are kept where they are known; arrays that are neither
    these nor sequences are counted.

    Args:
        arrays: Content of the file.
        path: Of the file, for messages.
        notes: Counts what is masked, left out or not read.
        only: The modalities to read; all without it.

    Raises:
        ValueError: If labels of a split are missing, or arrays of a split do not fit together.
    """
    found, parts = modalities_of(arrays, path, notes), dict[Split, Part]()
    for name in [name for name in found if only is not None and name not in only]:
        notes.add("modalities are not read", f"{path}: {name}, expected {' or '.join(only or ())}")
        del found[name]
    for split, end in FILE_SPLITS.items():
        if f"y_{end}" not in arrays:
            raise ValueError(
                f"{path}: expected an array y_{end}, as every split has labels, got "
                f"{', '.join(sorted(arrays)[:12]) or 'none'}"
            )
        y = np.atleast_1d(arrays[f"y_{end}"])
        ids, words = (_texts(arrays, f"{kind}_{end}", path) for kind in ("ids", "words"))
        names = None if ids is None or ids.shape != y.shape[:1] else ids.tolist()
        modalities = {
            modality: observed(x, f"{path}: {kind}_{end}", notes, names if len(x) == len(y) else None)
            for modality, kind in found.items()
            if (x := arrays.get(f"{kind}_{end}")) is not None
        }
        times = arrays.get(f"times_{end}")
        known = None if times is None else as_float32(times, f"{path}: times_{end}")
        part = Part(modalities, y, ids, words, known, _booleans(arrays, f"mask_{end}", path))
        parts[split] = with_known_labels(part, f"{path}: y_{end}", notes)
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
    whole = part._replace(labels=y)
    return whole if known.all() else whole.rows(known)


def unit_of(arrays: Mapping[str, Array], where: str) -> Unit:
    """Tell the unit of a step: by the array ``unit``; else a word, where a file has words or a stream of spoken videos.

    Raises:
        ValueError: If it names no unit.
    """
    if UNIT not in arrays:
        spoken = {"words", *(file_name(info.name) for info in SPOKEN), *(info.name for info in SPOKEN)}
        return "word" if spoken & {key.rpartition("_")[0] for key in arrays} else "step"
    units, said = get_args(Unit), arrays[UNIT]
    if said.shape != () or said.dtype.kind != "U" or str(said) not in units:
        raise ValueError(f"{where}: {UNIT}: expected {' or '.join(units)}, got {str(said)[:40]!r}")
    return cast(Unit, str(said))


def read_dataset(name: str, modalities: Sequence[str] | None, unit: Unit | None, source: str) -> Dataset:
    """Read ``<data folder>/<name>.npz`` with its raw features, see :func:`dataset_of`.

    Args:
        name: Name of the data set.
        modalities: Those that at least one split must have; None for those that the file has.
        unit: What a step is; None where the file says it, see :func:`unit_of`.
        source: For the message, where a user gets the file.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If it lacks something, or arrays do not fit together.
    """
    path = data_folder() / f"{name}.npz"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; set MFM_DATA to the folder that holds it, or {source}")
    arrays = read_archive(path, LOCAL_LIMITS)
    found = modalities_of(arrays, str(path), Notes())
    missing = [f"{file_name(m)}_train" for m in modalities or () if m not in found]
    missing += [f"y_{end}" for end in FILE_SPLITS.values() if f"y_{end}" not in arrays]
    if missing:
        raise ValueError(f"{path}: expected arrays {', '.join(missing)}, which are missing; {source}")
    return dataset_of(name, arrays, str(path), modalities, unit)


def dataset_of(
    name: str,
    arrays: Mapping[str, Array],
    path: str,
    modalities: Sequence[str] | None = None,
    unit: Unit | None = None,
) -> Dataset:
    """Make a data set of the arrays of a file, by the rule of :mod:`mfm_core.data.notes`.

    A step is real where ``mask`` says so; without it where there is a word; without words where any modality has a
    number other than 0. A modality that a split lacks is 0 there, and ``present`` tells which samples have it.

    Args:
        name: Name of the data set.
        arrays: Content of the file.
        path: Of the file, for messages.
        modalities: Those to read; None for all.
        unit: What a step is; None where the file says it.

    Raises:
        ValueError: If it lacks something, or arrays do not fit together.
    """
    notes = Notes()
    parts = read_parts(arrays, path, notes, modalities)
    sizes = tuple(len(part.labels) for part in parts.values())
    found = dict.fromkeys(m for part in parts.values() for m in part.modalities)
    tensors = {m: _joined(parts, m, path) for m in modalities_of(arrays, path, Notes()) if m in found}
    tensors = {m: tensors[m] for m in modalities or tensors}
    if not tensors:
        raise ValueError(f"{path}: expected a modality, sequences (N, T, d) of a name such as text_train, got none")
    if len({x.shape[:2] for x in tensors.values()}) != 1:
        shapes = ", ".join(f"{file_name(m)} {tuple(x.shape[:2])}" for m, x in tensors.items())
        raise ValueError(f"{path}: expected one number of samples and steps in all modalities, got (N, T) of {shapes}")
    n, length = next(iter(tensors.values())).shape[:2]
    for field in Part._fields[2:]:
        lacking = [FILE_SPLITS[split] for split, part in parts.items() if getattr(part, field) is None]
        if 0 < len(lacking) < len(parts):
            notes.add("arrays are not read, for not every split has them", f"{path}: {field}, none of {lacking[0]}")
    words, masks = ([getattr(part, field) for part in parts.values()] for field in ("words", "mask"))
    told, said = _whole(masks, (n, length), f"{path}: mask"), _whole(words, (n, length), f"{path}: words")
    mask = real_steps(tensors) if said is None else torch.from_numpy(said != "")
    if told is not None:
        mask = torch.from_numpy(told)
    tensors = {m: x * mask.unsqueeze(2) for m, x in tensors.items()}
    steps = Steps.unknown(unit or unit_of(arrays, path), n, length)
    if said is not None:
        steps = Steps(steps.unit, _said(said, mask.numpy(), path), steps.times)
    if (times := _whole([part.times for part in parts.values()], (n, length, 2), f"{path}: times")) is not None:
        steps = Steps(steps.unit, steps.words, torch.from_numpy(times))
    ids = _whole([part.ids for part in parts.values()], (n,), f"{path}: ids")
    return Dataset(
        name,
        tensors,
        _labels([part.labels for part in parts.values()], path, notes),
        np.repeat(np.array(SPLITS), sizes),
        mask,
        present=observed_samples(tensors),
        steps=steps,
        ids=None if ids is None else tuple(ids.tolist()),
        notes=tuple(notes.lines()),
    )


def _texts(arrays: Mapping[str, Array], key: str, path: str) -> npt.NDArray[np.str_] | None:
    """Names or words of a split; None where they are not told."""
    if key not in arrays:
        return None
    array, kind = arrays[key], key.rpartition("_")[0]
    if array.ndim != {"ids": 1, "words": 2}[kind]:
        raise ValueError(
            f"{path}: {key}: expected {LAYOUT[kind][0]}, {LAYOUT[kind][1]}, got shape {array.shape} of {array.dtype}; "
            "a modality needs another name"
        )
    return array.astype(str)


def _booleans(arrays: Mapping[str, Array], key: str, path: str) -> npt.NDArray[np.bool_] | None:
    """The real steps of a split; None where they are not told."""
    if key not in arrays:
        return None
    if (array := arrays[key]).ndim != 2 or array.dtype != np.bool_:
        raise ValueError(
            f"{path}: {key}: expected booleans (N, T), got shape {array.shape} of {array.dtype}; "
            "a modality needs another name"
        )
    return array.astype(bool)


def _said(words: npt.NDArray[np.str_], mask: npt.NDArray[np.bool_], path: str) -> tuple[tuple[str, ...], ...]:
    """The words of each sample, at its real steps; none of a sample without any."""
    if bool(((words != "") & ~mask).any()):
        sample, step = (int(i) for i in np.argwhere((words != "") & ~mask)[0])
        raise ValueError(
            f"{path}: words: expected none at padded steps, got {words[sample, step][:40]!r} in sample {sample}, "
            f"step {step}"
        )
    return tuple(tuple(row[real].tolist()) if (row != "").any() else () for row, real in zip(words, mask, strict=True))


def _whole(arrays: Sequence[npt.NDArray[_T] | None], shape: tuple[int, ...], where: str) -> npt.NDArray[_T] | None:
    """An array of all splits, of this shape; None where a split lacks it."""
    known = [array for array in arrays if array is not None]
    if len(known) != len(arrays):
        return None
    for array in known:
        if array.shape[1:] != shape[1:]:
            raise ValueError(f"{where}: expected shape {shape} of all splits, got {array.shape} of one")
    return np.concatenate(known)


def _joined(parts: Mapping[Split, Part], modality: str, path: str) -> Tensor:
    """One modality of all splits, ``(N, T, d)``; zeros for a split that lacks it."""
    kind = file_name(modality)
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


def _labels(parts: list[Array], path: str, notes: Notes) -> Tensor:
    """Classes ``(N,)`` of integers, else scores ``(N, size)``."""
    if len({part.shape[1:] for part in parts}) != 1 or parts[0].ndim > 2:
        raise ValueError(f"{path}: expected labels (N,) or (N, size) of one size, got {[part.shape for part in parts]}")
    y = np.concatenate(parts)
    check_classes(y, f"{path}: y", notes)
    if y.dtype.kind in "iu" and y.ndim == 1:
        return torch.from_numpy(y.astype(np.int64))
    return torch.from_numpy(numbers(y, f"{path}: y").reshape(len(y), -1))
