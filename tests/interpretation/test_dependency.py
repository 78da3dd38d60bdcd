"""Dependency ratios: against the formula, the jackknife done by leaving out, closed forms, and degenerate models."""

from __future__ import annotations

import math
import re

import pytest
import torch
from torch import Tensor

from mfm_core import MFM, Latents, dependency_ratios, normalized_hsic
from mfm_core.interpretation.dependency import divide, kernels_of, measure
from mfm_core.interpretation.hsic import moments
from mfm_core.interpretation.kernels import Gram, Rbf
from mfm_core.interpretation.observations import average, observe
from mfm_core.interpretation.resampling import leave_one_out, leave_one_unit_out, permutation_p_values
from mfm_core.interpretation.sensitivity import bandwidth_curve, gram_matrices, size_curve
from mfm_core.latents import Factors, Generated
from tests.interpretation.conftest import explicit, rbf, sequence_model


@pytest.fixture
def many(spoken: MFM, generator: torch.Generator) -> Latents:
    """Ninety clips, padded."""
    latents = spoken.sample(90, generator=generator)
    mask = torch.rand(90, 7, generator=generator) < 0.7
    mask[:, 2] = True
    return Latents(latents.y, latents.a, mask)


def with_factors(model: MFM, y: Tensor, a: dict[str, Tensor], x: dict[str, Tensor]) -> MFM:
    """The model, but with these factors and these generated sequences, whatever the latents."""
    rows = {float(v): i for i, v in enumerate(y[:, 0].tolist())}

    def decode_factors(factors: Factors) -> Generated:
        index = [rows[v] for v in factors.y[:, 0].tolist()]
        return Generated({n: v[index] for n, v in x.items()}, torch.zeros(len(index), 1))

    model.factors = lambda latents: Factors(y, a, latents.mask)  # type: ignore[method-assign]
    model.decode_factors = decode_factors  # type: ignore[method-assign]
    return model


@pytest.mark.parametrize("bandwidth", [0.5, 3.0])
def test_they_are_eq_5_of_averages_over_real_steps(spoken: MFM, many: Latents, bandwidth: float) -> None:
    found = dependency_ratios(spoken, many, bandwidth=bandwidth, n_permutations=0)
    with torch.no_grad():
        factors = spoken.factors(many)
        generated = spoken.decode_factors(factors).modalities
    for name, r in found.items():
        x = torch.stack([one[m].double().mean(0) for one, m in zip(generated[name], many.mask, strict=True)])
        y = explicit(rbf(factors.y, bandwidth), rbf(x, bandwidth))
        a = explicit(rbf(factors.a[name], bandwidth), rbf(x, bandwidth))
        assert (r.depends_on_y, r.depends_on_a) == pytest.approx((y, a), abs=1e-6)
        assert r.ratio == r.depends_on_y / r.depends_on_a
        gram = rbf(x, bandwidth)
        assert r.off_diagonal[2] == pytest.approx(float((gram.sum() - 90) / (90 * 89)), abs=1e-6)
        assert r.low < r.ratio < r.high
        assert (r.n, r.bandwidth, r.kernel) == (90, bandwidth, "averaged")
        assert math.isnan(r.p_value)


def test_images_are_flattened(tiny_model: MFM, generator: torch.Generator) -> None:
    latents = tiny_model.sample(40, generator=generator)
    found = dependency_ratios(tiny_model, latents, bandwidth="median", n_permutations=20)
    seen = observe(tiny_model, latents)
    for name, r in found.items():
        assert r.depends_on_y == pytest.approx(normalized_hsic(seen.factors.y, seen.generated[name], "median"))
        assert r.ratio == r.ratio_at_median


def test_series_can_be_aligned_instead(spoken: MFM, clips: Latents) -> None:
    from mfm_core.interpretation.alignment import global_alignment

    found = dependency_ratios(spoken, clips, bandwidth=2.0, kernel="alignment", n_permutations=10)
    seen = observe(spoken, clips)
    for name, r in found.items():
        gram = global_alignment(seen.generated[name], clips.mask, 2.0)
        assert r.depends_on_y == pytest.approx(normalized_hsic(seen.factors.y, gram, 2.0), abs=1e-12)
        assert r.bandwidths[2] == 2.0
        assert r.kernel == "alignment"


