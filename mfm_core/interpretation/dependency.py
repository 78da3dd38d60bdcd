"""Dependency ratios: how much a generated modality depends on F_y against its own F_a (Eq. 5, section 3.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mfm_core.arguments import expect, whole_number
from mfm_core.interpretation.hsic import moments, normalize
from mfm_core.interpretation.kernels import Bandwidth, Gram, Kernel, Progress, Rbf, portion
from mfm_core.interpretation.observations import KernelOfX, Observations, observe
from mfm_core.interpretation.resampling import MIN_SAMPLES, leave_one_out, leave_one_unit_out, permutation_p_values
from mfm_core.latents import Latents
from mfm_core.model import MFM
from mfm_core.printing import short_repr

# The share of a centred Gram matrix's squared norm that lies on its diagonal, from which on it is nearly the identity.
NEARLY_IDENTITY = 0.5


@dataclass(frozen=True)
class DependencyRatio:
    """r_i of one modality.

    Attributes:
        ratio: ``depends_on_y / depends_on_a``. 0 or infinite where a factor is constant or changes nothing, NaN where
            both are or the modality is.
        low: Lower end of the 95 % interval of the ratio; NaN where it cannot be computed, and below 5 samples.
        high: Upper end.
        p_value: Of the hypothesis that the generated modality is independent of F_y; NaN without permutations.
            Whether the ratio differs from 1 is what the interval says.
        depends_on_y: HSIC_norm(F_y, X^_i), 0 to 1.
        depends_on_a: HSIC_norm(F_a_i, X^_i).
        n: Samples.
        n_units: Independent units that they are of, such as videos; as many as samples where each is one.
        bandwidth: Asked for.
        bandwidths: Used, of F_y, F_a and X^_i.
        kernel: Of X^_i: ``"averaged"`` or ``"alignment"``.
        off_diagonal: Mean of the Gram matrices of F_y, F_a and X^_i off their diagonal.
        ratio_at_median: The ratio where each bandwidth is the median distance.
        warning: In one sentence, why not to trust the ratio; None where nothing was found.
        nearly_identity: Whether one of the Gram matrices is nearly the identity, so that the bandwidth sets the ratio
            more than the model does: to 1 where all three matrices are, elsewhere to a value of its own.
    """

    ratio: float
    low: float
    high: float
    p_value: float
    depends_on_y: float
    depends_on_a: float
    n: int
    n_units: int
    bandwidth: Bandwidth
    bandwidths: tuple[float, float, float]
    kernel: KernelOfX
    off_diagonal: tuple[float, float, float]
    ratio_at_median: float
    warning: str | None
    nearly_identity: bool = False


def dependency_ratios(
    model: MFM,
    latents: Latents,
    *,
    bandwidth: Bandwidth = 1.0,
    kernel: KernelOfX = "averaged",
    units: Tensor | None = None,
    n_permutations: int = 200,
    generator: torch.Generator | None = None,
    progress: Progress | None = None,
) -> dict[str, DependencyRatio]:
    """r_i = HSIC_norm(F_y, X^_i) / HSIC_norm(F_a_i, X^_i) of each modality (Eq. 5, section 3.4).

    The interval is the jackknife's: log r_i, give or take 1.96 standard errors from its values without one sample, or
    without all samples of one unit: segments of a video are not independent.
    A bootstrap would put copies of samples on the Gram matrices, each 1 off the diagonal, and so measure data that are
    more dependent than these. The interval tells how far r_i would vary with other samples, as many as these; it does
    not remove the bias of Eq. 5, of which ``warning`` speaks.

    Args:
        model: The model.
        latents: Of at least 2 samples; of sequences, with their mask.
        bandwidth: Of the RBF kernels, 1 in the paper, or ``"median"``: the median distance, of each variable its own.
            Of the alignment kernel, that of the local kernel, or Cuturi's choice.
        kernel: Of sequences: RBF of their average over real steps, as the paper, or the global alignment kernel.
        units: Of each sample the number of its independent unit, such as its video, ``(N,)`` int64; None where each
            sample is one. Samples of units of several cannot be exchanged for each other, so that there is no p-value.
        n_permutations: For the p-value; 0 for none.
        generator: Of the permutations; one of its own, seeded with 0, if none is given.
        progress: Called with the share of the work that is done; what it raises ends the work.

    Raises:
        ValueError: If there are fewer than 2 samples, the latents are not the model's, what is generated is not
            finite, or an option is not one of those above.
    """
    n_permutations = whole_number("n_permutations", n_permutations, 0)
    own = torch.Generator().manual_seed(0) if generator is None else expect("generator", generator, torch.Generator)
    seen = observe(model, latents)
    grouped = _grouped(units, len(seen))
    n_units = len(seen) if grouped is None else int(grouped.max()) + 1
    kernels = kernels_of(seen, bandwidth, kernel, portion(progress, 0, 0.15))
    found = measure(kernels, portion(progress, 0.15, 0.3))
    typical = found
    if bandwidth != "median":
        at_median = kernels_of(seen, "median", kernel, portion(progress, 0.3, 0.45))
        typical = measure(at_median, portion(progress, 0.45, 0.6))
    errors = [math.nan] * len(kernels.x)
    if n_units >= MIN_SAMPLES:
        errors = _standard_errors(kernels, grouped, portion(progress, 0.6, 0.8))
    p_values = [math.nan] * len(kernels.x)
    if n_permutations and grouped is None:
        p_values = permutation_p_values(kernels.y, kernels.x, n_permutations, own, progress=portion(progress, 0.8, 1))
    if progress is not None:
        progress(1.0)
    ratios = {}
    for i, name in enumerate(seen.generated):
        y, a = found.dependencies[i]
        ratio, ratio_at_median = divide(y, a), divide(*typical.dependencies[i])
        ratios[name] = DependencyRatio(
            ratio=ratio,
            low=ratio * math.exp(-1.96 * errors[i]),
            high=ratio * math.exp(1.96 * errors[i]),
            p_value=p_values[i],
            depends_on_y=y,
            depends_on_a=a,
            n=len(seen),
            n_units=n_units,
            bandwidth=bandwidth,
            bandwidths=(kernels.y.bandwidth, kernels.a[i].bandwidth, kernels.x[i].bandwidth),
            kernel=kernel,
            off_diagonal=found.off_diagonal[i],
            ratio_at_median=ratio_at_median,
            warning=_warning(name, bandwidth, found, i, ratio_at_median, n_units),
            nearly_identity=found.nearly_identity(i),
        )
    return ratios


@dataclass(frozen=True)
class Kernels:
    """Of F_y, and of F_a and X^ of each modality in order."""

    y: Rbf
    a: list[Rbf]
    x: list[Rbf | Gram]

    def all(self) -> list[Kernel]:
        """F_y first, then each F_a, then each X^."""
        return [self.y, *self.a, *self.x]


@dataclass(frozen=True)
class Measured:
    """Results of one pass over the Gram matrices, of each modality in order.

    Attributes:
        dependencies: HSIC_norm(F_y, X^_i) and HSIC_norm(F_a_i, X^_i).
        norms: Squared norms of the centred Gram matrices of F_y, F_a and X^_i.
        off_diagonal: Mean of these Gram matrices off their diagonal.
        n: Samples.
    """

    dependencies: list[tuple[float, float]]
    norms: list[tuple[float, float, float]]
    off_diagonal: list[tuple[float, float, float]]
    n: int

    __repr__ = short_repr

    def nearly_identity(self, i: int) -> bool:
        """Whether a Gram matrix that the ratio of modality ``i`` is made of is nearly the identity."""
        return any(share > NEARLY_IDENTITY for share in self.diagonal_shares(i))

    def diagonal_shares(self, i: int) -> list[float]:
        """Share of the squared norm of the centred Gram matrices of F_y, F_a and X^_i that lies on their diagonal.

        It is 1 of the identity. On the diagonal of a centred matrix stands about 1 less the mean off it, which is close
        to 0 where a bandwidth is so large that all samples are alike; 0 of a constant variable.
        """
        pairs = zip(self.norms[i], self.off_diagonal[i], strict=True)
        return [(self.n - 1) * (1 - off) ** 2 / norm if norm > 0 else 0.0 for norm, off in pairs]


def kernels_of(seen: Observations, bandwidth: Bandwidth, kind: KernelOfX, progress: Progress | None) -> Kernels:
    """The kernels of what was observed; of each variable its own bandwidth where it is the median."""
    m = len(seen.generated)
    parts = [portion(progress, i / m, (i + 1) / m) for i in range(m)]
    return Kernels(
        Rbf(seen.factors.y, bandwidth, name="F_y"),
        [Rbf(f, bandwidth, name=f"F_a of {name}") for name, f in seen.factors.a.items()],
        [seen.kernel(name, bandwidth, kind, part) for name, part in zip(seen.generated, parts, strict=True)],
    )


def measure(kernels: Kernels, progress: Progress | None) -> Measured:
    """Everything but intervals and p-values, in one pass."""
    n, m = len(kernels.y), len(kernels.x)
    products, means = moments(kernels.all(), progress=progress)
    dependencies, norms = normalize(products), products.diagonal()
    off_diagonal = (means * n - 1) / (n - 1)  # of kernels that are 1 on the diagonal

    def three(values: Tensor, i: int) -> tuple[float, float, float]:
        return float(values[0]), float(values[1 + i]), float(values[1 + m + i])

    return Measured(
        [(float(dependencies[0, 1 + m + i]), float(dependencies[1 + i, 1 + m + i])) for i in range(m)],
        [three(norms, i) for i in range(m)],
        [three(off_diagonal, i) for i in range(m)],
        n,
    )


def _grouped(units: Tensor | None, n: int) -> Tensor | None:
    """The units numbered from 0 without a gap; None where each sample is a unit of its own."""
    if units is None:
        return None
    if expect("units", units, Tensor).dtype != torch.int64 or units.shape != (n,):
        raise ValueError(f"units: expected shape ({n},) of torch.int64, got {tuple(units.shape)} of {units.dtype}")
    found, numbers = np.unique(units.numpy(), return_inverse=True)
    return None if len(found) == n else torch.from_numpy(numbers)


def _standard_errors(kernels: Kernels, units: Tensor | None, progress: Progress | None) -> list[float]:
    """Of each log ratio, by the jackknife; NaN where a ratio without one sample or unit is 0, infinite or NaN."""
    m = len(kernels.x)
    pairs = [(0, 0)]
    for i in range(m):
        pairs += [(0, 1 + m + i), (1 + i, 1 + m + i), (1 + i, 1 + i)]
    if units is None:
        products = leave_one_out(kernels.all(), pairs, progress=progress)  # (n, pairs)
    else:
        products = leave_one_unit_out(kernels.all(), pairs, units, progress=progress)
    n = len(products)
    errors = []
    for i in range(m):
        yx, ax, aa = products[:, 3 * i + 1 : 3 * i + 4].unbind(dim=1)
        logs = (yx / ax).log() - (products[:, 0] / aa).log() / 2  # the norm of X^ cancels
        errors.append(float(((n - 1) * logs.var(correction=0)).sqrt()))
    return [error if math.isfinite(error) else math.nan for error in errors]


def ratios_of(found: Measured) -> list[float]:
    """r_i of each modality in order."""
    return [divide(y, a) for y, a in found.dependencies]


def divide(y: float, a: float) -> float:
    """``y / a``; infinite where only ``a`` is 0, NaN where both are."""
    if a == 0:
        return math.inf if y > 0 else math.nan
    return y / a


def _warning(
    name: str, bandwidth: Bandwidth, found: Measured, i: int, ratio_at_median: float, n_units: int
) -> str | None:
    """Why not to trust a ratio, in one sentence, or None."""
    variables = ("F_y", f"F_a of {name}", f"generated {name}")
    constant = [v for v, norm in zip(variables, found.norms[i], strict=True) if norm <= 0]
    if constant:
        return f"{' and '.join(constant)} {'is' if len(constant) == 1 else 'are'} the same for all samples."
    near = [
        f"{v} ({off:.2g})"
        for v, share, off in zip(variables, found.diagonal_shares(i), found.off_diagonal[i], strict=True)
        if share > NEARLY_IDENTITY
    ]
    things = "samples" if n_units == found.n else "independent units, such as videos"
    few = f"An interval needs at least {MIN_SAMPLES} {things}, got {n_units}." if n_units < MIN_SAMPLES else None
    if not near:
        return few
    at = "the median bandwidth" if bandwidth == "median" else f"bandwidth {bandwidth:g}"
    sentence = (
        f"At {at} samples are so far apart that the Gram matrix is nearly the identity, so that the bandwidth sets the "
        f"ratio more than the model does (mean off its diagonal: {', '.join(near)})"
    )
    sentence += "." if bandwidth == "median" else f"; at the median bandwidth the ratio is {ratio_at_median:.3g}."
    return f"{sentence} {few}" if few else sentence
