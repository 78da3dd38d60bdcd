"""The layout in which sequences lie in the data folder: one ``<name>.npz``, its arrays named by content and split.

A modality NAME lies in ``NAME_train``, ``NAME_valid`` and ``NAME_test``, each ``(N, T, d)``. In the published tensors
of ICT-MMMO, YouTube and POM language is called ``text`` and the acoustic stream ``audio``, and so it is in all files.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from mfm_core.arguments import expect
from mfm_core.config import check_modality_name
from mfm_core.data.dataset import Split
from mfm_core.data.modalities import SPOKEN, ModalityInfo
from mfm_core.data.notes import Notes
from mfm_core.files.npz import Array
from mfm_core.problems import printable

FILE_SPLITS: dict[Split, str] = {"train": "train", "validation": "valid", "test": "test"}
_FILE_NAMES = {info.name: info.file_name or info.name for info in SPOKEN}
_MODALITIES = {kind: name for name, kind in _FILE_NAMES.items()}
UNIT, STREAMS = "unit", "streams"
TITLE, CONTENT = 40, 120
"""Letters that the title of a modality, and what it holds, may have at most in a file."""
_PLAIN = re.compile(r"[^\W_][\w ,.:;()/+%-]*")
LAYOUT: Mapping[str, tuple[str, str]] = {
    "y": ("(N,) or (N, size)", "labels: scores as floating point, or classes (N,) as integers from 0"),
    "ids": ("(N,)", "names of the samples, text; optional"),
    "words": ("(N, T)", "the word of each step, text, empty at padded steps; optional"),
    "times": ("(N, T, 2)", "start and end of each step in seconds, NaN at padded steps; optional"),
    "mask": ("(N, T)", "which steps are real, booleans; optional"),
}
"""Arrays of a split that are no modality: what is before the name of the split, the shape, and the content."""


def layout_lines() -> list[str]:
    """Describe the layout of a file in lines: each array by name, shape and content, and which of them are needed."""
    ends = ", ".join(FILE_SPLITS.values())
    renamed = ", ".join(f"{kind} for {name}" for name, kind in _FILE_NAMES.items() if kind != name)
    rows = {"NAME": ("(N, T, d)", f"features of the modality NAME, numbers; {renamed}"), **LAYOUT}
    width, wide = (max(len(text) for text in texts) for texts in (rows, [shape for shape, _ in rows.values()]))
    return [
        f"An .npz of sequences has these arrays for each SPLIT, which is {ends}:",
        *(f"  {f'{kind}_SPLIT':{width + 6}}  {shape:{wide}}  {content}" for kind, (shape, content) in rows.items()),
        f"Any number of modalities may be in it. A NAME is an identifier of your own, but not {', '.join(LAYOUT)}.",
        "N samples may differ between splits; T steps are the same everywhere, and d in all splits of a modality.",
        "Needed are y of every split and one modality; a split may lack a modality. Nothing is pickled.",
        "Padded steps are 0 in all modalities; unless mask says it, a step is real where words has a word, or without",
        f"words where a modality has another number. An array {UNIT} may say what a step is: word, sentence or step.",
        f"An array {STREAMS} (k, 3) of text may say of k modalities the name, title and content, empty where unsaid.",
    ]


def file_name(modality: str) -> str:
    """Name the arrays of a modality in a file, before ``_train``.

    Raises:
        ValueError: If a file cannot hold a modality of this name.
    """
    if modality in LAYOUT or _MODALITIES.get(modality, modality) != modality:
        meant = _MODALITIES.get(modality)
        means = "labels, names or steps" if meant is None else f"the modality {meant}"
        raise ValueError(f"modalities: expected names for a file, where {modality!r} means {means}; rename it")
    return _FILE_NAMES.get(modality, modality)


def modalities_of(arrays: Mapping[str, Array], where: str, notes: Notes) -> dict[str, str]:
    """Find the modalities of a file.

    Arrays of no modality are counted, but for those of :data:`LAYOUT` and what is said of the whole file.

    Args:
        arrays: Content of the file.
        where: The file, for messages.
        notes: Counts the arrays that are not read.

    Returns:
        By modality, what its arrays are called before ``_train``: published names first, then in order of the file.

    Raises:
        ValueError: If a modality has a name that cannot be one, or two names in the file.
    """
    found: dict[str, str] = {}
    kinds = {key: _kind(key) for key in arrays}
    sequences = {kinds[key] for key, x in arrays.items() if x.ndim == 3 and x.dtype.kind in "biuf"} - {*LAYOUT, None}
    for key, kind in kinds.items():
        if kind in LAYOUT or key in (UNIT, STREAMS):
            continue
        if kind is None or (kind not in sequences and kind not in _MODALITIES):
            expected = "expected such as text_train, ids_valid or y_test, or sequences (N, T, d) of another name"
            notes.add("arrays are not read", f"{where}: {printable(key)[:60]!r}, {expected}")
            continue
        modality = _MODALITIES.get(kind, kind)
        if (other := found.setdefault(modality, kind)) != kind:
            raise ValueError(
                f"{where}: expected {modality} by one name, got both {other} and {kind}, which mean the same"
            )
        try:
            check_modality_name(modality)
        except ValueError as error:
            raise ValueError(f"{where}: {printable(key)[:60]}: {error}") from None
    order = [*_FILE_NAMES, *found]
    return {name: found[name] for name in dict.fromkeys(order) if name in found}


def streams_of(arrays: Mapping[str, Array], where: str) -> tuple[ModalityInfo, ...]:
    """Read how a file describes its modalities; those that it says nothing of are left out.

    What is shown on pages is plain text: letters, digits, spaces and some punctuation, so that no file can put markup
    there.

    Raises:
        ValueError: If it is no text ``(k, 3)``, of a modality that is not there or was described before, or not plain.
    """
    if STREAMS not in arrays:
        return ()
    if (told := arrays[STREAMS]).ndim != 2 or told.shape[1] != 3 or told.dtype.kind != "U":
        raise ValueError(f"{where}: {STREAMS}: expected text (k, 3), got shape {told.shape} of {told.dtype}")
    known, found = modalities_of(arrays, where, Notes()), {}
    for given, title, content in told.tolist():
        name = _MODALITIES.get(given, given)
        if name not in known or name in found:
            raise ValueError(
                f"{where}: {STREAMS}: expected each of {', '.join(known)} once at most, got {printable(given)!r}"
            )
        for text, most in ((title, TITLE), (content, CONTENT)):
            check_plain(text, most, f"{where}: {STREAMS}: {name}")
        found[name] = ModalityInfo(name, title=title, content=content)
    return tuple(found.values())


def streams_array(streams: Sequence[ModalityInfo], modalities: Collection[str]) -> Array:
    """Array that describes modalities in a file, text ``(k, 3)``, see :func:`streams_of`.

    Args:
        streams: The descriptions.
        modalities: Names of the modalities that the file holds.

    Raises:
        ValueError: If one is of no such modality, or not plain text.
    """
    for one in streams:
        if expect("streams", one, ModalityInfo).name not in modalities:
            raise ValueError(f"streams: expected some of {', '.join(modalities)}, got {one.name!r}")
        check_plain(one.title, TITLE, f"streams: {one.name}")
        check_plain(one.content, CONTENT, f"streams: {one.name}")
    return np.array([(one.name, one.title, one.content) for one in streams], dtype=np.str_).reshape(-1, 3)


def check_plain(text: str, most: int, where: str) -> None:
    """Raise ValueError unless a text is empty, or short and plain."""
    if text and (len(text) > most or _PLAIN.fullmatch(text) is None):
        raise ValueError(
            f"{where}: expected at most {most} letters, digits, spaces and , . : ; ( ) / + % -, got {printable(text)!r}"
        )


def _kind(key: str) -> str | None:
    """The part of a name before that of the split; None where it names no split."""
    kind, _, end = key.rpartition("_")
    return kind if end in FILE_SPLITS.values() else None
