"""Small made-up data sets of sequences: two streams of any names, classes or scores, with padding."""

from __future__ import annotations

import numpy as np

import mfm_core as mfm

LENGTH = 6


def made_up(n: int, *, scores: bool, seed: int = 0, classes: int = 2) -> mfm.Dataset:
    """Streams ``words`` (5 features) and ``tone`` (3); the label is the sign, or the sum, of what both add up to."""
    rng = np.random.default_rng(seed)
    mask = np.arange(LENGTH) < rng.integers(2, LENGTH + 1, size=n)[:, None]
    words, tone = rng.normal(size=(n, LENGTH, 5)), rng.normal(size=(n, LENGTH, 3))
    total = ((words[..., 0] + tone[..., 0]) * mask).sum(1) / np.sqrt(mask.sum(1))
    bounds = np.quantile(total, np.arange(1, classes) / classes)
    labels = total.astype(np.float32) if scores else np.digitize(total, bounds)
    return mfm.Dataset.from_arrays({"words": words, "tone": tone}, labels, mask=mask, seed=seed)