def test_leaving_one_out_is_leaving_one_out(generator: torch.Generator) -> None:
    f, x = torch.randn(2, 23, 3, generator=generator)
    kernels, pairs = [Rbf(f), Rbf(x, 2.0), Gram(rbf(f, 0.5))], [(0, 1), (1, 1), (0, 2)]
    for block in (4, 23, 64):
        found = leave_one_out(kernels, pairs, block=block)
        for left in range(23):
            rest = [i for i in range(23) if i != left]
            products, _ = moments([Rbf(f[rest]), Rbf(x[rest], 2.0), Gram(rbf(f[rest], 0.5))])
            assert found[left].tolist() == pytest.approx([float(products[pair]) for pair in pairs], abs=1e-9)


def test_leaving_one_unit_out_is_leaving_its_samples_out(generator: torch.Generator) -> None:
    f, x = torch.randn(2, 23, 3, generator=generator)
    units = torch.tensor([0] * 9 + [2] + [1, 3, 1] * 4 + [3])
    kernels, pairs = [Rbf(f), Rbf(x, 2.0), Gram(rbf(f, 0.5))], [(0, 1), (1, 1), (0, 2)]
    for block in (4, 23, 64):
        found = leave_one_unit_out(kernels, pairs, units, block=block)
        assert found.shape == (4, 3)
        for left in range(4):
            rest = (units != left).nonzero().flatten()
            products, _ = moments([Rbf(f[rest]), Rbf(x[rest], 2.0), Gram(rbf(f[rest], 0.5))])
            assert found[left].tolist() == pytest.approx([float(products[pair]) for pair in pairs], abs=1e-9)
        alone = leave_one_unit_out(kernels, pairs, torch.arange(23), block=block)
        assert torch.allclose(alone, leave_one_out(kernels, pairs))


def population(y: float, x: float, covariance: float) -> float:
    """HSIC of two Gaussian variables of these variances with RBF kernels of bandwidth 1, from Gaussian integrals."""

    def expected(a: float, b: float, c: float) -> float:
        """E exp(-(u^2 + v^2) / 2) of centred Gaussians with variances ``a``, ``b`` and covariance ``c``."""
        return ((1 + a) * (1 + b) - c**2) ** -0.5

    together, apart = expected(2 * y, 2 * x, 2 * covariance), expected(2 * y, 2 * x, 0)
    return together + apart - 2 * expected(2 * y, 2 * x, covariance)


def test_intervals_cover_the_ratio_of_the_population(generator: torch.Generator) -> None:
    """Of Gaussians, whose HSIC has a closed form; of two variances alike the norms of F_y and F_a cancel."""
    truth = population(1, 1.74, 1.0) / population(1, 1.74, 0.7)
    covered, logs, errors = 0, [], []
    pairs = [(0, 2), (1, 2), (0, 0), (1, 1)]
    for _ in range(120):
        y, a, noise = torch.randn(3, 150, 1, generator=generator)
        x = y + 0.7 * a + 0.5 * noise
        kernels = [Rbf(v) for v in (y, a, x)]
        yx, ax, yy, aa = leave_one_out(kernels, pairs).unbind(1)
        left = (yx / ax).log() - (yy / aa).log() / 2
        error = float((149 * left.var(correction=0)).sqrt())
        value = math.log(normalized_hsic(y, x) / normalized_hsic(a, x))
        covered += abs(value - math.log(truth)) < 1.96 * error
        logs.append(value)
        errors.append(error)
    spread = float(torch.tensor(logs).std())
    assert float(torch.tensor(errors).mean()) == pytest.approx(spread, rel=0.25)
    assert covered >= 105  # of 114 expected; 105 or fewer of a true 95 % have probability 0.0001


def test_the_interval_of_a_ratio_is_the_jackknifes(spoken: MFM, many: Latents) -> None:
    r = dependency_ratios(spoken, many, bandwidth=2.0, n_permutations=0)["acoustic"]
    seen = observe(spoken, many)
    x = average(seen.generated["acoustic"], many.mask)
    logs = []
    for left in range(90):
        rest = torch.arange(90) != left
        y, a = (normalized_hsic(f[rest], x[rest], 2.0) for f in (seen.factors.y, seen.factors.a["acoustic"]))
        logs.append(math.log(y / a))
    error = float((89 * torch.tensor(logs).double().var(correction=0)).sqrt())
    assert (r.low, r.high) == pytest.approx((r.ratio * math.exp(-1.96 * error), r.ratio * math.exp(1.96 * error)))


