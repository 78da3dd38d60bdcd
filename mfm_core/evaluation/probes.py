"""Probes of codes: the best of a family, cross-fitted on held-out codes.

One probe alone tells what that probe finds, not what is there: a linear one overlooks what a support-vector machine
reads with ease. scikit-learn takes a second to import and most commands probe nothing: each function imports its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor

from mfm_core.evaluation.crossed_bootstrap import N_BOOTSTRAP, multiplicities
from mfm_core.evaluation.statistics import Estimate, estimate

PROBE_SEEDS = (0, 1, 2)
FOLDS = 3
ENOUGH_TO_STOP_EARLY = 500  # samples of which a tenth can be put aside to tell when a probe has learnt enough

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Estimator(Protocol):
    """Estimator of scikit-learn."""

    def fit(self, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> object: ...  # noqa: D102

    def predict(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]: ...  # noqa: D102


Family = Mapping[str, Callable[[int, int, int], Estimator]]
"""Builds each probe by name, of a seed, the number of samples it is to learn from and the size of a code."""


@dataclass(frozen=True)
class Probed:
    """Result of a family of probes on codes.

    Attributes:
        best: The probe that reads most, in the mean over seeds.
        estimate: Accuracy of classes or R² of scores of that probe, on codes it was not trained on. The 95 % interval
            comes of resampling seeds (folds, initial weights) and clusters together, so it includes the probe's own
            training. ``n`` is the number of clusters.
        chance: What reads nothing reaches: the rate of the most frequent class, or an R² of 0.
        each: Mean over seeds of every probe.
    """

    best: str
    estimate: Estimate
    chance: float
    each: Mapping[str, float]


def probe_classes(
    codes: Tensor,
    labels: Tensor,
    *,
    clusters: Tensor | None = None,
    seeds: Sequence[int] = PROBE_SEEDS,
    folds: int = FOLDS,
    workers: int = 1,
) -> Probed:
    """Read a class from held-out codes with logistic regression, an RBF SVM, two networks and gradient boosting.

    Args:
        codes: ``(N, d)``, of samples that the model was not trained on.
        labels: Classes, ``(N,)``.
        clusters: Which samples are not independent (of one photograph, or one speaker), ``(N,)`` integers: all of a
            cluster lie in one fold. None where every sample stands for itself.
        seeds: Of the folds and of the probes.
        folds: Parts that are left out in turn.
        workers: Processes.

    Returns:
        Accuracies; the chance is the rate of the most frequent class.

    Raises:
        ValueError: If lengths differ, a code is not finite, or there are fewer than two classes or clusters than folds.
    """
    x, y, groups = _checked(codes, labels, clusters, seeds, folds)
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) < 2:
        raise ValueError(f"labels: expected at least 2 classes, got {len(classes)}")
    guesses = _cross_fit(x, y, groups, _classifiers(), seeds, folds, workers, stratified=True)
    hits = {name: (found == y).astype(np.float64) for name, found in guesses.items()}

    def accuracy(hit: Floats, weights: Floats) -> float:
        return float(hit @ weights / weights.sum())

    return _best(hits, accuracy, groups, chance=float(counts.max() / len(y)))


def probe_scores(
    codes: Tensor,
    scores: Tensor,
    *,
    clusters: Tensor | None = None,
    seeds: Sequence[int] = PROBE_SEEDS,
    folds: int = FOLDS,
    workers: int = 1,
) -> Probed:
    """Read scores from held-out codes with ridge regression, an RBF SVM, two networks and gradient boosting.

    Args:
        codes: ``(N, d)``, of samples that the model was not trained on.
        scores: ``(N,)`` or ``(N, size)``; of several, R² is the mean over them.
        clusters: As in :func:`probe_classes`.
        seeds: Of the folds and of the probes.
        folds: Parts that are left out in turn.
        workers: Processes.

    Returns:
        R² of the cross-fitted predictions, which is below 0 where the mean score predicts better; the chance is 0.

    Raises:
        ValueError: If lengths differ, a number is not finite, a score is constant or there are fewer clusters than
            folds.
    """
    x, y, groups = _checked(codes, scores, clusters, seeds, folds)
    y = y.reshape(len(y), -1).astype(np.float64)
    if not np.isfinite(y).all():
        raise ValueError("scores: expected finite numbers, got NaN or infinity")
    if (y.std(0) == 0).any():
        raise ValueError("scores: expected scores that vary, got a constant")
    guesses = _cross_fit(x, y, groups, _regressors(), seeds, folds, workers, stratified=False)
    left = {name: np.square(found - y) for name, found in guesses.items()}

    def explained(errors: Floats, weights: Floats) -> float:
        share = weights / weights.sum()
        spread = share @ np.square(y - share @ y)
        return float((1 - share @ errors / np.where(spread > 0, spread, np.nan)).mean())

    return _best(left, explained, groups, chance=0.0)


def _checked(
    codes: Tensor, labels: Tensor, clusters: Tensor | None, seeds: Sequence[int], folds: int
) -> tuple[Floats, npt.NDArray[Any], Integers]:
    """Codes, labels and clusters as arrays."""
    if codes.ndim != 2 or len(labels) != len(codes):
        raise ValueError(f"codes: expected shape ({len(labels)}, d), as many as labels, got {tuple(codes.shape)}")
    if not codes.isfinite().all():
        raise ValueError("codes: expected finite numbers, got NaN or infinity")
    groups = np.arange(len(codes)) if clusters is None else clusters.cpu().numpy().astype(np.int64)
    if groups.shape != (len(codes),):
        raise ValueError(f"clusters: expected shape ({len(codes)},), got {groups.shape}")
    if folds < 2 or len(np.unique(groups)) < folds:
        raise ValueError(f"folds: expected 2 to {len(np.unique(groups))}, the number of clusters, got {folds}")
    if not seeds:
        raise ValueError("seeds: expected at least one, got none")
    return codes.detach().cpu().double().numpy(), labels.detach().cpu().numpy(), groups


def _best(
    outcomes: Mapping[str, Floats], statistic: Callable[[Floats, Floats], float], groups: Integers, *, chance: float
) -> Probed:
    """The probe of the largest mean over seeds, with the percentiles of its mean over resampled clusters and seeds.

    Args:
        outcomes: Of each probe, a hit or errors of every seed and sample, ``(seeds, N, ...)``.
        statistic: Of the outcomes of one seed and the weights of the samples.
        groups: Clusters, ``(N,)``.
        chance: What reads nothing reaches.
    """
    equal = np.ones(len(groups))
    means = {name: float(np.mean([statistic(one, equal) for one in each])) for name, each in outcomes.items()}
    best = max(means, key=means.__getitem__)
    generator, n_seeds, drawn = np.random.default_rng(0), len(outcomes[best]), []
    for weights in multiplicities(groups, N_BOOTSTRAP, generator):
        chosen = generator.integers(n_seeds, size=n_seeds)
        drawn.append(np.mean([statistic(outcomes[best][seed], weights) for seed in chosen]))
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    found = estimate(means[best], float(low), float(high), len(np.unique(groups)), of="clusters")
    return Probed(best, found, chance, means)


def _cross_fit(
    x: Floats,
    y: npt.NDArray[Any],
    groups: Integers,
    family: Family,
    seeds: Sequence[int],
    folds: int,
    workers: int,
    *,
    stratified: bool,
) -> dict[str, npt.NDArray[Any]]:
    """Predict every sample by each probe trained on the other folds: ``(seeds, N, ...)`` by name."""
    from joblib import Parallel, delayed

    jobs = [
        (name, place, train, test, build(seed, len(train), x.shape[1]))
        for place, seed in enumerate(seeds)
        for train, test in _folds(x, y, groups, folds, seed, stratified=stratified)
        for name, build in family.items()
    ]
    fits = (delayed(_fit_and_predict)(probe, x[train], y[train], x[test]) for _, _, train, test, probe in jobs)
    found = Parallel(n_jobs=workers)(fits)
    guesses = {name: np.empty((len(seeds), *y.shape), y.dtype) for name in family}
    for (name, place, _, test, _), said in zip(jobs, found, strict=True):
        guesses[name][place, test] = said.reshape(len(test), *y.shape[1:])
    return guesses


def _folds(
    x: Floats, y: npt.NDArray[Any], groups: Integers, folds: int, seed: int, *, stratified: bool
) -> Iterator[tuple[Integers, Integers]]:
    """Training and test samples of each fold; no cluster lies in two folds."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    splitter = StratifiedGroupKFold if stratified else GroupKFold
    yield from splitter(folds, shuffle=True, random_state=seed).split(x, y, groups)


