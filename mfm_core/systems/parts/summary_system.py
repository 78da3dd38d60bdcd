"""Systems of hierarchical sequence summarization: layers of fields of hidden states over growing groups of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Self, cast

import torch
from pydantic import Field
from torch import Tensor

from mfm_core.config import Positive
from mfm_core.systems.base import DataSpec, OnReport, SystemConfig, take_tensor
from mfm_core.systems.parts.chain_models import ChainShape, draw_parameters, label_beliefs, label_scores, split
from mfm_core.systems.parts.chain_system import (
    FIRST_STEPS,
    ChainConfig,
    ChainSamples,
    ChainSystem,
    negative_log_likelihood,
    of_best_restart,
    restarts_of,
)
from mfm_core.systems.parts.sequences import take_scalings
from mfm_core.systems.parts.side_by_side import train_side_by_side
from mfm_core.systems.parts.soft_labels import n_outputs, take_anchors
from mfm_core.systems.parts.summaries import averaging, distances, group_steps

Groups = tuple[Tensor, Tensor] | None
"""Of a layer, the matrix that averages steps to groups ``(outputs, N, T, T)``, and which there are ``(outputs, N, T)``;
None where each step is its own group."""


class SummaryConfig(ChainConfig):
    """Layers of fields of hidden states.

    Attributes:
        layers: Layers at most; steps are grouped between them.
        gates: Gates of a view, the non-linear features of a layer.
        threshold: Of the grouping; larger makes larger groups.
    """

    layers: Annotated[int, Field(gt=0, le=8)] = 3
    gates: Positive = 8
    threshold: Annotated[float, Field(ge=0, le=1e3)] = 0.5


class SummarySystem(ChainSystem):
    """Layers over groups of steps; a subclass says which views there are."""

    @classmethod
    def shape(cls, config: SystemConfig, spec: DataSpec) -> ChainShape:
        """The structure of every layer, which reads gates."""
        below = super().shape(config, spec)
        gates = (cast(SummaryConfig, config).gates,) * len(below.widths)
        return ChainShape(gates, below.states, below.labels, below.topology, below.disjoint)

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
        """Train layer by layer, each from the parameters of the one below, on the groups that the one below found."""
        config = cast(SummaryConfig, config)
        shape, outputs = cls.shape(config, spec), n_outputs(spec)
        x, mask, y = samples.x, samples.mask, samples.y
        generator = torch.Generator().manual_seed(seed)
        restarts = restarts_of(config, outputs)
        start = draw_parameters(shape, restarts, generator, n_outputs=outputs, spread=8.0)
        start |= draw_gates(x, config.gates, restarts * outputs, generator)
        groups: Groups = None
        groups_val: Groups = None
        layers: dict[str, Tensor] = {}
        for layer in range(config.layers):

            def cost(p: Mapping[str, Tensor], batch: Tensor, groups: Groups = groups) -> Tensor:
                of_batch = None if groups is None else (groups[0][:, batch], groups[1][:, batch])
                scores = label_scores(shape, p, *gated(p, [one[batch] for one in x], mask[batch], of_batch))
                return negative_log_likelihood(shape, scores, y[:, batch])

            def validation_cost(p: Mapping[str, Tensor], groups: Groups = groups_val) -> Tensor:
                scores = label_scores(shape, p, *gated(p, held_out.x, held_out.mask, groups))
                return negative_log_likelihood(shape, scores, held_out.y)

            best, costs = train_side_by_side(
                config, start, cost, validation_cost, len(mask), seed, on_report, 0 if layer else FIRST_STEPS
            )
            start = of_best_restart(best, costs, outputs)  # also of the layer above
            layers |= {f"{layer}.{name}": value for name, value in start.items()}
            groups = next_groups(shape, start, x, mask, groups, config.threshold)[1]
            groups_val = next_groups(shape, start, held_out.x, held_out.mask, groups_val, config.threshold)[1]
        return layers

    def _log_probabilities(self, x: Sequence[Tensor], mask: Tensor) -> Tensor:
        config, shape = cast(SummaryConfig, self.config), self.shape(self.config, self.spec)
        groups: Groups = None
        total = torch.zeros(())
        for layer in range(config.layers):
            of_layer = {name: self.parameters[f"{layer}.{name}"] for name in self.sizes(config, self.spec)}
            scores, groups = next_groups(shape, of_layer, x, mask, groups, config.threshold)
            total = total + scores.log_softmax(2) / config.layers
        return total.log_softmax(2)

    @classmethod
    def sizes(cls, config: SummaryConfig, spec: DataSpec) -> dict[str, tuple[int, ...]]:
        """Shape of every parameter of a layer, those of its gates among them."""
        sizes = cls.shape(config, spec).parameters()
        for view, width in enumerate(ChainSystem.shape.__func__(cls, config, spec).widths):  # type: ignore[attr-defined]
            sizes |= {f"gate.{view}": (width, config.gates), f"gate_bias.{view}": (1, config.gates)}
        return sizes

    @classmethod
    def from_state(cls, config: SystemConfig, spec: DataSpec, state: Mapping[str, Tensor]) -> Self:
        """Back from :meth:`state`."""
        summary, outputs = cast(SummaryConfig, config), n_outputs(spec)
        parameters = {
            f"{layer}.{name}": take_tensor(state, f"parameters.{layer}.{name}", (outputs, *size))
            for layer in range(summary.layers)
            for name, size in cls.sizes(summary, spec).items()
        }
        return cls(config, spec, parameters, take_scalings(state, spec), take_anchors(state, spec))


def draw_gates(views: Sequence[Tensor], gates: int, n_models: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Weights of the gates of each view, which begin with inputs of a standard deviation of about 2."""
    found = {}
    for view, x in enumerate(views):
        found[f"gate.{view}"] = 2 * torch.randn(n_models, x.shape[2], gates, generator=generator) / x.shape[2] ** 0.5
        found[f"gate_bias.{view}"] = torch.zeros(n_models, 1, gates)
    return found


