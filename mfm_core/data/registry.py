"""The registry of data sets, and the folder that real data lies in.

A data set is one file of ``mfm_core/data/sets``: its loader, entered by :func:`register` with all that the project
knows of it. Nothing about a set stands anywhere else.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pooch

from mfm_core.arguments import expect, kind_of
from mfm_core.data.dataset import Dataset, Unit
from mfm_core.data.modalities import ModalityInfo
from mfm_core.data.notes import warn_of
from mfm_core.files.npz import LOCAL_LIMITS, read_archive
from mfm_core.printing import short_repr
from mfm_core.registering import check_takes, import_files, load_before, place_of

Loader = Callable[[], Dataset]
Arrays = Mapping[str, npt.NDArray[np.uint8]]


class Source(NamedTuple):
    """A file to download.

    Attributes:
        url: Where it lies.
        sha256: Its checksum, hexadecimal.
    """

    url: str
    sha256: str


class Recipe(NamedTuple):
    """How to download a data set.

    Attributes:
        sources: Its files: of the training split first, then of the test split.
        convert: From their paths to the arrays of ``<name>.npz``.
        terms: What it may be used for.
    """

    sources: tuple[Source, ...]
    convert: Callable[[list[Path]], Arrays]
    terms: str


class Fold(NamedTuple):
    """One way to split a data set.

    Attributes:
        repeat: Number of the repetition.
        fold: Number of the fold in it.
        dataset: The samples, split this way and standardised by this training split.
        rows: Place of each of them in the data set, ``(n,)``, for some may be left out.
    """

    repeat: int
    fold: int
    dataset: Dataset
    rows: npt.NDArray[np.int64]

    def __repr__(self) -> str:
        return short_repr(self)


class Folds(Protocol):
    """Repeated cross-validation of a data set."""

    def __call__(self, *, n_folds: int = 5, n_repeats: int = 4, seed: int = 0) -> Iterator[Fold]:
        """Yield the folds of all repetitions, in order; the seed deals the samples."""


@dataclass(frozen=True)
class DatasetInfo:
    """Description of a data set.

    Attributes:
        name: Name in the registry.
        title: What it is called on a page.
        description: What a model of it was trained on, a paragraph for the model's card.
        files: Files of the data folder that it is made of; none where it pairs others or a package has it.
        unit: What a step of its sequences is; None for images.
        licence: Terms that weights trained on it fall under, a sentence.
        source: Where to get it, or the command that makes it.
        neutral: The score that is neither positive nor negative.
        folds: Repeated cross-validation, where it is too small for one split.
        importable: Whether its one file is of the layout that ``data import`` writes.
        recipe: How to download it.
        clips: Where a page takes clips from: Z stored beside a model, the user's copy of the data, or the clips that
            this project made.
        short: What a column of a table calls it, as the paper abbreviates it.
        label: What its label is, a noun, as a page calls Z_y of it.
        style: What its samples differ in beside the label, as a page calls Z_a of it.
        about_clips: What there is to know of its clips where they are shown, a sentence or two in Markdown.
        metrics: Metrics that the paper reports of its label as a whole; none where it reports no such number.
        lab: Sentence about it where a page offers to train on it; empty where that does not.
        in_tables: Whether a page offers it for a small table of systems: no set of one modality, nor one whose cells
            take longer than anybody waits.
        parts: Data sets whose samples it pairs; each is a modality of that name.
        streams: What there is to know of its modalities, of those of which there is more than the name.
    """

    name: str
    title: str = ""
    description: str = ""
    files: tuple[str, ...] = ()
    unit: Unit | None = None
    licence: str = ""
    source: str = ""
    neutral: float = 0.0
    folds: Folds | None = None
    importable: bool = False
    recipe: Recipe | None = None
    clips: Literal["codes", "data", "studio"] = "codes"
    short: str = ""
    label: str = "label"
    style: str = ""
    about_clips: str = ""
    metrics: tuple[str, ...] = ()
    lab: str = ""
    in_tables: bool = True
    parts: tuple[str, ...] = ()
    streams: tuple[ModalityInfo, ...] = ()

    @property
    def kind(self) -> Literal["sequence", "image"]:
        """Kind of its modalities: those that have no steps are images."""
        return "image" if self.unit is None else "sequence"

    @property
    def is_here(self) -> bool:
        """Whether its files, and those of its parts, are in the data folder."""
        files = (*self.files, *(file for part in self.parts for file in dataset_info(part).files))
        return all((data_folder() / file).is_file() for file in files)


PACKAGE = "mfm_core.data.sets"
_infos: dict[str, DatasetInfo] = {}
_loaders: dict[str, Loader] = {}
_finders: list[Callable[[str], Dataset | None]] = []
_describers: list[Callable[[str], DatasetInfo | None]] = []
_listers: list[Callable[[], Sequence[DatasetInfo]]] = []


def register(info: DatasetInfo) -> Callable[[Loader], Loader]:
    """Enter a loader into the registry with what is known of its data set.

    Args:
        info: The description, by whose name the data set is loaded.

    Raises:
        ValueError: If the name is taken or no plain name, a stream is not described, or the loader is no function
            without arguments.
    """
    name = expect("info", info, DatasetInfo).name
    if not isinstance(name, str) or re.fullmatch("[a-z][a-z0-9_]{0,39}", name) is None:
        raise ValueError(f"name: expected at most 40 lower-case letters, digits and '_', got {name!r}")

    if wrong := [one for one in info.streams if not isinstance(one, ModalityInfo)]:
        raise ValueError(f"info.streams: expected each to be a ModalityInfo, got {kind_of(wrong[0])}")

    def enter(loader: Loader) -> Loader:
        if not callable(loader):
            raise ValueError(f"loader: expected a function, got {kind_of(loader)}")  # noqa: TRY004
        check_takes("loader", loader, "no argument")
        load_before(loader, PACKAGE, _load_all)
        taken = _loaders.get(name)
        if taken is not None and place_of(taken) != place_of(loader):
            raise ValueError(f"name: expected one that is not registered, got {name!r}, of {place_of(taken)[0]}")
        _infos[name], _loaders[name] = info, loader
        return loader

    return enter


def register_finder(
    find: Callable[[str], Dataset | None],
    describe: Callable[[str], DatasetInfo | None],
    every: Callable[[], Sequence[DatasetInfo]],
) -> None:
    """Enter a function that loads data sets of names which the registry does not know, or returns None.

    Args:
        find: Loads the data set of a name.
        describe: Describes that data set; None where there is none of that name.
        every: Describes all that there are now.
    """
    _finders.append(find)
    _describers.append(describe)
    _listers.append(every)


@cache
def _load_all() -> None:
    import_files(PACKAGE)
    importlib.import_module("mfm_core.data.importing.imported")


def dataset_names() -> tuple[str, ...]:
    """Names of the data sets that the project knows."""
    _load_all()
    return tuple(_infos)


def dataset_infos() -> tuple[DatasetInfo, ...]:
    """All that is known of every data set."""
    _load_all()
    return tuple(_infos.values())


def dataset_info(name: str) -> DatasetInfo:
    """Describe a data set; one that the user imported, or that is not here, by little more than its name."""
    _load_all()
    if name in _infos:
        return _infos[name]
    found = next((info for describe in _describers if (info := describe(name)) is not None), None)
    return found or DatasetInfo(name, title=name.replace("_", " "), unit="step")


def modality_info(modality: str, dataset: DatasetInfo | None = None) -> ModalityInfo:
    """Describe a modality: as a data set does that has it, or as the data set that it is; else by little but its name.

    Args:
        modality: Its name.
        dataset: The data set that it is of, whose description counts first; any that has it without one.
    """
    infos = dataset_infos()
    known = _stream(modality, ((dataset,) if dataset else ()) + infos)
    if known is None:
        known = ModalityInfo(modality)
        part = next((info for info in infos if any(info.name == modality in other.parts for other in infos)), None)
        if part is not None:
            known = replace(known, title=part.title, style=part.style, label=part.label)
        elif dataset is None:  # perhaps of a set that the user imported
            known = _stream(modality, [info for every in _listers for info in every()]) or known
    title = known.title or modality.replace("_", " ").capitalize()
    return replace(known, title=title, style=known.style or f"style of {title}")


def _stream(modality: str, infos: Iterable[DatasetInfo]) -> ModalityInfo | None:
    """A modality as the first of some data sets describes it."""
    return next((one for info in infos for one in info.streams if one.name == modality), None)


def load_dataset(name: str) -> Dataset:
    """Load a data set by name from the data folder; sets that the user imported under other names are known too.

    What had to be masked or left out is told by its ``notes``, and by a :class:`DataWarning` for each kind.

    Raises:
        ValueError: If the name is unknown.
        FileNotFoundError: If its files are not there.
    """
    names = dataset_names()
    if not isinstance(name, str):
        raise ValueError(f"name: expected one of {', '.join(names)}, got {name!r}")  # noqa: TRY004
    loaders: list[Callable[[], Dataset | None]] = (
        [_loaders[name]] if name in _loaders else [partial(find, name) for find in _finders]
    )
    for load in loaders:
        if (dataset := load()) is not None:
            warn_of(dataset.notes)
            return dataset
    raise ValueError(f"name: expected one of {', '.join(names)}, got {name!r}")


def data_folder() -> Path:
    """Where real data lies: the folder that ``MFM_DATA`` names, else the user's cache folder."""
    named = os.environ.get("MFM_DATA")
    return Path(named) if named else Path(pooch.os_cache("mfm"))


def read_arrays(
    name: str, members: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, npt.NDArray[np.generic]]:
    """Read arrays from ``<data folder>/<name>.npz``, without unpickling anything.

    Args:
        name: Of the data set.
        members: The arrays to read.
        optional: Further ones, which the file may lack.

    Raises:
        FileNotFoundError: If the file is not there; the message says how to get it.
        ValueError: If the file is damaged, or lacks one of ``members``.
    """
    path = data_folder() / f"{name}.npz"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file; set MFM_DATA to the folder that holds it, "
            f"or run: python -m mfm_core data fetch {name}"
        )
    arrays = read_archive(path, LOCAL_LIMITS, only=(*members, *optional))
    if missing := [member for member in members if member not in arrays]:
        raise ValueError(f"{path}: expected arrays {', '.join(members)}, missing {', '.join(missing)}")
    return arrays