def test_the_interval_leaves_out_a_video_where_samples_are_its_segments(spoken: MFM, many: Latents) -> None:
    videos = torch.arange(90) // 9 * 7  # ten of nine segments, numbered with gaps
    alone = dependency_ratios(spoken, many, bandwidth=2.0, n_permutations=9)["acoustic"]
    r = dependency_ratios(spoken, many, bandwidth=2.0, units=videos, n_permutations=9)["acoustic"]
    seen = observe(spoken, many)
    x = average(seen.generated["acoustic"], many.mask)
    logs = []
    for left in videos.unique():
        rest = videos != left
        y, a = (normalized_hsic(f[rest], x[rest], 2.0) for f in (seen.factors.y, seen.factors.a["acoustic"]))
        logs.append(math.log(y / a))
    error = float((9 * torch.tensor(logs).double().var(correction=0)).sqrt())
    assert (r.low, r.high) == pytest.approx((r.ratio * math.exp(-1.96 * error), r.ratio * math.exp(1.96 * error)))
    assert (r.ratio, r.n, r.n_units, alone.n_units) == (alone.ratio, 90, 10, 90)
    assert math.isnan(r.p_value), "segments cannot be exchanged for those of other videos"
    assert math.isfinite(alone.p_value)
    each = dependency_ratios(spoken, many, bandwidth=2.0, units=torch.arange(90), n_permutations=9)["acoustic"]
    assert each == alone
    few = dependency_ratios(spoken, many, units=torch.arange(90) % 4, n_permutations=0)["acoustic"]
    assert math.isnan(few.low)
    assert str(few.warning).endswith("An interval needs at least 5 independent units, such as videos, got 4.")


def test_p_values_of_independent_variables_are_uniform_and_of_dependent_ones_small(generator: torch.Generator) -> None:
    small = []
    for _ in range(100):
        f, x, y = torch.randn(3, 25, 2, generator=generator)
        independent, dependent = permutation_p_values(Rbf(f), [Rbf(x), Rbf(f + 0.3 * y)], 39, generator)
        small.append(independent <= 0.2)
        assert dependent == 1 / 40
    assert 8 <= sum(small) <= 33  # 20 expected


def test_a_permutation_is_of_the_samples_of_f(generator: torch.Generator) -> None:
    f = torch.randn(30, 2, generator=generator)
    x = f[:, :1] + 2 * torch.randn(30, 1, generator=generator)
    state = generator.get_state()
    (p,) = permutation_p_values(Rbf(f), [Rbf(x)], 50, generator)
    generator.set_state(state)
    values = [normalized_hsic(f[torch.randperm(30, generator=generator)], x) for _ in range(50)]
    assert p == (1 + sum(v >= normalized_hsic(f, x) for v in values)) / 51


def test_near_identity_is_told_beside_the_ratio_at_the_median(spoken: MFM, many: Latents) -> None:
    found = dependency_ratios(spoken, many, bandwidth=0.01, n_permutations=0)
    at_median = dependency_ratios(spoken, many, bandwidth="median", n_permutations=0)
    for name, r in found.items():
        assert r.ratio == pytest.approx(1, abs=0.2)
        assert r.warning is not None
        assert r.warning.startswith(
            "At bandwidth 0.01 samples are so far apart that the Gram matrix is nearly the ident"
        )
        assert r.warning.endswith(f"at the median bandwidth the ratio is {r.ratio_at_median:.3g}.")
        assert r.ratio_at_median == at_median[name].ratio
        assert r.nearly_identity
        assert at_median[name].warning is None
        assert not at_median[name].nearly_identity


