"""C-MKL: convolutional features of each modality, and multiple kernel learning over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from mfm_core.config import Positive, Share
from mfm_core.data.dataset import Dataset
from mfm_core.data.scaling import Scaling
from mfm_core.systems.base import DataSpec, OnReport, System, SystemConfig, fitting_parts, take_tensor, take_weights
from mfm_core.systems.parts.kernels import KernelMachine, fit_lp_mkl, machine_targets, rbf, validation_error
from mfm_core.systems.parts.means import known_labels
from mfm_core.systems.parts.network import label_scale_of, targets_of
from mfm_core.systems.parts.sequences import (
    fit_scalings,
    mean_and_spread,
    real_steps,
    scalings_state,
    standardised_inputs,
    take_scalings,
)
from mfm_core.systems.parts.stream_networks import StreamNetwork, train_streams
from mfm_core.systems.registry import register_system


class CMklConfig(SystemConfig):
    """Sizes and training of the networks and machines.

    Attributes:
        channels: Filters of each length.
        kernels: Lengths of the filters in steps.
        features: Features of a network.
        dropout: Share of units left out while a network is trained.
        epochs: Of the networks.
        penalties: Values of C to try; the best on the validation data is kept.
        norm: p of the norm of the kernels' weights.
        epsilon: Of the support vector regression, in standard deviations of the score.
    """

    system: Literal["c_mkl"] = "c_mkl"
    channels: Positive = 16
    kernels: Annotated[tuple[Positive, ...], Field(min_length=1, max_length=4)] = (1, 2, 3)
    features: Positive = 16
    dropout: Share = 0.2
    epochs: Positive = 40
    penalties: Annotated[tuple[Annotated[float, Field(gt=0, le=1e6)], ...], Field(min_length=1, max_length=16)] = (
        0.1,
        1.0,
        10.0,
    )
    norm: Annotated[float, Field(gt=1, le=100)] = 1.5
    epsilon: Annotated[float, Field(ge=0, le=10)] = 0.1


@register_system(
    "c_mkl",
    title="C-MKL",
    paper="Poria, Chaturvedi, Cambria, Hussain (2016), Convolutional MKL based multimodal emotion recognition, ICDM",
    place=6,
)
class CMkl(System):
    """Two RBF kernels of each modality, of the features of its network and of its means and deviations over the steps.

    Support vector machines on their weighed sum, one a class or score. The sum of kernels of one modality each is a sum
    of functions of one modality each: an interaction that no modality shows alone cannot be found.

    The source reads text and video by convolutional networks and audio by statistics of an extractor, which are not
    part of the data here: every modality has both. It leaves open which multiple kernel learning it uses with what
    constraint: here lp-norm MKL, p = 1.5. C is chosen on the validation data. The kernels of a modality are 0 between
    samples of which one lacks it. Samples of which a score is not known are not learnt from.

    Args:
        config: Its configuration.
        spec: What it reads and predicts.
        networks: By modality.
        scale: Of the features.
        machines: ``weights (size, kernels)``, ``dual (size, S)``, ``intercept (size,)``, ``gamma (kernels,)``, and of
            the supporting samples the inputs of each kernel, ``points.0 (S, D)`` and so on, and ``has (S, kernels)``.
        label_scale: Mean and standard deviation of scores, ``(2, size)``.
    """

    Config = CMklConfig

    def __init__(
        self,
        config: SystemConfig,
        spec: DataSpec,
        networks: nn.ModuleDict,
        scale: Mapping[str, Scaling],
        machines: Mapping[str, Tensor],
        label_scale: Tensor,
    ) -> None:
        super().__init__(config, spec)
        self.networks, self.scale = networks.eval().requires_grad_(requires_grad=False), scale
        self.machines, self.label_scale = dict(machines), label_scale

    @classmethod
    def fit(
        cls, config: SystemConfig, train: Dataset, validation: Dataset | None, *, seed: int, on_report: OnReport
    ) -> Self:
        """Train the networks, then fit the machines for each C and keep the best on the validation data."""
        config = cast(CMklConfig, config)
        spec = DataSpec.of(train)
        train, validation = fitting_parts(train, validation, spec, seed)
        train, validation = known_labels(train), known_labels(validation)
        scale, label_scale = fit_scalings(train), label_scale_of(train.labels, spec)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)  # of the weights' initialisation and of dropout
            data, data_val = (
                (standardised_inputs(part, scale), real_steps(part), targets_of(part.labels, label_scale, spec))
                for part in (train, validation)
            )
            networks = train_streams(
                build_networks(config, spec), data, data_val, label=spec.label, epochs=config.epochs, seed=seed
            )
        points, has = kernel_inputs(networks, scale, train)
        gamma = torch.tensor([1 / (p.shape[1] * max(float(p.double().var()), 1e-6)) for p in points]).double()
        kernels = kernel_values(points, has, points, has, gamma)
        best: tuple[float, Self] | None = None
        for step, penalty in enumerate(sorted(config.penalties), start=1):
            found = [
                _fit_one(kernels, target, config, penalty, classes=spec.classes)
                for target in machine_targets(data[2], spec)
            ]
            machines = {
                "weights": torch.stack([one.weights for one in found]),
                "dual": torch.stack([one.dual for one in found]),
                "intercept": torch.tensor([one.intercept for one in found]).double(),
                "gamma": gamma,
                "has": has,
            } | {f"points.{i}": x for i, x in enumerate(points)}
            system = cls(config, spec, networks, scale, machines, label_scale)
            cost = validation_error(system.predict(validation), validation.labels, label_scale, spec)
            on_report(step, {"validation_cost": cost, "penalty": penalty, "steps": float(len(config.penalties))})
            if best is None or cost < best[0]:
                best = cost, system
        chosen = cast(tuple[float, Self], best)[1]
        supporting = (chosen.machines["dual"] != 0).any(0)
        for name in ("has", *(f"points.{i}" for i in range(len(points)))):
            chosen.machines[name] = chosen.machines[name][supporting]
        chosen.machines["dual"] = chosen.machines["dual"][:, supporting]
        return chosen

    def predict(self, dataset: Dataset) -> Tensor:
        """Decision values of the classes ``(N, n_labels)``, or scores ``(N, size)``."""
        self.spec.check(dataset)
        points, has = kernel_inputs(self.networks, self.scale, dataset)
        m = self.machines
        support = [m[f"points.{i}"] for i in range(len(points))]
        kernels = kernel_values(points, has, support, m["has"], m["gamma"])  # (kernels, N, S)
        out = torch.einsum("km,mns,ks->nk", m["weights"], kernels, m["dual"]) + m["intercept"]
        return (out if self.spec.classes else out * self.label_scale[1] + self.label_scale[0]).float()

    def state(self) -> dict[str, Tensor]:
        """The networks, the machines and the scalings."""
        networks = {f"networks.{name}": x for name, x in self.networks.state_dict().items()}
        return networks | self.machines | scalings_state(self.scale) | {"label_scale": self.label_scale}

    @classmethod
    def from_state(cls, config: SystemConfig, spec: DataSpec, state: Mapping[str, Tensor]) -> Self:
        """Back from :meth:`state`."""
        config = cast(CMklConfig, config)
        with torch.device("meta"):
            networks = build_networks(config, spec)
        take_weights(networks, state, "networks")
        widths = [w for s in spec.streams.values() for w in (config.features, 2 * s.shape[0])]
        n_kernels, size = len(widths), spec.label.size
        dual = take_tensor(state, "dual", (size, None))
        support = dual.shape[1]
        machines = {
            "weights": take_tensor(state, "weights", (size, n_kernels)),
            "dual": dual,
            "intercept": take_tensor(state, "intercept", (size,)),
            "gamma": take_tensor(state, "gamma", (n_kernels,)),
            "has": take_tensor(state, "has", (support, n_kernels)),
        } | {f"points.{i}": take_tensor(state, f"points.{i}", (support, width)) for i, width in enumerate(widths)}
        scale, label_scale = take_scalings(state, spec), take_tensor(state, "label_scale", (2, size))
        return cls(config, spec, networks, scale, machines, label_scale)


def build_networks(config: CMklConfig, spec: DataSpec) -> nn.ModuleDict:
    """A network of each modality."""
    size = spec.label.size
    return nn.ModuleDict(
        {
            name: StreamNetwork(stream.shape[0], config.channels, config.kernels, config.features, size, config.dropout)
            for name, stream in spec.streams.items()
        }
    )


def kernel_inputs(
    networks: nn.ModuleDict, scale: Mapping[str, Scaling], dataset: Dataset
) -> tuple[list[Tensor], Tensor]:
    """Input of the kernels, and which samples have it.

    Returns:
        Of each modality the features of its network ``(N, features)``, and the means and standard deviations of its
        features over the real steps ``(N, 2 d)``; and 1 where a sample has the modality, ``(N, kernels)`` float64.
    """
    inputs, mask = standardised_inputs(dataset, scale), real_steps(dataset)
    points, has = [], []
    for name, x in inputs.items():
        with torch.no_grad():
            features = cast(StreamNetwork, networks[name]).features(x, mask)
        points += [features, mean_and_spread(x, mask)]
        has += 2 * [dataset.has(name).double()]
    return points, torch.stack(has, dim=1)


def kernel_values(a: list[Tensor], has_a: Tensor, b: list[Tensor], has_b: Tensor, gamma: Tensor) -> Tensor:
    """Every kernel between two sets of samples, ``(kernels, N, S)`` float64."""
    values = [rbf(a[i], b[i], float(gamma[i])) * has_a[:, i, None] * has_b[None, :, i] for i in range(len(a))]
    return torch.stack(values)


def _fit_one(kernels: Tensor, target: Tensor, config: CMklConfig, penalty: float, *, classes: bool) -> KernelMachine:
    if classes and bool((target == target[0]).all()):  # there is nothing to tell apart
        weights = torch.full((len(kernels),), len(kernels) ** (-1 / config.norm)).double()
        return KernelMachine(weights, torch.zeros(len(target)).double(), float(2 * target[0] - 1))
    from sklearn.svm import SVC, SVR  # takes two seconds to import

    machine = (
        SVC(C=penalty, kernel="precomputed")
        if classes
        else SVR(C=penalty, kernel="precomputed", epsilon=config.epsilon)
    )
    return fit_lp_mkl(kernels, target, machine, config.norm)
