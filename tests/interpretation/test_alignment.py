"""The global alignment kernel, against all alignments counted one by one."""

from __future__ import annotations

import math
import re

import pytest
import torch

from mfm_core import normalized_hsic
from mfm_core.interpretation import alignment
from mfm_core.interpretation.alignment import global_alignment


def paths(n: int, m: int):
    """All ways to align ``n`` steps with ``m``: lists of pairs from (0, 0) to (n - 1, m - 1)."""
    if n == 1 and m == 1:
        yield [(0, 0)]
        return
    for a, b in ((n - 1, m), (n, m - 1), (n - 1, m - 1)):
        if a > 0 and b > 0:
            for path in paths(a, b):
                yield [*path, (n - 1, m - 1)]


def counted(x, y, bandwidth):
    """Sum over alignments of products of exp(-phi) (Cuturi, 2011)."""

    def local(a, b):
        near = math.exp(-float((a.double() - b.double()).square().sum()) / (2 * bandwidth**2))
        return near / (2 - near)

    return sum(math.prod(local(x[i], y[j]) for i, j in path) for path in paths(len(x), len(y)))


@pytest.fixture
def series(generator):
    mask = torch.tensor([[1, 1, 1, 1], [0, 0, 1, 1], [0, 1, 1, 1], [1, 0, 0, 0], [1, 0, 1, 1]]).bool()
    return torch.randn(5, 4, 3, generator=generator), mask


@pytest.mark.parametrize("at_once", [1, 1_000_000])
def test_it_is_the_sum_over_all_alignments(series, at_once, monkeypatch):
    monkeypatch.setattr(alignment, "CELLS", at_once)
    x, mask = series
    real = [one[m] for one, m in zip(x, mask, strict=True)]
    sums = torch.tensor([[counted(a, b, 1.5) for b in real] for a in real], dtype=torch.float64)
    expected = sums / (sums.diagonal()[:, None] * sums.diagonal()).sqrt()
    found = global_alignment(x, mask, 1.5).block(slice(None), slice(None))
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=0)


def test_padding_is_not_seen(series):
    x, mask = series
    filled = torch.where(mask[:, :, None], x, math.nan)
    longer = torch.cat([torch.full((5, 3, 3), math.inf), filled], dim=1)
    longer_mask = torch.cat([torch.zeros(5, 3, dtype=torch.bool), mask], dim=1)
    whole = slice(None)
    expected = global_alignment(x, mask).block(whole, whole)
    assert torch.equal(global_alignment(filled, mask).block(whole, whole), expected)
    torch.testing.assert_close(global_alignment(longer, longer_mask).block(whole, whole), expected, rtol=0, atol=1e-14)


def test_long_series_far_apart_do_not_underflow(generator):
    x = 30 * torch.randn(6, 200, 5, generator=generator)
    x[3] = x[2] + 0.01
    gram = global_alignment(x, torch.ones(6, 200, dtype=torch.bool), 1.0).block(slice(None), slice(None))
    assert gram.isfinite().all()
    assert gram.diagonal().tolist() == pytest.approx([1] * 6)
    assert gram[2, 3] > 0.9
    assert gram[0, 1] == 0


def test_it_is_positive_definite_and_can_be_the_kernel_of_x(series):
    gram = global_alignment(*series)
    matrix = gram.block(slice(None), slice(None))
    assert float(torch.linalg.eigvalsh(matrix)[0]) > -1e-12
    assert normalized_hsic(gram, gram) == pytest.approx(1)


def test_the_median_is_of_steps_times_the_root_of_the_length():
    x = torch.tensor([[[0.0], [3.0]], [[7.0], [9.0]]])
    mask = torch.tensor([[True, True], [True, False]])
    assert global_alignment(x, mask).bandwidth == pytest.approx(4 * math.sqrt(1))  # distances 3, 7, 4; lengths 2, 1


def test_progress_reaches_the_end(series, monkeypatch):
    monkeypatch.setattr(alignment, "CELLS", 16 * 4)
    told: list[float] = []
    global_alignment(*series, progress=told.append)
    assert told == sorted(told)
    assert (len(told), told[-1]) == (4, 1)


@pytest.mark.parametrize(
    ("x", "mask", "message"),
    [
        (torch.zeros(3, 4), torch.ones(3, 4).bool(), "series: expected shape (n, T, d) with n > 1 samples, got (3, 4)"),
        (
            torch.zeros(1, 4, 2),
            torch.ones(1, 4).bool(),
            "series: expected shape (n, T, d) with n > 1 samples, got (1, 4, 2)",
        ),
        (
            torch.zeros(3, 4, 2),
            torch.ones(3, 5).bool(),
            "mask: expected booleans of shape (3, 4), got torch.bool of (3, 5)",
        ),
        (
            torch.zeros(3, 4, 2),
            torch.ones(3, 4),
            "mask: expected booleans of shape (3, 4), got torch.float32 of (3, 4)",
        ),
        (
            torch.zeros(3, 4, 2),
            torch.eye(3, 4).bool().flip(0) & (torch.arange(3) != 1)[:, None],
            "mask: expected at least one real step of each sample, got none of sample 1",
        ),
        (
            torch.full((3, 4, 2), math.nan),
            torch.ones(3, 4).bool(),
            "series: expected finite values at real steps, got NaN or infinity",
        ),
    ],
)
def test_bad_input_gives_one_sentence(x, mask, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        global_alignment(x, mask)
