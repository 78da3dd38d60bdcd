"""SVM-MD: a support vector machine on the means of all modalities (Zadeh et al., 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self, cast

import torch
from pydantic import Field
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.data.scaling import Scaling
from mfm_core.systems.base import DataSpec, OnReport, System, SystemConfig, fitting_parts, take_tensor
from mfm_core.systems.parts.kernels import machine_targets, validation_error
from mfm_core.systems.parts.means import known_labels, late_means
from mfm_core.systems.parts.network import label_scale_of, targets_of
from mfm_core.systems.parts.sequences import fit_scalings, scalings_state, take_scalings
from mfm_core.systems.registry import register_system

Penalty = Annotated[float, Field(gt=0, le=1e6)]


class SupportVectorConfig(SystemConfig):
    """Candidates of the choice.

    Attributes:
        penalties: Values of C, of which the one with the best validation result is taken, the smallest of equals.
        width: Of the kernel exp(-|x - y|^2 / (width * D * variance)) of D features; 1 is scikit-learn's ``scale``.
        epsilon: Error of a standardised score that costs nothing.
    """

    system: Literal["svm_md"] = "svm_md"
    penalties: Annotated[tuple[Penalty, ...], Field(min_length=1, max_length=20)] = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
    width: Annotated[float, Field(gt=0, le=1e3)] = 1.0
    epsilon: Annotated[float, Field(ge=0, le=10)] = 0.1

    @classmethod
    def search_space(cls) -> Mapping[str, tuple[bool | int | float | str, ...]]:
        """Width of the kernel and error that costs nothing; C is chosen in each fit."""
        return {"width": (0.3, 1.0, 3.0), "epsilon": (0.03, 0.1, 0.3)}


@register_system(
    "svm_md",
    title="SVM-MD",
    paper="Zadeh et al. (2016), Multimodal sentiment intensity analysis in videos, IEEE Intelligent Systems 31",
    place=3,
)
class SupportVectors(System):
    """One machine a class, each against the rest, or one a score; the logits are their decision values.

    The source trains a support vector machine on concatenated features and leaves open how a sequence becomes a vector,
    and the kernel: here means over the real steps and the radial basis.

    Args:
        config: Its configuration.
        spec: What it reads and predicts.
        scale: Of the features.
        label_scale: Mean and standard deviation of the scores, ``(2, size)``.
        vectors: Support vectors of all machines, ``(S, D)`` float32.
        dual: Their dual coefficients in each machine, ``(size, S)`` float64.
        intercept: Of each machine, ``(size,)`` float64.
        gamma: Of the kernel exp(-gamma |x - y|^2), ``()`` float64.
    """

    Config = SupportVectorConfig

    def __init__(
        self,
        config: SystemConfig,
        spec: DataSpec,
        scale: Mapping[str, Scaling],
        label_scale: Tensor,
        vectors: Tensor,
        dual: Tensor,
        intercept: Tensor,
        gamma: Tensor,
    ) -> None:
        super().__init__(config, spec)
        self.scale, self.label_scale = scale, label_scale
        self.vectors, self.dual, self.intercept, self.gamma = vectors, dual, intercept, gamma

    @classmethod
    def fit(
        cls, config: SystemConfig, train: Dataset, validation: Dataset | None, *, seed: int, on_report: OnReport
    ) -> Self:
        """Fit the machines for each C and keep those that do best on the validation samples."""
        config = cast(SupportVectorConfig, config)
        spec = DataSpec.of(train)
        train, validation = fitting_parts(train, validation, spec, seed)
        train, validation = known_labels(train), known_labels(validation)
        scale = fit_scalings(train)
        label_scale = label_scale_of(train.labels, spec)
        targets = targets_of(train.labels, label_scale, spec)
        x = late_means(train, scale)
        gamma = 1 / (config.width * x.shape[1] * max(float(x.double().var(correction=0)), 1e-12))
        best: tuple[float, Self] | None = None
        for step, penalty in enumerate(sorted(config.penalties), start=1):
            machines = fit_machines(config, x, targets, spec, penalty, gamma)
            system = cls(config, spec, scale, label_scale, *machines, torch.tensor(gamma, dtype=torch.float64))
            cost = validation_error(system.predict(validation), validation.labels, label_scale, spec)
            on_report(step, {"validation_cost": cost, "penalty": penalty, "epochs": float(len(config.penalties))})
            if best is None or cost < best[0]:
                best = cost, system
        return cast(tuple[float, Self], best)[1]

    def predict(self, dataset: Dataset) -> Tensor:
        """Decision values of the classes, or scores."""
        self.spec.check(dataset)
        x = late_means(dataset, self.scale).double()
        kernel = torch.exp(-self.gamma * torch.cdist(x, self.vectors.double()).square())  # (N, S)
        out = (kernel @ self.dual.T + self.intercept).float()
        return out if self.spec.classes else out * self.label_scale[1] + self.label_scale[0]

    def state(self) -> dict[str, Tensor]:
        """The machines and the scaling."""
        machines = {"vectors": self.vectors, "dual": self.dual, "intercept": self.intercept, "gamma": self.gamma}
        return machines | {"label_scale": self.label_scale} | scalings_state(self.scale)

    @classmethod
    def from_state(cls, config: SystemConfig, spec: DataSpec, state: Mapping[str, Tensor]) -> Self:
        """Back from :meth:`state`."""
        vectors = take_tensor(state, "vectors", (None, sum(stream.shape[0] for stream in spec.streams.values())))
        return cls(
            config,
            spec,
            take_scalings(state, spec),
            take_tensor(state, "label_scale", (2, spec.label.size)),
            vectors,
            take_tensor(state, "dual", (spec.label.size, len(vectors))),
            take_tensor(state, "intercept", (spec.label.size,)),
            take_tensor(state, "gamma", ()),
        )


def fit_machines(
    config: SupportVectorConfig,
    x: Tensor,
    targets: Tensor,
    spec: DataSpec,
    penalty: float,
    gamma: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Fit one machine an output.

    Returns:
        The training samples that support one of them ``(S, D)``, dual coefficients ``(size, S)``, intercepts
        ``(size,)``.
    """
    from sklearn.svm import SVC, SVR  # takes two seconds to import

    dual = torch.zeros(spec.label.size, len(x), dtype=torch.float64)
    intercept = torch.zeros(spec.label.size, dtype=torch.float64)
    for k, target in enumerate(machine_targets(targets, spec)):
        if spec.classes and bool((target == target[0]).all()):  # there is nothing to tell apart
            intercept[k] = float(2 * target[0] - 1)
            continue
        machine = SVC(C=penalty, gamma=gamma) if spec.classes else SVR(C=penalty, gamma=gamma, epsilon=config.epsilon)
        machine.fit(x.double().numpy(), target.numpy())
        dual[k, torch.from_numpy(machine.support_).long()] = torch.from_numpy(machine.dual_coef_[0])
        intercept[k] = float(machine.intercept_[0])
    supporting = (dual != 0).any(0)
    return x[supporting], dual[:, supporting], intercept
