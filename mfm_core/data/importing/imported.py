"""Bringing users' own files into the data folder, and loading what was brought."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np

from mfm_core.data.dataset import Dataset, Split, Unit
from mfm_core.data.folds import repeated_folds
from mfm_core.data.importing.official_folds import read_folds
from mfm_core.data.modalities import ModalityInfo
from mfm_core.data.notes import Notes
from mfm_core.data.registry import (
    DatasetInfo,
    Fold,
    data_folder,
    dataset_infos,
    dataset_names,
    load_dataset,
    register_finder,
)
from mfm_core.data.sequence_files import Part, read_dataset, read_parts, unit_of, write_parts
from mfm_core.data.sequence_layout import STREAMS, UNIT, streams_of
from mfm_core.data.sequences import standardised
from mfm_core.files.npz import LOCAL_LIMITS, read_archive, read_shapes

DEFAULT_LENGTH = 20
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


def importable_names() -> tuple[str, ...]:
    """Names of known sets that a user's file may take: those whose layout is the one that is written here."""
    return tuple(info.name for info in dataset_infos() if info.importable)


def _taken() -> set[str]:
    """Names that no file of a user's may take: of the other known sets, and of the files that they are made of."""
    others = [info for info in dataset_infos() if not info.importable]
    return {info.name for info in others} | {Path(file).stem for info in others for file in info.files}


def import_files(
    paths: Sequence[Path],
    name: str,
    *,
    length: int | None = None,
    replace: bool = False,
    folds: Path | None = None,
    notes: Notes | None = None,
) -> Path:
    """Read files of a format that users have, and store them as ``<data folder>/<name>.npz``.

    Args:
        paths: ``.h5`` files of one data set, ``.csd`` files of one data set, one ``.pkl``, or one ``.npz``.
        name: One of :func:`importable_names`, or a name of the user's.
        length: How many of the last steps to keep. Default: 20 words of ``.csd``, and all steps of other formats.
        replace: Whether an older file of that name may be overwritten.
        folds: Of ``.csd`` files: JSON that tells the fold of each video, see :func:`read_folds`.
        notes: Counts what is masked, left out or not read.

    Returns:
        The path of the stored file; :func:`load_dataset` knows it by its name.

    Raises:
        FileNotFoundError: If a file is not there.
        FileExistsError: If there is a file of that name already.
        ValueError: If a file is damaged, of an unknown format, or not of the set that it is to be stored as.
    """
    if not _NAME.fullmatch(name) or name in _taken():
        known = ", ".join(importable_names())
        raise ValueError(f"name: expected one of {known}, or a new name of small letters, digits and _, got {name!r}")
    if length is not None and not 1 <= length <= 10_000:
        raise ValueError(f"length: expected 1 to 10000, got {length}")
    target = data_folder() / f"{name}.npz"
    if target.is_file() and not replace:
        raise FileExistsError(f"{target}: exists already; say --replace to overwrite it")
    if folds is not None and {path.suffix for path in paths} != {".csd"}:
        raise ValueError("folds: expected none but for .csd files, which alone have no split of their own")
    dealt = None if folds is None else read_folds(folds)
    parts, unit, streams = _read(paths, length, Notes() if notes is None else notes, dealt)
    unfinished, given = target.with_name(f"{name}_unchecked.npz"), str(paths[0] if len(paths) == 1 else paths[0].parent)
    try:
        write_parts(parts, unfinished, unit, streams)
        with _called(given, unfinished):
            _load(unfinished.stem)
        kept = target.with_name(f".{name}.old.npz") if target.is_file() else None
        if kept is not None:
            target.replace(kept)
        unfinished.replace(target)
        try:
            with _called(given, target):
                load_dataset(name)
        except ValueError:
            target.unlink()
            if kept is not None:
                kept.replace(target)
            raise
        if kept is not None:
            kept.unlink()
    finally:
        unfinished.unlink(missing_ok=True)
    return target


