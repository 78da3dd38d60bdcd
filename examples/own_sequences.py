"""Sequences of your own from NumPy: any modality names, an explicit mask, the unit of a step, and folds.

Run it by ``python examples/own_sequences.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from sklearn.model_selection import KFold

import mfm_core as mfm

LENGTH = 6


def interviews(n: int = 120) -> mfm.Dataset:
    """Made-up interviews of 2 to 6 sentences: what is said and how the pulse runs both move a score of stress."""
    rng = np.random.default_rng(0)
    wording, pulse = rng.normal(size=(n, LENGTH, 8)), rng.normal(70, 9, size=(n, LENGTH, 2))
    mask = np.arange(LENGTH) < rng.integers(2, LENGTH + 1, size=n)[:, None]  # (N, T), True where a step is real
    steps = mask.sum(axis=1)
    stress = (wording[:, :, 0] * mask).sum(1) / steps + ((pulse[:, :, 0] - 70) / 9 * mask).sum(1) / steps
    worn = rng.random(n) < 0.9  # some wore no sensor
    return mfm.Dataset.from_arrays(
        {"wording": wording, "pulse": pulse},
        stress,
        mask=mask,
        present={"pulse": worn},
        unit="sentence",
        ids=[f"interview {i}" for i in range(n)],
        name="interviews",
    )


def folds(data: mfm.Dataset, n: int) -> Iterator[mfm.Dataset]:
    """The same samples with another part as the test split each time, and a tenth of the others for validation."""
    for rest, test in KFold(n, shuffle=True, random_state=0).split(np.zeros(len(data))):
        split = np.full(len(data), "train", dtype="<U10")
        split[test], split[rest[::10]] = "test", "validation"
        yield replace(data, split=split)


def main(systems: tuple[str, ...] = ("majority", "svm_md", "mfm"), n_folds: int = 3) -> dict[str, float]:
    """Mean absolute error of each system over the folds."""
    errors: dict[str, list[float]] = {name: [] for name in systems}
    for fold in folds(interviews(), n_folds):
        train, validation, test = fold.part("train"), fold.part("validation"), fold.part("test")
        for name in systems:
            found = mfm.fit(name, train, validation, seed=0).predict(test)
            errors[name].append(float((found - test.labels).abs().mean()))
    means = {name: float(np.mean(each)) for name, each in errors.items()}
    print(", ".join(f"{name} {error:.3f}" for name, error in means.items()))
    return means


if __name__ == "__main__":
    main()
