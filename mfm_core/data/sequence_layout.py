"""The layout in which sequences lie in the data folder: one ``<name>.npz``, its arrays named by content and split.

A modality NAME lies in ``NAME_train``, ``NAME_valid`` and ``NAME_test``, each ``(N, T, d)``. In the published tensors
of ICT-MMMO, YouTube and POM language is called ``text`` and the acoustic stream ``audio``, and so it is in all files.
"""

from __future__ import annotations

from collections.abc import Mapping

from mfm_core.config import check_modality_name
from mfm_core.data.dataset import Split
from mfm_core.data.modalities import SPOKEN
from mfm_core.data.notes import Notes
from mfm_core.files.npz import Array
from mfm_core.problems import printable

FILE_SPLITS: dict[Split, str] = {"train": "train", "validation": "valid", "test": "test"}
_FILE_NAMES = {info.name: info.file_name or info.name for info in SPOKEN}
_MODALITIES = {kind: name for name, kind in _FILE_NAMES.items()}
UNIT = "unit"
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

    Arrays of no modality are counted, but for those of :data:`LAYOUT`.

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
        if kind in LAYOUT or key == UNIT:
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


def _kind(key: str) -> str | None:
    """The part of a name before that of the split; None where it names no split."""
    kind, _, end = key.rpartition("_")
    return kind if end in FILE_SPLITS.values() else None
