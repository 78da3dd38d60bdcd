"""Every figure the project prints of an MFM of spoken videos."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import cast

import numpy as np
import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.data.registry import dataset_info
from mfm_core.evaluation.digits import Figure
from mfm_core.evaluation.statistics import Estimate, correlation, estimate, mean, share
from mfm_core.model import MFM
from mfm_core.training.common import presence
from mfm_core.training.videos import encode_present, groups

N_BOOTSTRAP = 1000


def bootstrap(statistic: Callable[[np.ndarray], float], n: int, *, seed: int = 0) -> Estimate:
    """A statistic of ``n`` samples with its 95 % percentile interval; without one of fewer than 5 samples.

    Args:
        statistic: Maps indices ``(n,)`` to the statistic of those samples.
        n: How many samples there are.
        seed: Of the resampling.

    Raises:
        ValueError: If there are no samples.
    """
    if n == 0:
        raise ValueError("n: expected at least one sample, got none")
    generator = np.random.default_rng(seed)
    drawn = [statistic(generator.integers(n, size=n)) for _ in range(N_BOOTSTRAP)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return estimate(statistic(np.arange(n)), float(low), float(high), n)


def label_figures(title: str, decided: Tensor, labels: Tensor, *, middle: float = 0.0, seed: int = 0) -> list[Figure]:
    """How well the label is predicted.

    Args:
        title: What the label was predicted from.
        decided: Logits ``(N, n_labels)`` or scores ``(N, size)``.
        labels: Classes ``(N,)`` or scores ``(N, size)``.
        middle: Of the scale of a single score: above it is positive.
        seed: Of the bootstrap.
    """
    from sklearn.metrics import f1_score

    if labels.dtype == torch.int64:
        found, true = decided.argmax(1).numpy(), labels.numpy()
        f1 = bootstrap(lambda i: float(f1_score(true[i], found[i], average="weighted", zero_division=0)), len(true))
        return [
            Figure(f"label accuracy, {title}", share(torch.from_numpy(found == true))),
            Figure(f"label F1 (weighted), {title}", f1),
        ]
    if labels.shape[1] > 1:
        x, y = decided.double().numpy(), labels.double().numpy()
        error = mean((decided - labels).abs().mean(1))
        correlated = bootstrap(lambda i: _mean_correlation(x[i], y[i]), len(y), seed=seed)
        return [
            Figure(f"mean absolute error of the scores, {title}", error),
            Figure(f"correlation of the scores, mean over {labels.shape[1]}, {title}", correlated),
        ]
    score, wanted = decided[:, 0], labels[:, 0]
    sided = wanted != middle
    found, true = (score[sided] > middle).numpy(), (wanted[sided] > middle).numpy()
    f1 = bootstrap(lambda i: float(f1_score(true[i], found[i], average="weighted", zero_division=0)), len(true))
    return [
        Figure(f"mean absolute error of the score, {title}", mean((score - wanted).abs())),
        Figure(f"correlation of the score, {title}", correlation(score, wanted)),
        Figure(f"positive or negative: accuracy, {title}", share(torch.from_numpy(found == true))),
        Figure(f"positive or negative: F1 (weighted), {title}", f1),
    ]


def _mean_correlation(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(0), y - y.mean(0)
    scale = np.sqrt(np.square(x).sum(0) * np.square(y).sum(0))
    return float(((x * y).sum(0) / np.where(scale > 0, scale, 1)).mean())


def explained(x: Tensor, generated: Tensor, steps: Tensor, *, seed: int = 0) -> Estimate:
    """Share of the variance of the features that a reconstruction explains (R2), with a bootstrap over samples.

    Args:
        x: ``(N, T, d)``.
        generated: ``(N, T, d)``.
        steps: Real steps, boolean ``(N, T)``.
        seed: Of the bootstrap.
    """
    centre = x[steps].double().mean(0)
    left = torch.where(steps[..., None], (generated - x).double().square(), 0).sum(dim=(1, 2)).numpy()
    all_of_it = torch.where(steps[..., None], (x.double() - centre).square(), 0).sum(dim=(1, 2)).numpy()
    return bootstrap(lambda i: float(1 - left[i].sum() / all_of_it[i].sum()), len(x), seed=seed)


@torch.inference_mode()
def evaluate_sequences(
    model: MFM, data: Dataset, *, seed: int = 0, on_progress: Callable[[str], None] = lambda stage: None
) -> list[Figure]:
    """Measure label, reconstruction and missing modalities on held-out videos.

    Args:
        model: An MFM of the modalities of ``data``.
        data: Held-out samples, with their mask.
        seed: Of the bootstrap.
        on_progress: Called with the name of each stage.

    Returns:
        The figures, in the order of the card.
    """
    on_progress("encoding held-out videos")
    middle, names = dataset_info(data.name).neutral, model.modalities
    latents, decided = encode_present(model, data)
    figures = label_figures("all modalities a video has", decided, data.labels, middle=middle, seed=seed)
    generated = model.decode(latents).modalities
    has, mask = presence(data, names), cast(Tensor, data.mask)
    for i, name in enumerate(names):
        steps = mask & has[:, [i]]
        title = f"variance explained by the reconstruction (R2), {name}"
        figures.append(Figure(title, explained(data.modalities[name], generated[name], steps, seed=seed)))
    on_progress("leaving modalities out")
    whole = torch.nonzero(has.all(dim=1)).squeeze(1)
    if len(whole) > 3:
        figures += missing_figures(model, data.take(whole), middle=middle, seed=seed)
    return figures


def missing_figures(model: MFM, data: Dataset, *, middle: float, seed: int) -> list[Figure]:
    """The label, and each absent modality, inferred from every proper subset of the modalities of complete samples."""
    (group,) = groups(data, model.modalities)
    figures = []
    for size in range(1, len(model.modalities)):
        for given in combinations(model.modalities, size):
            latents = model.encode({name: group.inputs[name] for name in given}, group.mask)
            title = f"from {' and '.join(given)} alone"
            decided = model.decide(latents.y)
            figures += label_figures(title, decided, data.labels, middle=middle, seed=seed)[:2]
            generated = model.decode(latents).modalities
            for name in model.modalities:
                if name not in given:
                    r2 = explained(group.inputs[name], generated[name], cast(Tensor, group.mask), seed=seed)
                    figures.append(Figure(f"variance explained (R2) of {name}, inferred {title}", r2))
    return figures