@contextmanager
def _called(given: str, ours: Path) -> Iterator[None]:
    """Let messages name the user's file rather than the one that is written of it."""
    try:
        yield
    except ValueError as error:
        message = str(error).replace(str(ours), given).replace(ours.name, given).replace(ours.stem, given)
        raise ValueError(message) from None


def _read(
    paths: Sequence[Path], length: int | None, notes: Notes, folds: Mapping[str, Split] | None
) -> tuple[dict[Split, Part], Unit | None, tuple[ModalityInfo, ...]]:
    """The splits of files, and what a step and each modality is where a file says it."""
    from mfm_core.data.importing.h5 import read_tensors_of
    from mfm_core.data.importing.pickles import read_pickled
    from mfm_core.data.importing.segments import read_aligned

    endings = {path.suffix for path in paths}
    if endings == {".csd"}:
        return read_aligned(paths, length or DEFAULT_LENGTH, notes=notes, folds=folds), None, ()
    if endings == {".h5"} and length is None:
        return read_tensors_of(paths, notes), None, ()
    if endings in ({".pkl"}, {".pickle"}) and len(paths) == 1:
        return read_pickled(paths[0], length, notes), None, ()
    if endings == {".npz"} and len(paths) == 1 and length is None:
        arrays = read_archive(paths[0], LOCAL_LIMITS)
        where = str(paths[0])
        return read_parts(arrays, where, notes), unit_of(arrays, where), streams_of(arrays, where)
    raise ValueError(
        "files: expected the .h5 files of a data set, its .csd files, one .pkl, or one .npz, "
        f"and a length only for .csd and .pkl, got {', '.join(path.name for path in paths) or 'none'}"
    )


def imported_names() -> tuple[str, ...]:
    """Names of files in the data folder that :func:`load` can read and the registry does not know."""
    found = sorted(data_folder().glob("*.npz")) if data_folder().is_dir() else []
    known = {*dataset_names(), *_taken()}
    return tuple(p.stem for p in found if p.stem not in known and _is_ours(p))


def _is_ours(path: Path) -> bool:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            return "y_train.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def load(name: str) -> Dataset | None:
    """A data set that the user imported under a name of their own, standardised; None if there is none.

    Raises:
        ValueError: If its file is damaged.
    """
    if not _NAME.fullmatch(name) or name not in imported_names():
        return None
    return _load(name)


def describe(name: str) -> DatasetInfo | None:
    """Describe a set that the user imported, with repeated folds over its complete samples; None if there is none."""
    if not _NAME.fullmatch(name) or name not in imported_names():
        return None
    path = data_folder() / f"{name}.npz"
    return _described(path, path.stat().st_mtime_ns)


def describe_all() -> list[DatasetInfo]:
    """Describe every set that the user imported, but for those whose file is damaged."""
    found = []
    for name in imported_names():
        try:
            found.append(describe(name))
        except (OSError, ValueError):  # said by whoever loads it
            continue
    return [info for info in found if info is not None]


@lru_cache(maxsize=64)
def _described(path: Path, changed: int) -> DatasetInfo:
    del changed  # a changed file makes another key
    name = path.stem

    def folds(*, n_folds: int = 5, n_repeats: int = 4, seed: int = 0) -> Iterator[Fold]:
        return repeated_folds(_read_raw(name), n_folds=n_folds, n_repeats=n_repeats, seed=seed)

    said = read_archive(path, LOCAL_LIMITS, only=(UNIT, STREAMS))
    arrays = {key: np.zeros((0,) * len(shape)) for key, shape in read_shapes(path, LOCAL_LIMITS).items()} | said
    unit, streams = unit_of(arrays, str(path)), streams_of(arrays, str(path))
    return DatasetInfo(name, title=name.replace("_", " "), unit=unit, folds=folds, streams=streams)


def _load(name: str) -> Dataset:
    return standardised(_read_raw(name))


def _read_raw(name: str) -> Dataset:
    return read_dataset(name, None, None, "import it again")


register_finder(load, describe, describe_all)
