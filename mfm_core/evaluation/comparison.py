"""Systems side by side on the same held-out pairs: Figure 5(b), and what each added term buys."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import torch
from pydantic import JsonValue
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.data.sets.svhn_mnist import DigitPools
from mfm_core.evaluation.crossed_bootstrap import crossed_mean, difference
from mfm_core.evaluation.digits import evaluate, evaluation_pairs
from mfm_core.evaluation.predictions import independent_units
from mfm_core.storage.folder import StoredModel, model_folder
from mfm_core.storage.models import load_judge, load_pretrained
from mfm_core.systems.base import System
from mfm_core.systems.storage import load

MAIN = (
    ("label_accuracy", "svhn+mnist"),
    ("swap_accuracy", "svhn"),
    ("swap_accuracy", "mnist"),
    ("prior_style_accuracy", "svhn"),
    ("prior_style_accuracy", "mnist"),
    ("joint_coherence", ":prior"),
    ("translation_accuracy", "mnist>svhn"),
    ("translation_accuracy", "svhn>mnist"),
    ("probe_accuracy", "svhn"),
    ("probe_accuracy", "mnist"),
    ("colour_kept", "svhn"),
    ("ink_kept", "mnist"),
    ("reconstruction_error", "svhn"),
    ("reconstruction_error", "mnist"),
    ("frechet_distance", "svhn:prior"),
    ("frechet_distance", "mnist:prior"),
)
"""Keys and subjects of the figures that tables of models side by side hold."""


def label_hits(system: System, pairs: Dataset) -> Tensor:
    """Where a system finds the label from the modalities it reads, boolean ``(N,)``.

    Raises:
        ValueError: If it reads a modality that the pairs do not have.
    """
    return system.predict(pairs).argmax(1) == pairs.labels


def compare(groups: Mapping[str, Sequence[str]], *, seed: int) -> dict[str, JsonValue]:
    """Label accuracy of each group of models, and the difference of the last group to each other one.

    Seeds that read the same pairs, and pairs of digits of one photograph, are not independent: every interval and
    p-value is of a bootstrap over photographs and seeds.

    Args:
        groups: Names of stored models, one a seed, by the name of the system.
        seed: Of the pairing.

    Returns:
        A note, the last group as ``reference``, and of each group its system's ``name`` in the registry, the
        ``modalities`` that it reads, its ``accuracies`` by seed with the interval ``low`` to ``high`` of their mean,
        the number ``n`` of pairs, on how many of them each two seeds ``differ`` in what they predict, and the
        ``difference`` of the reference's mean accuracy to its own, with interval and ``p``, see :func:`difference`.
        What has no interval is null.

    Raises:
        ValueError: If two models of a group predict the same of every pair to the last digit: they are one model.
    """
    pairs = evaluation_pairs(DigitPools.load("test"), seed)
    photograph = torch.from_numpy(independent_units(pairs))
    loaded = {group: [load(name) for name in names] for group, names in groups.items()}
    predicted = {group: [one.predict(pairs) for one in systems] for group, systems in loaded.items()}
    for group, logits in predicted.items():
        check_apart(logits, groups[group])
    decided = {group: torch.stack(logits).argmax(2) for group, logits in predicted.items()}
    hits = {group: digits == pairs.labels for group, digits in decided.items()}
    last = list(hits)[-1]
    systems: list[JsonValue] = []
    for group, found in hits.items():
        n_seeds, n = found.shape
        mean = crossed_mean(
            found.flatten(), [photograph.repeat(n_seeds)], trainings=torch.arange(n_seeds).repeat_interleave(n)
        )
        row: dict[str, JsonValue] = {
            "system": group,
            "name": loaded[group][0].info.name,
            "modalities": list(dict.fromkeys(name for one in loaded[group] for name in one.spec.streams)),
            "accuracies": [float(accuracy) for accuracy in found.double().mean(1)],
            "low": _known(mean.low),
            "high": _known(mean.high),
            "n": n,
            "differ": [int((a != b).sum()) for a, b in combinations(decided[group], 2)],
        }
        if group != last:
            gap, p = difference(hits[last], found, photograph)
            bounds = {"low": _known(gap.low), "high": _known(gap.high), "p": _known(p)}
            row["difference"] = {"value": gap.value, **bounds, "n": gap.n}
        systems.append(row)
    told = f"n = {len(pairs)} held-out pairs (every MNIST test digit once)"
    return {
        "note": f"{told}, the same for all; pairing seed {seed}. Intervals and p-values are of a bootstrap over "
        "photographs and seeds: seeds that read the same pairs are not independent, nor are digits of one photograph.",
        "reference": last,
        "systems": systems,
    }


def check_apart(predicted: Sequence[Tensor], names: Sequence[str]) -> None:
    """Check that models of one group are several, not one under several names, which seeds would not tell apart.

    Args:
        predicted: Logits of each on the same samples, ``(N, n_labels)``.
        names: What each is called.

    Raises:
        ValueError: If two predict the same to the last digit.
    """
    for (first, a), (second, b) in combinations(zip(names, predicted, strict=True), 2):
        if a.shape == b.shape and torch.equal(a, b):
            raise ValueError(
                f"names: expected models of different seeds in a group, got {first} and {second}, which predict the "
                "same of every sample to the last digit"
            )


def _known(value: float) -> float | None:
    """A number as JSON holds it: null where it is none."""
    return value if math.isfinite(value) else None


def _training(names: Sequence[str]) -> str:
    """How long each model was trained, and from where, as their configurations tell."""
    trainings = []
    for name in names:
        match StoredModel.of_folder(model_folder(name)).run.get("configuration"):
            case {"training": {"steps": int(steps)}, **more}:
                trainings.append(f"{steps} steps from {more.get('start') or 'random weights'}")
            case _:
                trainings.append("training unknown")
    return "Each after " + " or ".join(dict.fromkeys(trainings))


def ablations(models: Mapping[str, str], *, seed: int) -> dict[str, JsonValue]:
    """Main figures (:data:`MAIN`) of several MFMs side by side, as ``metrics.json`` holds them.

    Args:
        models: Name or folder of a stored MFM, by what it leaves out.
        seed: Of the pairing and of all sampling.
    """
    systems: list[JsonValue] = []
    for label, name in models.items():
        model = load_pretrained(name)
        judges = {modality: load_judge(modality) for modality in model.modalities}
        found = {(one.key, one.subject): one for one in evaluate(model, judges, seed=seed)}
        systems.append({"system": label, "figures": [found[which].stored() for which in MAIN]})
    note = f"{_training(list(models.values()))}, on the same held-out pairs; seed {seed}."
    return {"note": note, "systems": systems}
