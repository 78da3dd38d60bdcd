"""Conditional random fields with hidden states: one chain or one a view, shared by the labels or of each label's own.

Many models are computed side by side: restarts from other numbers, and one model a score. Their parameters have the
model as the first dimension.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from mfm_core.systems.parts.chains import forward_backward, log_partition

Topology = Literal["linked", "coupled"]
Role = Literal["observation", "label", "within", "between"]
Parameters = Mapping[str, Tensor]


@dataclass(frozen=True)
class Potential:
    """One potential of a model, and the parameters that it has.

    Attributes:
        role: What it ties: features of a view and its state (observation), a label and a state (label), states of one
            view at a step and the next (within), or states of two views (between).
        views: The view, or the two views in order.
        size: Shape of its parameters in one model.
    """

    role: Role
    views: tuple[int, ...]
    size: tuple[int, ...]

    @property
    def name(self) -> str:
        """Name of its parameters, see :func:`name_of`."""
        return name_of(self.role, *self.views)


def name_of(role: Role, *views: int) -> str:
    """Name of the parameters of a potential where they are kept, such as ``between.0.1``."""
    return ".".join((role, *map(str, views)))


@dataclass(frozen=True)
class ChainShape:
    """The structure of a model.

    Attributes:
        widths: Features of each view; one view for early fusion.
        states: Hidden states of a view; with ``disjoint`` of a view and a label.
        labels: Number of labels.
        topology: Which pairs of states of different views have a potential: those of the same step (linked), or of a
            step and the next (coupled).
        disjoint: Each label has hidden states of its own, as in LDCRF, rather than all of them sharing, as in HCRF.
    """

    widths: tuple[int, ...]
    states: int
    labels: int
    topology: Topology = "linked"
    disjoint: bool = False

    @property
    def n_joint(self) -> int:
        """Joint states of all views, of one label where they are disjoint."""
        joint: int = self.states ** len(self.widths)
        return joint

    def potentials(self) -> tuple[Potential, ...]:
        """Every potential, those of one view first."""
        k, h, views = self.labels, self.states, range(len(self.widths))
        of_step = (k * h, k * h) if self.disjoint else (k, h, h)
        found = []
        for view, width in enumerate(self.widths):
            found.append(Potential("observation", (view,), (width, k * h if self.disjoint else h)))
            found.append(Potential("label", (view,), (k, h)))
            found.append(Potential("within", (view,), of_step))
        if self.topology == "linked":
            found += [Potential("between", pair, (k, h, h)) for pair in itertools.combinations(views, 2)]
        else:
            found += [Potential("between", pair, of_step) for pair in itertools.permutations(views, 2)]
        return tuple(found)

    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Shape of every parameter of one model, by name."""
        return {potential.name: potential.size for potential in self.potentials()}

    def state_of_view(self, view: int) -> Tensor:
        """The state of a view in each joint state, int64 ``(n_joint,)``."""
        n_after: int = self.states ** (len(self.widths) - 1 - view)
        return torch.arange(self.n_joint) // n_after % self.states


def draw_parameters(
    shape: ChainShape, n_restarts: int, generator: torch.Generator, *, n_outputs: int = 1, spread: float = 1.0
) -> dict[str, Tensor]:
    """Draw small random numbers, which begin with observation potentials of a standard deviation of about 0.5.

    Transitions of the first half of the restarts, and of the one in the middle, begin in favour of staying: found
    needed where the label is the order of two events far apart. Every output has such a start, and with two restarts
    or more one without it, for which start is better is told by validation.

    Args:
        shape: The structure.
        n_restarts: Starts of each output.
        generator: Source of randomness.
        n_outputs: Models trained side by side, one a score.
        spread: Multiplies the deviation where features vary less than standardised ones.

    Returns:
        By name, each with ``n_restarts * n_outputs`` models, those of one restart after each other.
    """
    drawn, n_staying = {}, (n_restarts + 1) // 2 * n_outputs
    for one in shape.potentials():
        scale = 0.5 * spread / max(one.size[0], 1) ** 0.5 if one.role == "observation" else 0.2
        drawn[one.name] = scale * torch.randn(n_restarts * n_outputs, *one.size, generator=generator)
        if one.role == "within":
            drawn[one.name][:n_staying] += torch.eye(one.size[-1])
    return drawn


def label_scores(shape: ChainShape, parameters: Parameters, views: Sequence[Tensor], mask: Tensor) -> Tensor:
    """Log of the unnormalised probability of each label, ``(models, N, labels)``.

    HCRF: ``log sum_h exp Psi(y, h, x)``. With disjoint states: the log probability, among all sequences of labels, of
    that which has ``y`` at every step.

    Args:
        shape: The structure.
        parameters: By name, as ``shape.parameters()`` names them, each with the model as its first dimension.
        views: Features of each view, real steps in front, ``(N, T, d)``, or ``(models, N, T, d)``.
        mask: Real steps, boolean ``(N, T)``, or ``(models, N, T)``.
    """
    mask = mask if mask.ndim == 3 else mask.unsqueeze(0)
    if shape.disjoint:
        nodes, edges = _disjoint_potentials(shape, parameters, views)
        constant = _by_label(log_partition(*_blocks(nodes, edges, shape), _repeat(mask, shape.labels)), shape)
        return constant - log_partition(nodes, edges, mask).unsqueeze(2)
    nodes, edges = _shared_potentials(shape, parameters, views)
    return _by_label(log_partition(nodes, edges, _repeat(mask, shape.labels)), shape)


