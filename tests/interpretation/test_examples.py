"""Examples of classes: nearest to the mean, as scikit-learn measures it, and of the most contrast."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import pairwise_distances_argmin
from sklearn.neighbors import NearestCentroid

from mfm_core.interpretation.examples import central_samples, clearest_sample


def test_the_sample_nearest_to_each_mean_is_that_of_scikit_learn(generator: torch.Generator) -> None:
    z, labels = torch.randn(90, 5, generator=generator), torch.randint(2, 7, (90,), generator=generator)
    means = NearestCentroid().fit(z.numpy(), labels.numpy())
    wanted = []
    for mean, label in zip(means.centroids_, means.classes_, strict=True):
        rows = np.flatnonzero(labels.numpy() == label)
        wanted.append(int(rows[pairwise_distances_argmin(mean[None], z.numpy()[rows])[0]]))
    assert central_samples(z, labels).tolist() == wanted
    assert central_samples(z[:0], labels[:0]).tolist() == []
    with pytest.raises(ValueError, match=r"^z, labels: expected shapes \(N, d\) and \(N,\), got \(90, 5\) and \(3,\)$"):
        central_samples(z, labels[:3])


def test_the_clearest_sample_is_faint_in_no_modality() -> None:
    stripes = torch.tensor([0.0, 1.0]).repeat(8).reshape(1, 1, 4, 4)
    first = torch.cat([1.0 * stripes, 0.5 * stripes, 0.8 * stripes])
    second = torch.cat([0.1 * stripes, 0.5 * stripes, 0.4 * stripes]) * 0.2  # beside the best of its modality
    assert clearest_sample({"one": first, "two": second}) == 2
    assert clearest_sample({"one": first}) == 0