def gated(
    parameters: Mapping[str, Tensor], views: Sequence[Tensor], mask: Tensor, groups: Groups
) -> tuple[list[Tensor], Tensor]:
    """Gates of each view, averaged over the steps of a group, ``(models, N, T, gates)``, and which groups there are.

    Less a half, which the potentials of labels and states make up for: so that states begin equally likely.

    Args:
        parameters: ``gate`` and ``gate_bias`` of each view.
        views: ``(N, T, d)``, real steps in front.
        mask: Real steps ``(N, T)``.
        groups: Of each output; models of one output follow each other by restart.
    """
    found = []
    for view, x in enumerate(views):
        weights, bias = parameters[f"gate.{view}"], parameters[f"gate_bias.{view}"]
        gates = (x.flatten(0, 1) @ weights + bias).sigmoid().reshape(-1, *x.shape[:2], weights.shape[2]) - 0.5
        if groups is not None:
            gates = groups[0].repeat(len(gates) // len(groups[0]), 1, 1, 1) @ gates
        found.append(gates)
    return found, mask if groups is None else groups[1].repeat(len(found[0]) // len(groups[1]), 1, 1)


@torch.no_grad()
def next_groups(
    shape: ChainShape,
    parameters: Mapping[str, Tensor],
    views: Sequence[Tensor],
    mask: Tensor,
    groups: Groups,
    threshold: float,
) -> tuple[Tensor, Groups]:
    """Label scores of a layer ``(outputs, N, labels)``, and the groups of steps that it makes of its own groups."""
    features, there = gated(parameters, views, mask, groups)
    scores, marginals = label_beliefs(shape, parameters, features, there)
    there = there.expand(len(scores), *mask.shape)
    group = group_steps(distances(marginals.flatten(0, 1)), there.flatten(0, 1), threshold)
    matrix, kept = averaging(group, there.flatten(0, 1))
    matrix, kept = split(matrix, 0, len(scores)), split(kept, 0, len(scores))
    if groups is None:
        return scores, (matrix, kept)
    # A step counts in a group as much as every other, however it came there: averages of groups by their sizes.
    members = (matrix > 0).float() @ (groups[0] > 0).float()
    return scores, (members / members.sum(3, keepdim=True).clamp_min(1), kept)
