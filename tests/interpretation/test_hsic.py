"""The normalised HSIC, against the explicit formula, scikit-learn and closed forms."""

from __future__ import annotations

import math
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import rbf_kernel

from mfm_core import normalized_hsic
from mfm_core.interpretation.hsic import moments
from mfm_core.interpretation.kernels import Gram, Rbf, median_distance
from tests.interpretation.conftest import explicit, rbf


@pytest.fixture
def pair(generator):
    f = torch.randn(150, 6, generator=generator)
    return f, torch.cat([f[:, :2] + 0.5 * torch.randn(150, 2, generator=generator), f[:, 2:].square()], dim=1)


@settings(max_examples=40)
@given(
    n=st.integers(2, 70),
    d=st.integers(1, 30),
    bandwidth=st.sampled_from([0.3, 1.0, 4.0, 1e3]),
    block=st.integers(1, 80),
    offset=st.sampled_from([0.0, 100.0]),
    seed=st.integers(0, 2**31),
)
def test_it_is_the_explicit_formula_in_blocks_of_any_size(n, d, bandwidth, block, offset, seed):
    generator = torch.Generator().manual_seed(seed)
    f = torch.randn(n, d, generator=generator) + offset
    x = f[:, : 1 + d // 2] + torch.randn(n, 1, generator=generator)
    expected = explicit(rbf(f.double(), bandwidth), rbf(x.double(), bandwidth))
    assert normalized_hsic(f, x, bandwidth, block=block) == pytest.approx(expected, abs=1e-7)


def test_of_many_samples_it_is_the_explicit_formula_too(generator):
    f = torch.randn(600, 20, generator=generator)
    x = f[:, :5] + torch.randn(600, 5, generator=generator)
    expected = explicit(rbf(f, 4.0), rbf(x, 4.0))
    assert normalized_hsic(f, x, 4.0) == pytest.approx(expected, abs=1e-9)


def test_kernels_are_scikit_learns(pair):
    f, _ = pair
    expected = torch.from_numpy(rbf_kernel(f.double().numpy(), gamma=1 / (2 * 1.7**2)))
    torch.testing.assert_close(Rbf(f, 1.7).block(slice(None), slice(None)), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(Rbf(f, 1.7).block(slice(3, 9), slice(0, 150, 7)), expected[3:9, ::7], rtol=0, atol=1e-12)


def test_a_matrix_can_stand_for_a_kernel(pair):
    f, x = pair
    given_as_matrix = normalized_hsic(Gram(rbf(f, 1.0)), x)
    assert given_as_matrix == pytest.approx(normalized_hsic(f, x), abs=1e-12)


def test_arrays_are_read_as_tensors_and_other_arguments_refused(pair):
    f, x = pair
    assert normalized_hsic(f.numpy(), x.numpy()) == normalized_hsic(f, x)
    with pytest.raises(ValueError, match=r"^x: expected a tensor or a NumPy array, got a list$"):
        normalized_hsic(f, [1.0, 2.0])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^block: expected 1 or more, got 0$"):
        normalized_hsic(f, x, block=0)


def test_of_a_variable_and_itself_it_is_1(pair):
    for bandwidth in (0.1, 1.0, 10.0, "median"):
        assert normalized_hsic(pair[0], pair[0], bandwidth) == pytest.approx(1, abs=1e-12)


def test_of_independent_variables_it_tends_to_0(generator):
    values = [
        normalized_hsic(*torch.randn(2, n, 2, generator=generator), "median")  # type: ignore[arg-type]
        for n in (50, 500, 3000)
    ]
    assert values[0] > 5 * values[1] > 15 * values[2]
    assert values[2] < 3e-3


def test_neither_order_of_samples_nor_rotation_nor_translation_matters(pair, generator):
    f, x = (v.double() for v in pair)
    order = torch.randperm(len(f), generator=generator)
    rotation, _ = torch.linalg.qr(torch.randn(6, 6, generator=generator).double())
    value = normalized_hsic(f, x)
    assert normalized_hsic(f[order], x[order]) == pytest.approx(value, abs=1e-12)
    assert normalized_hsic(f @ rotation + 3, x) == pytest.approx(value, abs=1e-12)
    assert normalized_hsic(x, f) == pytest.approx(value, abs=1e-12)
    assert normalized_hsic(f[order], x) < value - 0.1


def test_the_bandwidth_is_a_unit_of_length(pair):
    f, x = (v.double() for v in pair)
    assert normalized_hsic(3 * f, 3 * x, 3.0) == pytest.approx(normalized_hsic(f, x, 1.0), abs=1e-12)
    assert normalized_hsic(5 * f, 0.1 * x, "median") == pytest.approx(normalized_hsic(f, x, "median"), abs=1e-9)


def test_the_median_is_of_distances_between_samples_that_differ():
    points = torch.tensor([[0.0], [0.0], [0.0], [1.0], [3.0]])
    assert median_distance(points) == 2  # of 1, 1, 1, 2, 3, 3, 3
    assert median_distance(torch.ones(4, 2)) == 1
    assert Rbf(points, "median").bandwidth == median_distance(points)


def test_pictures_are_flattened_and_vectors_are_samples(pair):
    f, x = pair
    assert normalized_hsic(f.reshape(150, 2, 3), x[:, 0]) == normalized_hsic(f, x[:, :1])


def test_a_constant_depends_on_nothing(pair):
    constant = torch.full((150, 3), 0.1)
    assert normalized_hsic(constant, pair[1]) == 0
    assert normalized_hsic(pair[0], constant) == 0
    assert normalized_hsic(constant, constant) == 0


def test_the_means_of_gram_matrices_are_theirs(pair):
    _, means = moments([Rbf(pair[0], 2.0), Rbf(pair[1], 0.5)], block=17)
    assert means.tolist() == pytest.approx(
        [float(rbf(pair[0], 2.0).mean()), float(rbf(pair[1], 0.5).mean())], abs=1e-12
    )


def test_progress_reaches_the_end_and_may_end_the_work(pair):
    told: list[float] = []
    normalized_hsic(*pair, block=40, progress=told.append)
    assert told == sorted(told)
    assert (len(told), told[-1]) == (10, 1)

    def cancel(share: float) -> None:
        if share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        normalized_hsic(*pair, block=40, progress=cancel)


@pytest.mark.parametrize(
    ("f", "x", "bandwidth", "message"),
    [
        (torch.zeros(1, 2), torch.zeros(1, 2), 1.0, "f: expected shape (n, ...) with n > 1 samples, got (1, 2)"),
        (torch.zeros(3, 2), torch.zeros(3, 0), 1.0, "x: expected shape (n, ...) with n > 1 samples, got (3, 0)"),
        (torch.tensor(1.0), torch.zeros(3), 1.0, "f: expected shape (n, ...) with n > 1 samples, got ()"),
        (torch.zeros(3, 2), torch.zeros(4, 2), 1.0, "f, x: expected as many samples of both, got 3 and 4"),
        (torch.tensor([1.0, math.nan]), torch.zeros(2), 1.0, "f: expected finite values, got NaN or infinity"),
        (torch.zeros(2), torch.tensor([1.0, math.inf]), 1.0, "x: expected finite values, got NaN or infinity"),
        (torch.zeros(2), torch.zeros(2), 0.0, "bandwidth: expected a positive number or 'median', got 0.0"),
        (torch.zeros(2), torch.zeros(2), math.nan, "bandwidth: expected a positive number or 'median', got nan"),
        (torch.zeros(2), torch.zeros(2), "mean", "bandwidth: expected a positive number or 'median', got 'mean'"),
    ],
)
def test_bad_input_gives_one_sentence(f, x, bandwidth, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        normalized_hsic(f, x, bandwidth)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (torch.zeros(3, 2), "matrix: expected shape (n, n), n > 1, got (3, 2)"),
        (torch.zeros(1, 1), "matrix: expected shape (n, n), n > 1, got (1, 1)"),
        (torch.full((2, 2), math.nan), "matrix: expected finite values, got NaN or infinity"),
        (torch.tensor([[1.0, 0.5], [0.0, 1.0]]), "matrix: expected a symmetric matrix, got one that is not"),
    ],
)
def test_what_is_no_gram_matrix_is_refused(matrix, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Gram(matrix)
