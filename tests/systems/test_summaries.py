"""Grouping of steps against a plain union of groups, one pair after the other."""

from __future__ import annotations

import pytest
import torch

from mfm_core.systems.parts.summaries import averaging, distances, group_steps


def grouped(weights: list[float], threshold: float) -> list[int]:
    """The segmentation of one chain, as its authors describe it."""
    groups = [{t} for t in range(len(weights) + 1)]
    limit = [threshold] * len(groups)
    for edge in sorted(range(len(weights)), key=weights.__getitem__):
        a = next(i for i, group in enumerate(groups) if edge in group)
        b = next(i for i, group in enumerate(groups) if edge + 1 in group)
        if weights[edge] <= min(limit[a], limit[b]):
            groups[a] |= groups[b]
            limit[a] = weights[edge] + threshold / len(groups[a])
            groups[b] = set()
    order = sorted(min(group) for group in groups if group)
    return [max(i for i, first in enumerate(order) if first <= t) for t in range(len(weights) + 1)]


@pytest.mark.parametrize("threshold", [0.0, 0.3, 1.0, 9.0])
def test_steps_are_grouped_as_the_authors_do(threshold: float) -> None:
    weights = 2 * torch.rand(20, 7, generator=torch.Generator().manual_seed(0))
    found = group_steps(weights, torch.ones(20, 8, dtype=torch.bool), threshold)
    assert found.tolist() == [grouped(row, threshold) for row in weights.tolist()]


def test_padding_joins_no_group_and_groups_are_averaged() -> None:
    mask = torch.tensor([[True, True, True, False, False]])
    group = group_steps(torch.tensor([[0.0, 1.0, 0.0, 0.0]]), mask, 0.5)
    matrix, there = averaging(group, mask)
    assert group[0, :3].tolist() == [0, 0, 1]
    assert there.tolist() == [[True, True, False, False, False]]
    assert matrix[0, :2].tolist() == [[0.5, 0.5, 0, 0, 0], [0, 0, 1, 0, 0]]
    assert not bool(matrix[0, 2:].any())


def test_distance_is_the_change_of_marginals() -> None:
    marginals = torch.tensor([[[[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], [[0.5, 0.5], [0.5, 0.5], [0.0, 1.0]]]])
    assert distances(marginals).tolist() == [[1.0, 0.5]]