def label_beliefs(
    shape: ChainShape, parameters: Parameters, views: Sequence[Tensor], mask: Tensor
) -> tuple[Tensor, Tensor]:
    """Label scores ``(models, N, labels)`` and marginals of joint states given a label, ``(…, labels, T, S)``."""
    mask = mask if mask.ndim == 3 else mask.unsqueeze(0)
    nodes, edges = _shared_potentials(shape, parameters, views)
    beliefs = forward_backward(nodes, edges, _repeat(mask, shape.labels))
    return _by_label(beliefs.log_partition, shape), _by_label(beliefs.marginals, shape)


def step_label_scores(shape: ChainShape, parameters: Parameters, views: Sequence[Tensor], mask: Tensor) -> Tensor:
    """Mean over the real steps of the log marginal probability of each label, disjoint states, ``(models, N, K)``.

    Neighbouring steps say much the same, so that their sum would count each piece of evidence many times.
    """
    mask = mask if mask.ndim == 3 else mask.unsqueeze(0)
    nodes, edges = _disjoint_potentials(shape, parameters, views)
    marginals = forward_backward(nodes, edges, mask).marginals
    marginals = split(marginals, 3, shape.labels).sum(4)
    total = torch.where(mask.unsqueeze(3), marginals.clamp_min(1e-30).log(), 0).sum(2)
    return total / mask.sum(2, keepdim=True).clamp_min(1)


def split(x: Tensor, dim: int, n: int) -> Tensor:
    """A dimension as two, of which the first has ``n``."""
    return x.reshape(*x.shape[:dim], n, -1 if x.numel() else x.shape[dim] // n, *x.shape[dim + 1 :])


def _repeat(mask: Tensor, labels: int) -> Tensor:
    return mask if len(mask) == 1 else mask.repeat_interleave(labels, dim=0)


def _by_label(x: Tensor, shape: ChainShape) -> Tensor:
    """``(models * labels, N, …)`` as ``(models, N, labels, …)``."""
    return split(x, 0, len(x) // shape.labels).transpose(1, 2)


def _observations(parameters: Parameters, views: Sequence[Tensor]) -> list[Tensor]:
    """Potentials of each view's states by its features, ``(models, N, T, states)``."""
    found = []
    for view, x in enumerate(views):
        weights = parameters[name_of("observation", view)]  # (M, d, H)
        if x.ndim == 4:
            found.append(split(torch.bmm(x.flatten(1, 2), weights), 1, x.shape[1]))
        else:
            product = x.flatten(0, 1) @ weights.transpose(0, 1).flatten(1)  # (N T, M H)
            found.append(split(split(product, 1, len(weights)), 0, len(x)).permute(2, 0, 1, 3))
    return found


def _joint(of_views: Sequence[Tensor]) -> Tensor:
    """Sums over all joint states, the last view's state running fastest: ``(…, S)`` of tensors ``(…, H)``."""
    joint = of_views[0]
    for other in of_views[1:]:
        joint = (joint.unsqueeze(-1) + other.unsqueeze(-2)).flatten(-2)
    return joint


def _shared_potentials(shape: ChainShape, parameters: Parameters, views: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Nodes ``(models * labels, N, T, S)`` and edges ``(models * labels, S, S)`` where labels share the states."""
    states = [shape.state_of_view(v) for v in range(len(shape.widths))]
    by_label, edges = _label_and_edge_potentials(shape, parameters, states)
    nodes = _joint(_observations(parameters, views)).unsqueeze(1) + by_label[:, :, None, None]
    return nodes.flatten(0, 1), edges.flatten(0, 1)


def _disjoint_potentials(shape: ChainShape, parameters: Parameters, views: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Nodes ``(models, N, T, K S)`` and edges ``(models, K S, K S)`` where each label has its states."""
    first = shape.states * torch.arange(shape.labels).unsqueeze(1)  # the first state of each label, in every view
    places = [(first + shape.state_of_view(v)).flatten() for v in range(len(shape.widths))]
    by_label, edges = _label_and_edge_potentials(shape, parameters, places)
    observed = [split(x, 3, shape.labels) for x in _observations(parameters, views)]
    nodes = _joint(observed) + by_label[:, None, None]  # (M, N, T, K, S)
    return nodes.flatten(3), edges


def _label_and_edge_potentials(
    shape: ChainShape, parameters: Parameters, places: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Potentials of a label and a joint state ``(M, K, S)``, and of joint states of two steps.

    Args:
        shape: The structure.
        parameters: By name.
        places: Of each view, the row of its transitions for each joint state.
    """
    views = range(len(shape.widths))
    states = [shape.state_of_view(v) for v in views]
    by_label = _joint([parameters[name_of("label", v)] for v in views])
    edges = torch.stack([_edges(parameters[name_of("within", v)], places[v], places[v]) for v in views]).sum(0)
    for one in shape.potentials():
        if one.role == "between":
            (u, v), values = one.views, parameters[one.name]
            if shape.topology == "linked":
                by_label = by_label + values[..., states[u], states[v]]
            else:
                edges = edges + _edges(values, places[u], places[v])
    return by_label, edges


def _edges(values: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """Potentials of pairs of joint states by those of one view before and one after, ``(…, S, S)``."""
    return values.index_select(-2, before).index_select(-1, after)


def _blocks(nodes: Tensor, edges: Tensor, shape: ChainShape) -> tuple[Tensor, Tensor]:
    """The parts of disjoint potentials that stay with one label: ``(models * K, N, T, S)``, ``(models * K, S, S)``."""
    k = shape.labels
    of_labels = split(nodes, 3, k).permute(0, 3, 1, 2, 4).flatten(0, 1)
    diagonal = split(split(edges, 2, k), 1, k).diagonal(dim1=1, dim2=3)  # (M, S, S, K)
    return of_labels, diagonal.permute(0, 3, 1, 2).flatten(0, 1)
