"""THMM: one hidden Markov model a label, whose states emit all modalities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self, cast

import torch
from pydantic import Field
from torch import Tensor

from mfm_core.config import Positive
from mfm_core.data.dataset import Dataset
from mfm_core.data.scaling import Scaling
from mfm_core.networks.steps import in_front, to_front
from mfm_core.systems.base import DataSpec, OnReport, System, SystemConfig, fitting_parts, take_tensor
from mfm_core.systems.parts.gaussian_hmm import GaussianHmms, beliefs, fit_models
from mfm_core.systems.parts.sequences import (
    early_fusion,
    fit_scalings,
    real_steps,
    scalings_state,
    standardised_inputs,
    take_scalings,
)
from mfm_core.systems.parts.soft_labels import (
    anchors_of,
    n_categories,
    n_outputs,
    predictions,
    soft_labels,
    take_anchors,
)
from mfm_core.systems.registry import register_system

TEMPERATURES = torch.logspace(-3, 0, 31)


class ThmmConfig(SystemConfig):
    """How the models are fitted.

    Attributes:
        states: Numbers of hidden states to try; the best on the validation data is kept.
        restarts: Starts of each.
        iterations: Of Baum-Welch at most.
    """

    system: Literal["thmm"] = "thmm"
    states: Annotated[tuple[Annotated[int, Field(gt=0, le=64)], ...], Field(min_length=1, max_length=8)] = (2, 4, 6)
    restarts: Positive = 2
    iterations: Positive = 30


@register_system(
    "thmm", title="THMM", paper="Morency, Mihalcea, Doshi (2011), Towards multimodal sentiment analysis, ICMI", place=4
)
class Thmm(System):
    """A tri-modal hidden Markov model of each label; a sequence has the label of the model that finds it likeliest.

    A state emits the features of every modality at a step, each normal and independent given the state, so that the
    modalities meet in the state. Fitted by Baum-Welch, with a prior worth 5 steps of mean 0 and variance 1 of the
    standardised features. A modality that a sample lacks is summed out exactly.

    The source leaves open: the number of states (2, 4 or 6 by the validation data), starts (clusters of the steps), how
    sure the label is (log likelihoods are multiplied by one factor of at most 1, that of the least validation
    cross-entropy, which changes no label unless the labels' frequencies differ), and scores (a model of each of 5
    anchor values, a score counting for the two around it; predicted is the anchors' mean).

    Args:
        config: Its configuration.
        spec: What it reads and predicts.
        models: Of each output's labels, one after the other.
        prior: Log frequencies of the labels, ``(outputs, labels)``.
        temperature: Factor of the log likelihoods of each output, ``(outputs,)``.
        scale: Of the features.
        anchors: Of scores.
    """

    Config = ThmmConfig

    def __init__(
        self,
        config: SystemConfig,
        spec: DataSpec,
        models: GaussianHmms,
        prior: Tensor,
        temperature: Tensor,
        scale: Mapping[str, Scaling],
        anchors: Tensor,
    ) -> None:
        super().__init__(config, spec)
        self.models, self.prior, self.temperature = models, prior, temperature
        self.scale, self.anchors = scale, anchors

    @classmethod
    def fit(
        cls, config: SystemConfig, train: Dataset, validation: Dataset | None, *, seed: int, on_report: OnReport
    ) -> Self:
        """Fit models of each number of states from each start, and keep the best on the validation data."""
        config = cast(ThmmConfig, config)
        spec = DataSpec.of(train)
        train, validation = fitting_parts(train, validation, spec, seed)
        scale, anchors = fit_scalings(train), anchors_of(train.labels, spec)
        data, data_val = _read(scale, train), _read(scale, validation)
        y, y_val = (soft_labels(part.labels, anchors, spec).double() for part in (train, validation))
        weights = y.permute(0, 2, 1).reshape(-1, len(train))  # (outputs * labels, N)
        counts = y.sum(1) + 0.5
        prior = (counts / counts.sum(1, keepdim=True)).log()
        generator = torch.Generator().manual_seed(seed)
        best: tuple[float, Self] | None = None
        tries = [states for states in config.states for _ in range(config.restarts)]
        for step, states in enumerate(tries, start=1):
            models, _ = fit_models(*data, weights, states, config.iterations, generator)
            likelihood = _by_output(beliefs(models, *data_val).log_partition, len(anchors))
            temperature, cost = _temperature(likelihood, prior, y_val)
            on_report(step, {"validation_cost": cost, "steps": float(len(tries))})
            if best is None or cost < best[0]:
                best = cost, cls(config, spec, models, prior, temperature, scale, anchors)
        return cast(tuple[float, Self], best)[1]

    def predict(self, dataset: Dataset) -> Tensor:
        """Log probabilities of classes ``(N, n_labels)``, or expected scores ``(N, size)``."""
        self.spec.check(dataset)
        likelihood = _by_output(beliefs(self.models, *_read(self.scale, dataset)).log_partition, len(self.anchors))
        log = (likelihood * self.temperature[:, None, None] + self.prior.unsqueeze(1)).log_softmax(2)
        return predictions(log.float(), self.anchors, self.spec)

    def state(self) -> dict[str, Tensor]:
        """The models, what their likelihoods are weighed by, the scaling of features and the anchors of scores."""
        models = {
            f"models.{name}": getattr(self.models, name) for name in ("start", "transitions", "means", "variances")
        }
        return (
            models
            | scalings_state(self.scale)
            | {
                "prior": self.prior,
                "temperature": self.temperature,
                "anchors": self.anchors,
            }
        )

    @classmethod
    def from_state(cls, config: SystemConfig, spec: DataSpec, state: Mapping[str, Tensor]) -> Self:
        """Back from :meth:`state`."""
        outputs, labels = n_outputs(spec), n_categories(spec)
        k, width = outputs * labels, sum(stream.shape[0] for stream in spec.streams.values())
        start = take_tensor(state, "models.start", (k, None))
        h = start.shape[1]
        models = GaussianHmms(
            start,
            take_tensor(state, "models.transitions", (k, h, h)),
            take_tensor(state, "models.means", (k, h, width)),
            take_tensor(state, "models.variances", (k, h, width)),
        )
        return cls(
            config,
            spec,
            models,
            take_tensor(state, "prior", (outputs, labels)),
            take_tensor(state, "temperature", (outputs,)),
            take_scalings(state, spec),
            take_anchors(state, spec),
        )


def _read(scale: Mapping[str, Scaling], dataset: Dataset) -> tuple[Tensor, Tensor, Tensor]:
    """Features with real steps in front ``(N, T, D)``, which of them a sample has ``(N, D)``, real steps ``(N, T)``."""
    mask, inputs = real_steps(dataset), standardised_inputs(dataset, scale)
    seen = [dataset.has(name)[:, None].expand(-1, x.shape[2]) for name, x in inputs.items()]
    return to_front(early_fusion(inputs), mask).double(), torch.cat(seen, dim=1).double(), in_front(mask)


def _by_output(likelihood: Tensor, outputs: int) -> Tensor:
    """``(outputs * labels, N)`` as ``(outputs, N, labels)``."""
    return likelihood.reshape(outputs, len(likelihood) // outputs, -1).transpose(1, 2)


def _temperature(likelihood: Tensor, prior: Tensor, targets: Tensor) -> tuple[Tensor, float]:
    """The factor of least cross-entropy of each output, ``(outputs,)``, and the mean of those cross-entropies."""
    log = (likelihood * TEMPERATURES.double().view(-1, 1, 1, 1) + prior.unsqueeze(1)).log_softmax(3)
    cost = -(targets * log).sum((2, 3)) / targets.sum((1, 2)).clamp_min(1)  # (temperatures, outputs)
    least, place = cost.min(0)
    return TEMPERATURES.double()[place], float(least.mean())
