"""Fields of hidden states against sums over all paths, and without hidden states against python-crfsuite."""

from __future__ import annotations

import itertools
import math

import pycrfsuite
import pytest
import torch
from torch import Tensor

from mfm_core.systems.parts.chain_models import (
    ChainShape,
    draw_parameters,
    label_beliefs,
    label_scores,
    step_label_scores,
)

N, T = 3, 3
LENGTHS = (3, 2, 1)
MASK = torch.arange(T) < torch.tensor(LENGTHS)[:, None]
TWO_VIEWS = [
    ChainShape((2, 3), states=2, labels=2, topology=topology, disjoint=disjoint)
    for topology in ("linked", "coupled")
    for disjoint in (False, True)
]
SHAPES = [ChainShape((4,), 3, 3), ChainShape((4,), 2, 3, disjoint=True), *TWO_VIEWS, ChainShape((2, 1, 2), 2, 2)]


def drawn(shape: ChainShape) -> tuple[dict[str, Tensor], list[Tensor]]:
    generator = torch.Generator().manual_seed(1)
    parameters = {name: 4 * x.double() for name, x in draw_parameters(shape, 1, generator).items()}
    return parameters, [torch.randn(N, T, d, generator=generator, dtype=torch.float64) for d in shape.widths]


def potential(
    shape: ChainShape,
    p: dict[str, Tensor],
    x: list[Tensor],
    n: int,
    labels: tuple[int, ...],
    paths: tuple[tuple[int, ...], ...],
) -> float:
    """Psi of one path of each view, by the definition; ``labels`` has the label of every step."""
    k, total = shape.labels, 0.0

    def edge(name: str, t: int, before: int, after: int) -> float:
        if shape.disjoint:
            return float(p[name][0, labels[t - 1] * shape.states + before, labels[t] * shape.states + after])
        return float(p[name][0, labels[t], before, after])

    for v, path in enumerate(paths):
        for t, h in enumerate(path):
            column = labels[t] * shape.states + h if shape.disjoint else h
            total += float(x[v][n, t] @ p[f"observation.{v}"][0, :, column]) + float(p[f"label.{v}"][0, labels[t], h])
            if t:
                total += edge(f"within.{v}", t, path[t - 1], h)
    for u, v in itertools.permutations(range(len(paths)), 2):
        for t in range(len(labels)):
            if shape.topology == "linked" and u < v:
                total += float(p[f"between.{u}.{v}"][0, labels[t], paths[u][t], paths[v][t]])
            if shape.topology == "coupled" and t:
                total += edge(f"between.{u}.{v}", t, paths[u][t - 1], paths[v][t])
    assert all(label < k for label in labels)
    return total


def summed(shape: ChainShape, p: dict[str, Tensor], x: list[Tensor], n: int, labels: tuple[int, ...]) -> float:
    """Log of the sum over all paths of all views."""
    of_view = list(itertools.product(range(shape.states), repeat=len(labels)))
    every = [potential(shape, p, x, n, labels, paths) for paths in itertools.product(of_view, repeat=len(x))]
    return float(torch.tensor(every, dtype=torch.float64).logsumexp(0))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_label_scores_sum_over_all_paths_of_hidden_states(shape: ChainShape) -> None:
    p, x = drawn(shape)
    scores = label_scores(shape, p, x, MASK)[0]
    for n, length in enumerate(LENGTHS):
        constant = [summed(shape, p, x, n, (y,) * length) for y in range(shape.labels)]
        if shape.disjoint:
            every = [summed(shape, p, x, n, ys) for ys in itertools.product(range(shape.labels), repeat=length)]
            total = float(torch.tensor(every, dtype=torch.float64).logsumexp(0))
            constant = [one - total for one in constant]
        assert scores[n].tolist() == pytest.approx(constant)


@pytest.mark.parametrize("shape", [s for s in SHAPES if s.disjoint], ids=str)
def test_step_scores_are_geometric_means_of_the_marginals_of_labels(shape: ChainShape) -> None:
    p, x = drawn(shape)
    scores = step_label_scores(shape, p, x, MASK)[0]
    for n, length in enumerate(LENGTHS):
        sequences = list(itertools.product(range(shape.labels), repeat=length))
        likely = torch.tensor([summed(shape, p, x, n, ys) for ys in sequences], dtype=torch.float64).softmax(0)
        for y in range(shape.labels):
            marginals = [sum(q for q, ys in zip(likely, sequences, strict=True) if ys[t] == y) for t in range(length)]
            assert float(scores[n, y]) == pytest.approx(sum(math.log(m) for m in marginals) / length)


