"""A system of your own, registered from outside the package: ``python examples/own_system.py``."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import Literal

import torch

import mfm_core as mfm
from mfm_core.systems.base import take_tensor
from mfm_core.systems.parts.sequences import early_fusion, masked_mean


class CentroidConfig(mfm.SystemConfig):
    """How fast a logit falls with the distance."""

    system: Literal["centroid"] = "centroid"
    sharpness: float = 1.0


@mfm.register_system("centroid", title="Nearest centroid", paper="Tibshirani et al. (2002), PNAS 99")
class Centroid(mfm.System):
    """Predicts the class whose mean over all samples and real steps is nearest to that of the sample."""

    Config = CentroidConfig

    def __init__(self, config, spec, centroids):
        super().__init__(config, spec)
        self.centroids = centroids  # (n_labels, sum of d)

    @classmethod
    def fit(cls, config, train, validation, *, seed, on_report):
        spec, x = mfm.DataSpec.of(train), masked_mean(early_fusion(train.modalities), train.mask)
        return cls(config, spec, torch.stack([x[train.labels == k].mean(0) for k in range(spec.label.size)]))

    def predict(self, dataset):
        self.spec.check(dataset)
        x = masked_mean(early_fusion(dataset.modalities), dataset.mask)
        return -self.config.sharpness * torch.cdist(x, self.centroids)

    def state(self):
        return {"centroids": self.centroids}

    @classmethod
    def from_state(cls, config, spec, state):
        return cls(config, spec, take_tensor(state, "centroids", (spec.label.size, None)))


def main() -> float:
    """Accuracy of a system that was stored and read back."""
    noise, labels = torch.randn(90, 5, 4, generator=torch.Generator().manual_seed(0)), torch.arange(90) % 3
    data = mfm.Dataset.from_arrays({"left": noise + labels[:, None, None], "right": noise.flip(1)}, labels)
    with TemporaryDirectory() as folder:
        mfm.save(mfm.fit("centroid", data.part("train")), folder)
        return float((mfm.load(folder).predict(data).argmax(1) == data.labels).float().mean())


if __name__ == "__main__":
    print(f"centroid {main():.2f}, one of {len(mfm.system_names())} systems")
