"""The pickled dictionaries of the multimodal-transformer and MMSA families: ``split -> key -> array``.

* github.com/yaohungt/Multimodal-Transformer: ``mosi_data.pkl``, ``iemocap_data.pkl``; keys ``text``, ``audio``,
  ``vision``, ``labels``, ``id``.
* github.com/thuiar/MMSA: ``aligned_50.pkl``; keys ``text``, ``text_bert``, ``audio``, ``vision``,
  ``regression_labels``, ``id``, among others. A step is a piece of a word, as BERT cuts it.

We do not have the real files: this reader is tested on files that the tests write in the same format.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mfm_core.data.dataset import Split
from mfm_core.data.notes import Notes, observed
from mfm_core.data.sequence_files import Part, with_known_labels
from mfm_core.data.sequence_layout import FILE_SPLITS
from mfm_core.files.npz import Array, as_float32
from mfm_core.files.restricted_pickle import Unread, read_pickle

SOURCE = "see the data links of github.com/yaohungt/Multimodal-Transformer or github.com/thuiar/MMSA"
_KEYS = {"language": "text", "acoustic": "audio", "visual": "vision"}
_LABELS = ("regression_labels", "labels")
_MAX_NUMBERS = 200_000_000  # of a list


def read_pickled(path: Path, length: int | None, notes: Notes | None = None) -> dict[Split, Part]:
    """Read such a file.

    Padding is set to 0, also where BERT wrote numbers into it. Lists count as arrays. A step with a number that is not
    finite, as COVAREP gives for the logarithm of silence, counts as not observed, as in every format; all users of
    these files put 0 in its place, which is a value like any other.

    Args:
        path: The file.
        length: How many of the last steps to keep, up to the last that holds a number other than 0; None keeps all.
        notes: Counts what is masked, left out or not read.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not such a file; see :func:`read_pickle`.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; {SOURCE}")
    notes = Notes() if notes is None else notes
    content = read_pickle(path)
    parts: dict[Split, Part] = {}
    for split, key in FILE_SPLITS.items():
        found = content.get(key) if isinstance(content, dict) else None
        if not isinstance(found, dict):
            keys = ", ".join(str(key)[:30] for key in list(content)[:5]) if isinstance(content, dict) else "no keys"
            raise ValueError(f"{path}: expected the keys train, valid and test, got {keys}; {SOURCE}")  # noqa: TRY004
        parts[split] = _part(found, f"{path}: {key}", length, notes)
    return parts


def _part(content: Mapping[str, object], where: str, length: int | None, notes: Notes) -> Part:
    label = next((key for key in _LABELS if key in content), None)
    if missing := [key for key in _KEYS.values() if key not in content] + ([] if label else ["labels"]):
        raise ValueError(f"{where}: expected the key {missing[0]}, got {', '.join(map(str, content))}; {SOURCE}")
    assert label is not None  # noqa: S101 - told apart above
    read = {*_KEYS.values(), label, "id", "text_bert"}
    for key in content:
        if key not in read:
            notes.add("keys are not read", f"{where}: {key}")
    raw = {name: _sequences(content[key], f"{where}: {key}") for name, key in _KEYS.items()}
    ids = _ids(content.get("id"), len(next(iter(raw.values()))))
    names = None if ids is None else ids.tolist()
    bert = _as_array(content.get("text_bert"))
    if bert.ndim == 3 and bert.dtype.kind in "biuf" and bert.shape[1] == 3:
        # BERT's own mask: what stands in the padding does not count.
        real = bert[:, 1, :, None] != 0
        raw = {m: np.where(real, x, 0) if x.shape[:2] == real.shape[:2] else x for m, x in raw.items()}
    modalities = {m: observed(x, f"{where}: {_KEYS[m]}", notes, names) for m, x in raw.items()}
    shapes = {name: x.shape for name, x in modalities.items()}
    if len({shape[:2] for shape in shapes.values()}) != 1:
        raise ValueError(
            f"{where}: expected (N, T, d) with one N and T in all modalities, as aligned files have, got {shapes}"
        )
    n = len(next(iter(modalities.values())))
    if length is not None:
        modalities = _last(modalities, length)
    y = _labels(content[label], n, f"{where}: {label}")
    return with_known_labels(Part(modalities, y, ids=ids), f"{where}: {label}", notes)


def _as_array(content: object) -> Array:
    """An array, or a list of numbers or of arrays of one shape as one; empty where it is neither."""
    if isinstance(content, np.ndarray):
        return content
    if isinstance(content, list) and 0 <= _count(content, {}) <= _MAX_NUMBERS:
        try:
            return np.array(content)
        except ValueError:  # of several lengths
            return np.empty(0, dtype=object)
    return np.empty(0, dtype=object)


def _count(content: object, known: dict[int, float]) -> float:
    """How many numbers a list of numbers, arrays or lists has; negative infinity where it holds anything else.

    A list may be in it many times over, so each is counted once.
    """
    if isinstance(content, np.ndarray):
        return content.size if content.dtype.kind in "biuf" else -math.inf
    if isinstance(content, bool | int | float):
        return 1
    if not isinstance(content, list | tuple):
        return -math.inf
    if id(content) not in known:
        known[id(content)] = sum(_count(part, known) for part in content)
    return known[id(content)]


def _got(content: object) -> str:
    if isinstance(content, Unread):
        return content.reason
    if isinstance(content, np.ndarray):
        return f"shape {content.shape} of {content.dtype}"
    return type(content).__name__


def _sequences(content: object, where: str) -> Array:
    array = _as_array(content)
    if array.ndim != 3 or array.dtype.kind not in "biuf":
        raise ValueError(f"{where}: expected numbers of shape (N, T, d), got {_got(content)}")
    return array


def _labels(content: object, n: int, where: str) -> Array:
    """Scores (N,) or (N, size); pairs of no and yes, (N, size, 2), become 0 and 1."""
    labels = _as_array(content)
    if labels.dtype.kind not in "biuf" or len(np.atleast_1d(labels)) != n:
        raise ValueError(f"{where}: expected {n} labels as numbers, got {_got(content)}")
    values = as_float32(labels, where)
    if values.ndim == 3 and values.shape[2] == 2:
        return np.asarray(values.argmax(2), dtype=np.float32)
    return values.reshape(n, -1)


def _ids(ids: object, n: int) -> npt.NDArray[np.str_] | None:
    """Names of the samples, where the file has a text or a row of texts for each."""
    if not isinstance(ids, np.ndarray | list) or len(ids) != n:
        return None
    rows = ids.tolist() if isinstance(ids, np.ndarray) else ids
    return np.array(["_".join(_text(x) for x in (row if isinstance(row, list | tuple) else [row])) for row in rows])


def _text(x: object) -> str:
    return (x.decode("utf-8", "replace") if isinstance(x, bytes) else str(x))[:100]


def _last(modalities: Mapping[str, npt.NDArray[np.float32]], length: int) -> dict[str, npt.NDArray[np.float32]]:
    """The last steps of each sequence, padded on the left: (N, T, d) -> (N, length, d).

    They end with the last step of which some modality has a number other than 0: some files pad on the right.
    """
    real = np.any([x.any(2) for x in modalities.values()], axis=0)
    steps = np.where(real, np.arange(1, real.shape[1] + 1), 0).max(1, initial=0)
    rows, places = np.arange(len(real))[:, None], steps[:, None] + np.arange(length)
    return {name: np.pad(x, ((0, 0), (length, 0), (0, 0)))[rows, places] for name, x in modalities.items()}