def test_constant_factors_have_named_answers(many: Latents, generator: torch.Generator) -> None:
    names = ("language", "acoustic", "visual")
    y = torch.randn(90, 8, generator=generator)
    a = {
        "language": torch.randn(90, 6, generator=generator),
        "acoustic": torch.ones(90, 7),
        "visual": torch.ones(90, 4),
    }
    x = {name: torch.randn(90, 7, 2, generator=generator) for name in names}
    x["visual"] = torch.zeros(90, 7, 2)
    found = dependency_ratios(with_factors(sequence_model(), y, a, x), many, n_permutations=9)
    assert found["acoustic"].ratio == math.inf
    assert math.isnan(found["visual"].ratio)
    assert found["acoustic"].warning == "F_a of acoustic is the same for all samples."
    assert found["visual"].warning == "F_a of visual and generated visual are the same for all samples."
    assert found["visual"].p_value == 1
    assert all(math.isnan(found[name].low) for name in names[1:])
    y[:] = y[:1]
    y[:, 0] = 0.5
    constant = with_factors(sequence_model(), y, a, {n: v[:1].expand(90, -1, -1) for n, v in x.items()})
    assert "F_y" in str(dependency_ratios(constant, many, n_permutations=0)["language"].warning)
    assert [divide(0.0, 0.5), divide(0.5, 0.0)] == [0, math.inf]


def test_what_is_not_finite_is_refused(many: Latents, generator: torch.Generator) -> None:
    y = torch.randn(90, 8, generator=generator)
    a = {name: torch.randn(90, 6, generator=generator) for name in ("language", "acoustic", "visual")}
    x = {name: torch.randn(90, 7, 2, generator=generator) for name in a} | {"visual": torch.full((90, 7, 2), math.nan)}
    with pytest.raises(ValueError, match=r"^visual: expected finite values, got NaN or infinity$"):
        dependency_ratios(with_factors(sequence_model(), y, a, x), many)