@pytest.mark.parametrize("shape", [s for s in SHAPES if not s.disjoint], ids=str)
def test_beliefs_are_those_of_label_scores_and_sum_to_one(shape: ChainShape) -> None:
    p, x = drawn(shape)
    scores, marginals = label_beliefs(shape, p, x, MASK)
    assert torch.allclose(scores, label_scores(shape, p, x, MASK))
    assert marginals.shape == (1, N, shape.labels, T, shape.n_joint)
    assert torch.allclose(marginals.sum(4), MASK.double()[None, :, None].expand(1, -1, shape.labels, -1))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gradients_are_those_of_finite_differences(shape: ChainShape) -> None:
    p, x = drawn(shape)
    names = list(p)
    values = tuple(value.requires_grad_() for value in p.values())
    weights = torch.randn(N, shape.labels, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def cost(*given: Tensor) -> Tensor:
        return (label_scores(shape, dict(zip(names, given, strict=True)), x, MASK) * weights).sum()

    assert torch.autograd.gradcheck(cost, values)


@pytest.mark.parametrize(("n_restarts", "n_outputs"), [(1, 1), (1, 4), (2, 3), (3, 2), (4, 1), (5, 3)])
def test_every_output_has_a_start_that_stays_and_where_it_can_one_that_does_not(
    n_restarts: int, n_outputs: int
) -> None:
    shape, views = ChainShape((2, 3), states=3, labels=2, topology="coupled"), range(2)
    drawn = draw_parameters(shape, n_restarts, torch.Generator().manual_seed(0), n_outputs=n_outputs)
    for view in views:
        within = drawn[f"within.{view}"].view(n_restarts, n_outputs, shape.labels, 3, 3)
        held = within.diagonal(dim1=3, dim2=4).mean((2, 3)) > 0.5  # (restarts, outputs)
        expected = [[restart < n_restarts / 2] * n_outputs for restart in range(n_restarts)]
        assert held.tolist() == expected
        assert (drawn["between.0.1"].abs() < 1.2).all()


def test_models_side_by_side_do_not_touch_each_other() -> None:
    shape = TWO_VIEWS[0]
    generator = torch.Generator().manual_seed(0)
    both = draw_parameters(shape, 2, generator)
    x = [torch.randn(N, T, d, generator=generator) for d in shape.widths]
    second = label_scores(shape, {name: value[1:] for name, value in both.items()}, x, MASK)
    assert torch.allclose(label_scores(shape, both, x, MASK)[1:], second, atol=1e-6)


def test_without_hidden_states_it_is_the_conditional_random_field_of_crfsuite(tmp_path) -> None:
    """LDCRF with one hidden state a label is a CRF of the labels: same probabilities as CRFsuite's with its weights."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(40, 5, 2, generator=generator)
    labels = (x[..., 0] + 0.5 * x[..., 1].roll(1, 1) > 0).long()
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({"c2": 0.1, "max_iterations": 50, "feature.possible_transitions": True})
    features = [[{"a": float(step[0]), "b": float(step[1])} for step in sample] for sample in x]
    for sample, ys in zip(features, labels.tolist(), strict=True):
        trainer.append(pycrfsuite.ItemSequence(sample), [str(y) for y in ys])
    trainer.train(str(tmp_path / "crf"))
    tagger = pycrfsuite.Tagger()
    tagger.open(str(tmp_path / "crf"))
    info = tagger.info()

    shape = ChainShape((2,), states=1, labels=2, disjoint=True)
    p = {name: torch.zeros(1, *size, dtype=torch.float64) for name, size in shape.parameters().items()}
    for (name, y), weight in info.state_features.items():
        p["observation.0"][0, "ab".index(name), int(y)] = weight
    for (before, after), weight in info.transitions.items():
        p["within.0"][0, int(before), int(after)] = weight
    mask = torch.ones(1, 5, dtype=torch.bool)
    for sample, one in zip(features[:5], x.double(), strict=False):
        tagger.set(pycrfsuite.ItemSequence(sample))
        scores = label_scores(shape, p, [one.unsqueeze(0)], mask)[0, 0].exp()
        assert scores.tolist() == pytest.approx([tagger.probability([str(y)] * 5) for y in range(2)], rel=1e-4)
        marginals = [math.prod(tagger.marginal(str(y), t) for t in range(5)) ** (1 / 5) for y in range(2)]
        assert step_label_scores(shape, p, [one.unsqueeze(0)], mask)[0, 0].exp().tolist() == pytest.approx(
            marginals, rel=1e-4
        )