def _fit_and_predict(probe: Estimator, x: Floats, y: npt.NDArray[Any], test: Floats) -> npt.NDArray[Any]:
    """Fit on one thread, so that what is found does not depend on how many there are."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # so many epochs are what a probe gets
        probe.fit(x, y)
        return probe.predict(test)


def _classifiers() -> Family:
    """The family that reads classes."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    def scaled(classifier: Estimator) -> Estimator:
        both: Estimator = make_pipeline(StandardScaler(), classifier)
        return both

    return {
        "linear": lambda seed, n, d: scaled(LogisticRegression(max_iter=500)),
        "RBF SVM": lambda seed, n, d: scaled(SVC(**_machine(d))),
        "network of 128": lambda seed, n, d: scaled(MLPClassifier((128,), **_network(seed, n))),
        "network of 256 and 128": lambda seed, n, d: scaled(MLPClassifier((256, 128), **_network(seed, n))),
        "gradient boosting": lambda seed, n, d: HistGradientBoostingClassifier(**_boosting(seed, n)),
    }


def _regressors() -> Family:
    """The family that reads scores."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import Ridge
    from sklearn.multioutput import MultiOutputRegressor
    from sklearn.neural_network import MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVR

    def scaled(regressor: Estimator) -> Estimator:
        both = make_pipeline(StandardScaler(), MultiOutputRegressor(regressor))
        with_scores: Estimator = TransformedTargetRegressor(both, transformer=StandardScaler())
        return with_scores

    return {
        "linear": lambda seed, n, d: scaled(Ridge()),
        "RBF SVM": lambda seed, n, d: scaled(SVR(**_machine(d))),
        "network of 128": lambda seed, n, d: scaled(MLPRegressor(hidden_layer_sizes=(128,), **_network(seed, n))),
        "network of 256 and 128": lambda seed, n, d: scaled(
            MLPRegressor(hidden_layer_sizes=(256, 128), **_network(seed, n))
        ),
        "gradient boosting": lambda seed, n, d: scaled(HistGradientBoostingRegressor(**_boosting(seed, n))),
    }


def _machine(d: int) -> dict[str, Any]:
    # Twice as narrow as scikit-learn's default: of codes that nearly follow N(0, I) it reads some points more.
    return {"C": 3.0, "gamma": 2 / d, "cache_size": 500}


def _network(seed: int, n: int) -> dict[str, Any]:
    return {
        "batch_size": max(min(200, n // 2), 1),
        "learning_rate_init": 2e-3,
        "early_stopping": n >= ENOUGH_TO_STOP_EARLY,
        "max_iter": 40,
        "alpha": 1e-2,
        "random_state": seed,
    }


def _boosting(seed: int, n: int) -> dict[str, Any]:
    return {
        "max_iter": 60,
        "max_leaf_nodes": 15,
        "l2_regularization": 1.0,
        "early_stopping": n >= ENOUGH_TO_STOP_EARLY,
        "random_state": seed,
    }