def test_progress_reaches_the_end_and_may_end_the_work(spoken: MFM, many: Latents) -> None:
    told: list[float] = []
    dependency_ratios(spoken, many, n_permutations=5, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1

    def cancel(share: float) -> None:
        if share > 0.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        dependency_ratios(spoken, many, progress=cancel)


def test_the_same_generator_gives_the_same_p_values(spoken: MFM, many: Latents) -> None:
    runs = [
        dependency_ratios(spoken, many, bandwidth=3.0, n_permutations=30, generator=torch.Generator().manual_seed(5))
        for _ in range(2)
    ]
    assert runs[0] == runs[1]


def test_the_average_is_over_real_steps() -> None:
    x = torch.tensor([[[1.0], [math.nan], [3.0]], [[5.0], [7.0], [9.0]]])
    mask = torch.tensor([[True, False, True], [True, True, True]])
    assert average(x, mask).tolist() == [[2.0], [7.0]]


def test_curves_pass_through_the_ratios(spoken: MFM, many: Latents) -> None:
    told: list[float] = []
    curve = bandwidth_curve(spoken, many, [0.5, 2.0, 8.0], progress=told.append)
    sizes = size_curve(spoken, many, [20, 90], bandwidth=2.0, n_subsets=4)
    ratios = {b: dependency_ratios(spoken, many, bandwidth=b, n_permutations=0) for b in (0.5, 2.0)}
    assert (curve.at, told[-1]) == ((0.5, 2.0, 8.0), 1)
    for name in spoken.modalities:
        assert curve.ratios[name][:2] == pytest.approx([ratios[0.5][name].ratio, ratios[2.0][name].ratio])
        # All samples, in another order.
        assert sizes.low[name][1] == pytest.approx(sizes.high[name][1])
        assert sizes.ratios[name][1] == pytest.approx(ratios[2.0][name].ratio)
        assert sizes.low[name][0] < sizes.ratios[name][0] < sizes.high[name][0]


def test_only_small_bandwidths_make_gram_matrices_nearly_the_identity(spoken: MFM, many: Latents) -> None:
    curve = bandwidth_curve(spoken, many, [0.01, 8.0, 1e3])
    for name in spoken.modalities:
        assert curve.nearly_identity[name] == (True, False, False)
    seen = observe(spoken, many)
    for bandwidth in (0.5, 1.0, 2.0, 8.0):
        found = measure(kernels_of(seen, bandwidth, "averaged", None), None)
        for i, name in enumerate(spoken.modalities):
            kernels = seen.factors.y, seen.factors.a[name], average(seen.generated[name], many.mask)
            centre = torch.eye(90, dtype=torch.float64) - 1 / 90
            centred = [centre @ rbf(f.double(), bandwidth) @ centre for f in kernels]
            wanted = [float(k.diagonal().square().sum() / k.square().sum()) for k in centred]
            assert found.diagonal_shares(i) == pytest.approx(wanted, abs=0.05)


def test_gram_matrices_are_sorted_by_label(spoken: MFM, many: Latents, generator: torch.Generator) -> None:
    labels = torch.randn(90, 2, generator=generator)
    shown = gram_matrices(spoken, many, labels, n_shown=30, bandwidth=2.0)
    assert shown.labels.tolist() == sorted(shown.labels.tolist())
    assert torch.equal(labels[shown.order, 0], shown.labels)
    assert len(set(shown.order.tolist())) == 30
    seen = observe(spoken, many)
    torch.testing.assert_close(shown.y, rbf(seen.factors.y[shown.order], 2.0), rtol=0, atol=1e-5)
    x = average(seen.generated["visual"], many.mask)[shown.order]
    torch.testing.assert_close(shown.x["visual"], rbf(x, 2.0), rtol=0, atol=1e-5)
    torch.testing.assert_close(shown.a["visual"], rbf(seen.factors.a["visual"][shown.order], 2.0), rtol=0, atol=1e-5)
    assert len(gram_matrices(spoken, many, labels[:, 0]).y) == 90


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, z: dependency_ratios(m, z[[0]]), "latents: expected at least 2 samples, got 1"),
        (lambda m, z: dependency_ratios(m, z, n_permutations=-1), "n_permutations: expected 0 or more, got -1"),
        (lambda m, z: dependency_ratios(m, z, n_permutations=2.5), "n_permutations: expected a whole number, got 2.5"),
        (
            lambda m, z: dependency_ratios(m, z, units=torch.zeros(3, dtype=torch.int64)),
            "units: expected shape (12,) of torch.int64, got (3,) of torch.int64",
        ),
        (lambda m, z: dependency_ratios(m, z, units=[0] * 12), "units: expected a Tensor, got a list"),
        (lambda m, z: dependency_ratios(m, z, generator=3), "generator: expected a Generator, got an int"),
        (lambda m, z: dependency_ratios(m, z.joint()), "latents: expected Latents, got a Tensor"),
        (lambda m, z: dependency_ratios(z, z), "model: expected an MFM, got Latents"),
        (lambda m, z: dependency_ratios(m, z, kernel="mean"), "kernel: expected 'averaged' or 'alignment', got 'mean'"),
        (lambda m, z: bandwidth_curve(m, z, []), "bandwidths: expected at least one, got none"),
        (
            lambda m, z: size_curve(m, z, [2, 13]),
            "sizes: expected numbers from 2 to 12, the number of samples, got [2, 13]",
        ),
        (lambda m, z: size_curve(m, z, [2], n_subsets=0), "n_subsets: expected 1 or more, got 0"),
        (lambda m, z: gram_matrices(m, z, torch.zeros(3)), "labels: expected shape (12,) or (12, k), got (3,)"),
        (lambda m, z: gram_matrices(m, z, torch.zeros(12), n_shown=1), "n_shown: expected 2 or more, got 1"),
    ],
)
def test_bad_input_gives_one_sentence(spoken: MFM, clips: Latents, call, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call(spoken, clips)


def test_pictures_have_no_steps_to_align(tiny_model: MFM, latents: Latents) -> None:
    message = "kernel: expected 'averaged', for svhn has no steps to align, got 'alignment'"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        dependency_ratios(tiny_model, latents, kernel="alignment")


def test_below_five_samples_a_ratio_has_no_interval_and_says_why(spoken: MFM, clips: Latents) -> None:
    few = dependency_ratios(spoken, clips[:4], bandwidth="median", n_permutations=0)
    enough = dependency_ratios(spoken, clips[:5], bandwidth="median", n_permutations=0)
    for name, r in few.items():
        assert math.isfinite(r.ratio)
        assert math.isnan(r.low)
        assert math.isnan(r.high)
        assert r.warning is not None
        assert r.warning.endswith("An interval needs at least 5 samples, got 4.")
        assert math.isfinite(enough[name].low)
