"""Majority: the commonest class of the training labels, or their median, whatever the input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.systems.base import DataSpec, OnReport, System, SystemConfig, take_tensor
from mfm_core.systems.registry import register_system


class MajorityConfig(SystemConfig):
    """Majority has nothing to choose."""

    system: Literal["majority"] = "majority"


@register_system(
    "majority",
    title="Majority",
    paper="Tsai et al. (2019), supplement: the lower bound of the tables",
    reads=("sequence", "image"),
    place=1,
)
class Majority(System):
    """Predicts the log frequencies of the training classes, or the median of the known training scores.

    The paper does not say what Majority predicts for scores; the median is the constant of least absolute error.
    """

    Config = MajorityConfig

    def __init__(self, config: SystemConfig, spec: DataSpec, prediction: Tensor) -> None:
        super().__init__(config, spec)
        self.prediction = prediction  # (size,)

    @classmethod
    def fit(
        cls, config: SystemConfig, train: Dataset, validation: Dataset | None, *, seed: int, on_report: OnReport
    ) -> Self:
        """Count the training labels."""
        del validation, seed
        spec = DataSpec.of(train)
        if spec.classes:
            counts = torch.bincount(train.labels, minlength=spec.label.size).float()
            prediction = ((counts + 1e-6) / counts.sum()).log()
        else:
            prediction = train.labels.float().nanquantile(0.5, dim=0).nan_to_num(0)
        on_report(1, {})
        return cls(config, spec, prediction)

    def predict(self, dataset: Dataset) -> Tensor:
        """The same for every sample, ``(N, size)``."""
        self.spec.check(dataset)
        return self.prediction.expand(len(dataset), -1).clone()

    def state(self) -> dict[str, Tensor]:
        """The prediction."""
        return {"prediction": self.prediction}

    @classmethod
    def from_state(cls, config: SystemConfig, spec: DataSpec, state: Mapping[str, Tensor]) -> Self:
        """Back from :meth:`state`."""
        return cls(config, spec, take_tensor(state, "prediction", (spec.label.size,)))
