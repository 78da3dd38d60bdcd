"""Systems that are a conditional random field with hidden states, trained by maximum likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self, cast

import torch
from pydantic import Field
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.data.scaling import Scaling
from mfm_core.networks.steps import in_front, to_front
from mfm_core.printing import short_repr
from mfm_core.systems.base import DataSpec, OnReport, System, SystemConfig, fitting_parts, take_tensor
from mfm_core.systems.parts.chain_models import (
    ChainShape,
    Topology,
    draw_parameters,
    label_scores,
    step_label_scores,
)
from mfm_core.systems.parts.sequences import (
    batches,
    early_fusion,
    fit_scalings,
    real_steps,
    scalings_state,
    standardised_inputs,
    take_scalings,
)
from mfm_core.systems.parts.side_by_side import SideBySideConfig, train_side_by_side
from mfm_core.systems.parts.soft_labels import (
    anchors_of,
    n_categories,
    n_outputs,
    predictions,
    soft_labels,
    take_anchors,
)

MAX_STATES = 512
"""Joint states, of all labels, at most: the matrix of transitions has their square."""
USUAL_STATES = 64
FIRST_STEPS = 100
"""Steps from a random start before patience counts."""
MODELS = 8
"""Models trained side by side by default where there are several scores: restarts times scores."""


class ChainConfig(SideBySideConfig):
    """A field of hidden states.

    Attributes:
        states: Hidden states of a view (of a view and a label where labels have their own); without it 4 of one view,
            and of several as many, from 4 to 2, as leave at most 64 joint states.
    """

    states: Annotated[int, Field(gt=0, le=64)] | None = None

    @classmethod
    def search_space(cls) -> Mapping[str, tuple[bool | int | float | str, ...]]:
        """Learning rate and prior."""
        return {"learning_rate": (0.02, 0.06), "l2": (0.3, 1.0, 3.0, 10.0)}


class OwnStatesConfig(ChainConfig):
    """The prior is weaker where each label has its own states, which see fewer samples."""

    l2: Annotated[float, Field(ge=0, le=1e6)] = 0.3


@dataclass(frozen=True)
class ChainSamples:
    """Samples that a field is fitted to.

    Attributes:
        x: Of each view, standardised, ``(N, T, d)``, real steps in front.
        mask: Real steps, ``(N, T)``.
        y: Weights of the labels, ``(outputs, N, labels)``.
    """

    x: list[Tensor]
    mask: Tensor
    y: Tensor

    __repr__ = short_repr


class ChainSystem(System):
    """A field of hidden states over the standardised features; a subclass says which.

    Attributes:
        fused: All modalities side by side as one view, rather than a view each.
        topology: Which states of different views are tied.
        disjoint: Each label has hidden states of its own.
    """

    fused: ClassVar[bool]
    topology: ClassVar[Topology] = "linked"
    disjoint: ClassVar[bool] = False

    def __init__(
        self,
        config: SystemConfig,
        spec: DataSpec,
        parameters: Mapping[str, Tensor],
        scale: Mapping[str, Scaling],
        anchors: Tensor,
    ) -> None:
        super().__init__(config, spec)
        self.parameters, self.scale, self.anchors = dict(parameters), scale, anchors

    @classmethod
    def shape(cls, config: SystemConfig, spec: DataSpec) -> ChainShape:
        """The structure for data of this kind.

        Raises:
            ValueError: If the joint states are more than exact inference takes.
        """
        config = cast(ChainConfig, config)
        widths = tuple(stream.shape[0] for stream in spec.streams.values())
        widths = (sum(widths),) if cls.fused else widths
        labels = n_categories(spec)
        of_labels = labels if cls.disjoint else 1
        usual = next((h for h in (4, 3) if of_labels * h ** len(widths) <= USUAL_STATES), 2)
        states = config.states or (4 if len(widths) == 1 else usual)
        if (n_states := of_labels * states ** len(widths)) > MAX_STATES:
            raise ValueError(
                f"config.states: expected at most {MAX_STATES} joint states of {len(widths)} views and "
                f"{of_labels} labels, got {n_states} with {states} a view"
            )
        return ChainShape(widths, states, labels, cls.topology, cls.disjoint)

    @classmethod
    def fit(
        cls, config: SystemConfig, train: Dataset, validation: Dataset | None, *, seed: int, on_report: OnReport
    ) -> Self:
        """Maximise the likelihood of the labels, from several starts, and keep the best on the validation data."""
        spec = DataSpec.of(train)
        train, validation = fitting_parts(train, validation, spec, seed)
        scale, anchors = fit_scalings(train), anchors_of(train.labels, spec)
        samples, held_out = (
            ChainSamples(*cls.views(scale, part), soft_labels(part.labels, anchors, spec))
            for part in (train, validation)
        )
        parameters = cls.train_fields(config, spec, samples, held_out, seed=seed, on_report=on_report)
        return cls(config, spec, parameters, scale, anchors)

    @classmethod
    def train_fields(
        cls,
        config: SystemConfig,
        spec: DataSpec,
        samples: ChainSamples,
        held_out: ChainSamples,
        *,
        seed: int,
        on_report: OnReport,
    ) -> dict[str, Tensor]:
        """The parameters of each output, ``(outputs, …)``: of the start that is best on the held-out samples."""
        config = cast(ChainConfig, config)
        shape, outputs = cls.shape(config, spec), n_outputs(spec)

        def cost(parameters: Mapping[str, Tensor], batch: Tensor) -> Tensor:
            scores = label_scores(shape, parameters, [one[batch] for one in samples.x], samples.mask[batch])
            return negative_log_likelihood(shape, scores, samples.y[:, batch])

        def validation_cost(parameters: Mapping[str, Tensor]) -> Tensor:
            scores = label_scores(shape, parameters, held_out.x, held_out.mask)
            return negative_log_likelihood(shape, scores, held_out.y)

        generator = torch.Generator().manual_seed(seed)
        start = draw_parameters(shape, restarts_of(config, outputs), generator, n_outputs=outputs)
        n = len(samples.mask)
        best, costs = train_side_by_side(config, start, cost, validation_cost, n, seed, on_report, FIRST_STEPS)
        return of_best_restart(best, costs, outputs)

    @classmethod
    def views(cls, scale: Mapping[str, Scaling], dataset: Dataset) -> tuple[list[Tensor], Tensor]:
        """Standardised features of each view, ``(N, T, d)``, and their real steps ``(N, T)``, both in front."""
        mask = real_steps(dataset)
        inputs = standardised_inputs(dataset, scale)
        parts = [early_fusion(inputs)] if cls.fused else list(inputs.values())
        return [to_front(x, mask) for x in parts], in_front(mask)

    def predict(self, dataset: Dataset) -> Tensor:
        """Log probabilities of classes ``(N, n_labels)``, or expected scores ``(N, size)``."""
        self.spec.check(dataset)
        x, mask = self.views(self.scale, dataset)
        parts = [self._log_probabilities([one[i] for one in x], mask[i]) for i in batches(len(dataset))]
        shape = (n_outputs(self.spec), 0, n_categories(self.spec))
        return predictions(torch.cat(parts, dim=1) if parts else torch.zeros(shape), self.anchors, self.spec)

    def _log_probabilities(self, x: Sequence[Tensor], mask: Tensor) -> Tensor:
        scores = step_label_scores if self.disjoint else label_scores
        with torch.no_grad():
            return scores(self.shape(self.config, self.spec), self.parameters, x, mask).log_softmax(2)

    def state(self) -> dict[str, Tensor]:
        """The parameters, the scaling of features and the anchors of scores."""
        parameters = {f"parameters.{name}": x for name, x in self.parameters.items()}
        return parameters | scalings_state(self.scale) | {"anchors": self.anchors}

    @classmethod
    def from_state(cls, config: SystemConfig, spec: DataSpec, state: Mapping[str, Tensor]) -> Self:
        """Back from :meth:`state`."""
        outputs, shapes = n_outputs(spec), cls.shape(config, spec).parameters()
        parameters = {name: take_tensor(state, f"parameters.{name}", (outputs, *size)) for name, size in shapes.items()}
        return cls(config, spec, parameters, take_scalings(state, spec), take_anchors(state, spec))


def restarts_of(config: SideBySideConfig, n_outputs: int) -> int:
    """Restarts, fewer where there are many scores: 8 models in all, and at least one of each score."""
    return config.restarts if n_outputs == 1 else max(1, min(config.restarts, MODELS // n_outputs))


def negative_log_likelihood(shape: ChainShape, scores: Tensor, targets: Tensor) -> Tensor:
    """Negative log likelihood of each model, ``(models,)``: models of one output follow each other by restart.

    Args:
        shape: The structure of the models.
        scores: ``(restarts * outputs, N, labels)`` of :func:`label_scores`.
        targets: Weights of the labels, ``(outputs, N, labels)``.
    """
    likelihood = scores if shape.disjoint else scores.log_softmax(2)
    weights = targets.repeat(len(scores) // len(targets), 1, 1)
    return -(weights * likelihood).sum((1, 2)) / weights.sum((1, 2)).clamp_min(1)


def of_best_restart(parameters: Mapping[str, Tensor], costs: Tensor, n_outputs: int) -> dict[str, Tensor]:
    """Of each output the parameters of the restart of least cost, ``(outputs, …)``."""
    by_restart = torch.where(costs.isfinite(), costs, torch.inf).view(-1, n_outputs)
    chosen = by_restart.argmin(0) * n_outputs + torch.arange(n_outputs)
    return {name: x[chosen].clone() for name, x in parameters.items()}
