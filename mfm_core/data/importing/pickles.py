"""The pickled dictionaries of the multimodal-transformer and MMSA families: ``split -> key -> array``.

* github.com/yaohungt/Multimodal-Transformer: ``mosi_data.pkl``, ``iemocap_data.pkl``; keys ``text``, ``audio``,
  ``vision``, ``labels``, ``id``.
* github.com/thuiar/MMSA: ``aligned_50.pkl``; keys ``text``, ``text_bert``, ``audio``, ``vision``,
  ``regression_labels``, ``id``, among others. A step is a piece of a word, as BERT cuts it.

We do not have the real files: this reader is tested on files that the tests write in the same format.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mfm_core.data.dataset import Split
from mfm_core.data.sequence_files import FILE_SPLITS, Part
from mfm_core.files.npz import Array, numbers
from mfm_core.files.restricted_pickle import read_pickle

SOURCE = "see the data links of github.com/yaohungt/Multimodal-Transformer or github.com/thuiar/MMSA"
_KEYS = {"language": "text", "acoustic": "audio", "visual": "vision"}
_LABELS = ("regression_labels", "labels")


def read_pickled(path: Path, length: int | None) -> dict[Split, Part]:
    """Read such a file.

    Padding is set to 0, also where BERT wrote numbers into it; minus infinity, which COVAREP gives for the logarithm of
    silence, becomes 0, as all users of these files have it.

    Args:
        path: The file.
        length: How many of the last steps to keep; None keeps all.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not such a file; see :func:`read_pickle`.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; {SOURCE}")
    content = read_pickle(path)
    parts: dict[Split, Part] = {}
    for split, key in FILE_SPLITS.items():
        found = content.get(key) if isinstance(content, dict) else None
        if not isinstance(found, dict):
            keys = ", ".join(str(key)[:30] for key in list(content)[:5]) if isinstance(content, dict) else "no keys"
            raise ValueError(f"{path}: expected the keys train, valid and test, got {keys}; {SOURCE}")  # noqa: TRY004
        parts[split] = _part(found, f"{path}: {key}", length)
    return parts


def _part(content: Mapping[str, object], where: str, length: int | None) -> Part:
    label = next((key for key in _LABELS if key in content), None)
    if missing := [key for key in _KEYS.values() if key not in content] + ([] if label else ["labels"]):
        raise ValueError(f"{where}: expected the key {missing[0]}, got {', '.join(map(str, content))}; {SOURCE}")
    modalities = {name: _sequences(content[key], f"{where}: {key}") for name, key in _KEYS.items()}
    shapes = {name: x.shape for name, x in modalities.items()}
    if len({shape[:2] for shape in shapes.values()}) != 1:
        raise ValueError(
            f"{where}: expected (N, T, d) with one N and T in all modalities, as aligned files have, got {shapes}"
        )
    n, n_steps = next(iter(shapes.values()))[:2]
    bert = content.get("text_bert")
    if isinstance(bert, np.ndarray) and bert.shape == (n, 3, n_steps):
        real = bert[:, 1] != 0  # BERT's own mask
        modalities = {name: x * real[:, :, None] for name, x in modalities.items()}
    if length is not None:
        modalities = {name: _last(x, length) for name, x in modalities.items()}
    assert label is not None  # noqa: S101 - told apart above
    return Part(modalities, _labels(content[label], n, f"{where}: {label}"), ids=_ids(content.get("id"), n))


def _sequences(array: object, where: str) -> npt.NDArray[np.float32]:
    if not isinstance(array, np.ndarray) or array.ndim != 3 or array.dtype.kind not in "biuf":
        got = f"shape {array.shape} of {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
        raise ValueError(f"{where}: expected numbers of shape (N, T, d), got {got}")
    silent = np.isneginf(array) if array.dtype.kind == "f" else np.zeros((), bool)
    return numbers(np.where(silent, 0, array), where)


def _labels(labels: object, n: int, where: str) -> Array:
    """Scores (N,) or (N, size); pairs of no and yes, (N, size, 2), become 0 and 1."""
    if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "biuf" or len(np.atleast_1d(labels)) != n:
        got = f"shape {labels.shape} of {labels.dtype}" if isinstance(labels, np.ndarray) else type(labels).__name__
        raise ValueError(f"{where}: expected {n} labels as numbers, got {got}")
    values = numbers(labels, where)
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


def _last(x: npt.NDArray[np.float32], length: int) -> npt.NDArray[np.float32]:
    """The last real steps of each sequence, padded on the left: (N, T, d) -> (N, length, d)."""
    result = np.zeros((len(x), length, x.shape[2]), dtype=np.float32)
    for i, row in enumerate(x):
        kept = row[-length:]
        result[i, length - len(kept) :] = kept
    return result
