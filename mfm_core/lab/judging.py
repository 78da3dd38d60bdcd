"""Judges of the lab: what an independent classifier or regressor reads in one modality, fitted to real samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage.models import load_judge
from mfm_core.systems.parts.sequences import mean_and_spread

COMPONENTS = 40
STORED = ("svhn", "mnist")
"""Modalities of SVHN-MNIST, which have judges that are trained and stored."""


@dataclass(frozen=True)
class Judge:
    """Judge of one modality.

    Attributes:
        classes: Whether it reads one of several classes, rather than scores.
        estimator: Of scikit-learn, fitted to features of real samples; or a stored network of one modality.
        name: Of the modality.
    """

    classes: bool
    estimator: Any
    name: str

    def read(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """The class ``(N,)`` int64, or scores ``(N, size)``, read in images or sequences of the modality."""
        if isinstance(self.estimator, Discriminative):
            with torch.inference_mode():
                logits: Tensor = self.estimator({self.name: x})
                return logits.argmax(1)
        found = torch.as_tensor(self.estimator.predict(features(x, mask)))
        return found.long() if self.classes else found.float().reshape(len(x), -1)


def fit_judges(train: Dataset, *, stored: bool = False) -> dict[str, Judge]:
    """A judge for each modality.

    Of classes a support-vector machine with an RBF kernel, of scores ridge regression; both on the leading principal
    components of the pixels, or of the mean and spread of each feature over a sequence.

    Args:
        train: Real samples, apart from those that are judged.
        stored: Whether the stored judges of SVHN and MNIST are taken instead.
    """
    from sklearn.decomposition import PCA
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    judges, classes = {}, train.labels.dtype == torch.int64
    for name, x in train.modalities.items():
        if stored and name in STORED:
            judges[name] = Judge(True, load_judge(name), name)
            continue
        found = features(x, train.mask)
        parts = PCA(min(COMPONENTS, *found.shape), random_state=0)
        last = SVC(C=10.0) if classes else RidgeCV(alphas=(0.1, 1.0, 10.0, 100.0))
        pipeline = make_pipeline(parts, StandardScaler(), last) if not classes else make_pipeline(parts, last)
        judges[name] = Judge(classes, pipeline.fit(found, train.labels.numpy()), name)
    return judges


def features(x: Tensor, mask: Tensor | None) -> npt.NDArray[np.float64]:
    """Pixels ``(N, d)``, or mean and spread of each feature over the real steps ``(N, 2 d)``: what a judge is given."""
    if mask is None:
        return np.asarray(x.detach().flatten(1).double().numpy())
    return np.asarray(mean_and_spread(x, mask).detach().double().numpy())


def following(
    judges: Mapping[str, Judge], made: Mapping[str, Tensor], mask: Tensor | None, wanted: Tensor
) -> dict[str, Tensor]:
    """Where each judge reads in what was made the label that Z_y was given: hits ``(N,)``; of scores its readings."""
    read = {name: judge.read(made[name], mask) for name, judge in judges.items()}
    if wanted.dtype == torch.int64:
        return {name: found == wanted for name, found in read.items()}
    return {name: found[:, 0] for name, found in read.items()}
