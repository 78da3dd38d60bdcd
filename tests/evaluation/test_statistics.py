"""Statistics against other libraries, closed forms and published values."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

from mfm_core.evaluation.statistics import correlation, frechet_distance, mean, probe_hits, share


def hits(k: int, n: int) -> torch.Tensor:
    return torch.arange(n) < k


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe (1998), Statistics in Medicine 17, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_of_a_share_is_the_published_one(k, n, low, high):
    estimate = share(hits(k, n))
    assert (estimate.value, estimate.n) == (k / n, n)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("k", "n"), [(0, 5), (5, 5), (7, 9), (9_990, 10_000)])
def test_the_interval_of_a_share_is_wilsons_formula(k, n):
    z, p = 1.959963984540054, k / n
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    bounds = [(centre + sign * half) / (1 + z * z / n) for sign in (-1, 1)]
    estimate = share(hits(k, n))
    assert [estimate.low, estimate.high] == pytest.approx(bounds, abs=1e-12)


def test_correlation_is_numpys_and_its_interval_fishers(generator):
    x = torch.randn(50, generator=generator)
    y = 0.5 * x + torch.randn(50, generator=generator)
    estimate = correlation(x, y)
    r = np.corrcoef(x.numpy().astype(float), y.numpy().astype(float))[0, 1]
    bounds = [math.tanh(math.atanh(r) + sign * 1.959963984540054 / math.sqrt(47)) for sign in (-1, 1)]
    assert estimate.value == pytest.approx(r, abs=1e-12)
    assert [estimate.low, estimate.high] == pytest.approx(bounds, abs=1e-9)
    assert estimate.n == 50


def test_the_mean_and_its_interval():
    estimate = mean(torch.tensor([1.0, 2.0, 3.0, 6.0, 3.0]))
    half = 1.96 * math.sqrt(14 / 4) / math.sqrt(5)
    assert (estimate.value, estimate.low, estimate.high, estimate.n) == pytest.approx((3, 3 - half, 3 + half, 5))
    assert estimate.reason == ""


@pytest.mark.parametrize("n", [1, 4])
def test_fewer_than_five_samples_give_a_value_without_an_interval_and_the_reason(n):
    x = torch.arange(n).float()
    estimates = [share(hits(1, n)), mean(x)] + ([correlation(x, x.square())] if n == 4 else [])
    for estimate in estimates:
        assert math.isfinite(estimate.value)
        assert math.isnan(estimate.low)
        assert math.isnan(estimate.high)
        assert estimate.reason == f"an interval needs at least 5 samples, got {n}"


@pytest.mark.parametrize("sign", [1, -1])
def test_the_interval_of_a_perfect_correlation_stays_within_its_limits(sign):
    x = torch.arange(6).float()
    estimate = correlation(x, sign * x)
    assert -1 <= estimate.low <= estimate.value <= estimate.high <= 1


@pytest.fixture
def samples(generator):
    mixing = torch.randn(6, 6, generator=generator)
    return torch.randn(300, 6, generator=generator) @ mixing, 1.5 * torch.randn(200, 6, generator=generator) + 0.3


def test_frechet_distance_of_diagonal_gaussians_is_the_closed_form():
    # Rows +-s_i e_i have mean 0 and a diagonal covariance exactly.
    s, t, shift = torch.tensor([1.0, 2.0, 0.5]), torch.tensor([3.0, 1.0, 0.5]), torch.tensor([0.5, 0.0, -1.0])
    x, y = (torch.cat([torch.diag(d), -torch.diag(d)]) for d in (s, t))
    scale = math.sqrt(2 / 5)  # of 6 rows, the unbiased covariance
    expected = float(shift.square().sum() + ((scale * (s - t)) ** 2).sum())
    assert frechet_distance(x, y + shift) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(x[:, :1], y[:, :1]) == pytest.approx((scale * 2) ** 2)


def test_frechet_distance_is_the_formula_with_scipys_square_root(samples):
    x, y = (sample.double().numpy() for sample in samples)
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * np.real(sqrtm(a @ b)))
    assert frechet_distance(*samples) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(*samples[::-1]) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_is_torchmetrics(samples):
    class Features(nn.Module):
        num_features = 6

        def forward(self, images):
            return images.flatten(1)

    metric = FrechetInceptionDistance(Features(), normalize=True).set_dtype(torch.float64)
    for real, sample in zip((True, False), samples, strict=True):
        metric.update(sample.double()[:, :, None, None], real=real)
    assert frechet_distance(*samples) == pytest.approx(float(metric.compute()), rel=1e-6)


def test_frechet_distance_of_a_sample_to_itself_is_zero_even_if_it_is_degenerate(samples):
    few = samples[0][:3].repeat(20, 1)
    assert frechet_distance(samples[0], samples[0]) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-5)
    constant = torch.ones(10, 6)
    assert frechet_distance(constant, constant + 2) == pytest.approx(24)


@pytest.fixture
def classes(generator):
    """Codes that are near to their class's centre, and their labels."""
    labels = torch.arange(600) % 10
    centres = 4 * torch.randn(10, 8, generator=generator)
    return centres[labels] + torch.randn(600, 8, generator=generator), labels


def test_a_probe_reads_separable_codes_and_cannot_read_independent_ones(classes, generator):
    codes, labels = classes
    readable = probe_hits(codes[:400], labels[:400], codes[400:], labels[400:])
    noise = torch.randn(600, 8, generator=generator)
    unreadable = probe_hits(noise[:400], labels[:400], noise[400:], labels[400:])
    assert readable.dtype == torch.bool
    assert readable.float().mean() > 0.97
    assert abs(unreadable.float().mean() - 0.1) < 0.07


def test_a_probe_depends_on_its_seed_alone(classes):
    codes, labels = classes
    runs = [probe_hits(codes[:300], labels[:300], codes[300:] / 3, labels[300:], seed=3) for _ in range(2)]
    assert torch.equal(*runs)


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        (lambda: share(torch.zeros(0, dtype=torch.bool)), "hits: expected at least one sample, got none"),
        (lambda: mean(torch.zeros(0)), "values: expected at least one sample, got none"),
        (
            lambda: correlation(torch.arange(3.0), torch.arange(3.0)),
            "x, y: expected equal lengths of at least 4, got 3 and 3",
        ),
        (
            lambda: correlation(torch.arange(5.0), torch.arange(4.0)),
            "x, y: expected equal lengths of at least 4, got 5 and 4",
        ),
        (
            lambda: correlation(torch.arange(5.0), torch.full((5,), 0.1)),
            "x, y: expected variables that vary, got a constant",
        ),
        (
            lambda: frechet_distance(torch.zeros(4, 3), torch.zeros(4, 2)),
            r"x, y: expected shapes \(n, d\) and \(m, d\), n, m > 1, got \(4, 3\), \(4, 2\)",
        ),
        (
            lambda: frechet_distance(torch.zeros(1, 3), torch.zeros(4, 3)),
            r"x, y: expected shapes \(n, d\) and \(m, d\), n, m > 1, got \(1, 3\), \(4, 3\)",
        ),
    ],
)
def test_bad_input_gives_one_sentence(measure, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        measure()
