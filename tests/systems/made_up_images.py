"""Small made-up images of two modalities: where a bright block stands is the label, how bright it is the style."""

from __future__ import annotations

import numpy as np

import mfm_core as mfm


def made_up_images(n: int = 90, *, scores: bool = False, seed: int = 0) -> mfm.Dataset:
    """``photo`` (2, 9, 12) and ``sketch`` (1, 8, 8), both with one of three rows lit, which is the label."""
    rng = np.random.default_rng(seed)
    label = rng.permutation(np.arange(n) % 3)
    photo, sketch = rng.uniform(0, 0.1, size=(n, 2, 9, 12)), rng.uniform(0, 0.1, size=(n, 1, 8, 8))
    for i, k in enumerate(label):
        photo[i, :, 3 * k : 3 * k + 3] += rng.uniform(0.4, 0.9)
        sketch[i, :, 2 * k + 1 : 2 * k + 3] += rng.uniform(0.4, 0.9)
    y = 10.0 * label - 4 + rng.normal(size=n) if scores else label
    return mfm.Dataset.from_arrays({"photo": photo, "sketch": sketch}, y, seed=seed)
