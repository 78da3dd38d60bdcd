"""Made-up data sets of sequences with one signal each, of which it is known who can find it.

Each function draws two streams, ``words`` and ``tone``, of which half of the samples are of either label. Classes are 0
and 1; scores are -1 and 1, with a little noise. The splits are fixed: half train, a sixth validation, a third test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

import mfm_core as mfm

Array = npt.NDArray[np.float64]
Signal = Callable[..., mfm.Dataset]
NAMES = ("words", "tone")
WIDTHS = (4, 3)


def order(n: int = 360, length: int = 8, seed: int = 0, *, scores: bool = False) -> mfm.Dataset:
    """Which of two words comes first; each occurs once in every sample, so that their mean says nothing."""
    rng = np.random.default_rng(seed)
    label = _labels(n, rng)
    words, tone = _noise(n, length, rng)
    for i, late in enumerate(label):
        first, second = sorted(rng.choice(length, size=2, replace=False))
        words[i, first, late] += 4
        words[i, second, 1 - late] += 4
    return _dataset("order", (words, tone), label, rng, scores=scores)


def one_modality(n: int = 360, length: int = 8, seed: int = 0, *, scores: bool = False) -> mfm.Dataset:
    """The mean of one feature of ``tone``; ``words`` is noise."""
    rng = np.random.default_rng(seed)
    label = _labels(n, rng)
    words, tone = _noise(n, length, rng)
    tone[:, :, 1] += 1.2 * _signs(label)[:, None]
    return _dataset("one_modality", (words, tone), label, rng, scores=scores)


def interaction(n: int = 360, length: int = 8, seed: int = 0, *, scores: bool = False) -> mfm.Dataset:
    """Whether a feature of ``words`` and one of ``tone`` have one sign (XOR): neither modality alone tells anything."""
    rng = np.random.default_rng(seed)
    label = _labels(n, rng)
    words, tone = _noise(n, length, rng)
    of_words = _signs(_labels(n, rng))
    words[:, :, 0] += 2 * of_words[:, None]
    tone[:, :, 0] += 2 * (of_words * _signs(label))[:, None]
    return _dataset("interaction", (words, tone), label, rng, scores=scores)


def hidden_state(n: int = 360, length: int = 8, seed: int = 0, *, scores: bool = False) -> mfm.Dataset:
    """The direction in which a hidden state runs round a circle of three; its steps are noisy, the states equally many.

    A sample of label 1 is distributed as one of label 0 read backwards: no statistic that forgets the order can tell.
    """
    rng = np.random.default_rng(seed)
    label = _labels(n, rng)
    words, tone = _noise(n, length, rng)
    moves = rng.random((n, length)) < 0.7
    states = (rng.integers(3, size=(n, 1)) + np.cumsum(moves, axis=1)) % 3
    states[label == 1] = states[label == 1, ::-1]
    for state in range(3):
        words[:, :, state] += 2.5 * (states == state)
    return _dataset("hidden_state", (words, tone), label, rng, scores=scores)


def missing(n: int = 360, length: int = 8, seed: int = 0, *, scores: bool = False) -> mfm.Dataset:
    """The mean of a feature of both modalities; a third of the samples lack ``words``, another third ``tone``.

    Where a modality is missing stands what a sample of the other label would have.
    """
    rng = np.random.default_rng(seed)
    label = _labels(n, rng)
    there = rng.permutation(n) % 3
    has = {"words": there != 0, "tone": there != 1}
    streams = _noise(n, length, rng)
    for name, x in zip(NAMES, streams, strict=True):
        x[:, :, 0] += 1.5 * np.where(has[name], _signs(label), -_signs(label))[:, None]
    return _dataset("missing", streams, label, rng, scores=scores, present=has)


def padding(n: int = 360, length: int = 8, seed: int = 0, *, scores: bool = False) -> mfm.Dataset:
    """The mean of a feature of both modalities at real steps; what stands in the padding misleads.

    In the training samples it tells the label loudly, in the test samples the other label. Real steps are at the front
    or at the back.
    """
    rng = np.random.default_rng(seed)
    label = _labels(n, rng)
    streams = _noise(n, length, rng)
    n_real = rng.integers(2, length - 2, size=n)[:, None]
    steps = np.arange(length)
    mask = np.where(rng.random((n, 1)) < 0.5, steps < n_real, steps >= length - n_real)
    for x in streams:
        x[:, :, 0] += 1.2 * _signs(label)[:, None]
    data = _dataset("padding", streams, label, rng, scores=scores, mask=mask)
    told = torch.from_numpy(np.where(data.split == "test", -1, 1) * _signs(label)).float()
    padded = {
        name: torch.where(torch.from_numpy(mask)[:, :, None], x, 4 * told[:, None, None])
        for name, x in data.modalities.items()
    }
    return replace(data, modalities=padded)


SIGNALS: dict[str, Signal] = {
    signal.__name__: signal for signal in (order, one_modality, interaction, hidden_state, missing, padding)
}


def share_right(predictions: torch.Tensor, data: mfm.Dataset) -> float:
    """Share of samples whose label, or whose sign of the score, was predicted."""
    if data.labels.dtype == torch.int64:
        return float((predictions.argmax(1) == data.labels).float().mean())
    return float(((predictions > 0) == (data.labels > 0)).float().mean())


def _labels(n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """As many of label 0 as of label 1, in random order."""
    return rng.permutation(np.arange(n) % 2)


def _signs(label: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return 2 * label - 1


def _noise(n: int, length: int, rng: np.random.Generator) -> tuple[Array, Array]:
    words, tone = (rng.normal(size=(n, length, d)) for d in WIDTHS)
    return words, tone


def _dataset(
    name: str,
    streams: tuple[Array, Array],
    label: npt.NDArray[np.int64],
    rng: np.random.Generator,
    *,
    scores: bool,
    mask: npt.NDArray[np.bool_] | None = None,
    present: dict[str, npt.NDArray[np.bool_]] | None = None,
) -> mfm.Dataset:
    y = _signs(label) + 0.1 * rng.normal(size=len(label)) if scores else label
    split = np.array(["train", "test", "train", "validation", "train", "test"])[np.arange(len(label)) % 6]
    return mfm.Dataset.from_arrays(
        dict(zip(NAMES, streams, strict=True)), y, split=split, mask=mask, name=name, present=present
    )
