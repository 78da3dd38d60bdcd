"""Every figure the project prints of an MFM of spoken videos."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import cast

import numpy as np
import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.evaluation.bootstrap import Floats, Ints, bootstrap_interval
from mfm_core.evaluation.figures import Figure
from mfm_core.evaluation.predictions import evaluate_predictions, few_units, independent_units
from mfm_core.evaluation.quantities import figure
from mfm_core.evaluation.statistics import Estimate, estimate
from mfm_core.model import MFM
from mfm_core.training.common import presence
from mfm_core.training.videos import encode_present, groups


def explained(x: Tensor, generated: Tensor, steps: Tensor, units: Ints, *, seed: int = 0) -> Estimate:
    """Share of the variance of the features that a reconstruction explains (R2), with a bootstrap over videos.

    Args:
        x: ``(N, T, d)``.
        generated: ``(N, T, d)``.
        steps: Real steps, boolean ``(N, T)``.
        units: Number of each sample's video, ``(N,)``, see :func:`independent_units`.
        seed: Of the bootstrap.

    Returns:
        The share; ``n`` counts the samples that have a real step.
    """
    centre = x[steps].double().mean(0)
    left = torch.where(steps[..., None], (generated - x).double().square(), 0).sum(dim=(1, 2))
    whole = torch.where(steps[..., None], (x.double() - centre).square(), 0).sum(dim=(1, 2))
    sums = torch.stack([left, whole], dim=1).numpy()
    low, high = bootstrap_interval(sums, _r2, units, seed=seed)
    found = estimate(float(_r2(sums.sum(0))), low, high, int(steps.any(dim=1).sum()))
    if found.reason or math.isfinite(low):
        return found
    return replace(found, reason=few_units(units) if math.isfinite(found.value) else "a share needs features that vary")


def _r2(sums: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1 - sums[..., 0] / sums[..., 1])


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
    names, units = model.modalities, independent_units(data)
    latents, decided = encode_present(model, data)
    figures = evaluate_predictions(data, decided, seed=seed)
    generated = model.decode(latents).modalities
    has, mask = presence(data, names), cast(Tensor, data.mask)
    for i, name in enumerate(names):
        steps = mask & has[:, [i]]
        r2 = explained(data.modalities[name], generated[name], steps, units, seed=seed)
        figures.append(figure("reconstruction_r2", name, r2))
    on_progress("leaving modalities out")
    whole = torch.nonzero(has.all(dim=1)).squeeze(1)
    if len(whole) > 3:
        figures += missing_figures(model, data.take(whole), seed=seed)
    return figures


def missing_figures(model: MFM, data: Dataset, *, seed: int) -> list[Figure]:
    """The label, and each absent modality, inferred from every proper subset of the modalities of complete samples."""
    (group,) = groups(data, model.modalities)
    units = independent_units(data)
    figures = []
    for size in range(1, len(model.modalities)):
        for given in combinations(model.modalities, size):
            subject = "+".join(given)
            latents = model.encode({name: group.inputs[name] for name in given}, group.mask)
            of_label = evaluate_predictions(data, model.decide(latents.y), seed=seed)[:2]
            figures += [one.model_copy(update={"subject": subject}) for one in of_label]
            generated = model.decode(latents).modalities
            for name in model.modalities:
                if name not in given:
                    steps = cast(Tensor, group.mask)
                    r2 = explained(group.inputs[name], generated[name], steps, units, seed=seed)
                    figures.append(figure("inferred_r2", f"{subject}>{name}", r2))
    return figures
