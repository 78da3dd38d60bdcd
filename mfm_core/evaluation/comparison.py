"""Systems side by side on the same held-out pairs: Figure 5(b), and what each added term buys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from pydantic import JsonValue
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.data.sets.svhn_mnist import DigitPools
from mfm_core.evaluation.crossed_bootstrap import difference
from mfm_core.evaluation.digits import evaluate, evaluation_pairs
from mfm_core.evaluation.predictions import independent_units
from mfm_core.evaluation.statistics import mcnemar_p
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
    """Label accuracy of each group of models, and McNemar's exact test of the last group against each other one.

    Args:
        groups: Names of stored models, one a seed, by the name of the system.
        seed: Of the pairing.

    Returns:
        A note, the last group as ``reference``, and of each group its system's ``name`` in the registry, the
        ``modalities`` that it reads, its ``accuracies`` by seed, ``errors`` among ``n`` samples over all seeds, and
        against the reference what :func:`against` counts and the ``difference`` of the mean accuracies, see
        :func:`difference`.
    """
    pairs = evaluation_pairs(DigitPools.load("test"), seed)
    photograph = torch.from_numpy(independent_units(pairs))
    loaded = {group: [load(name) for name in names] for group, names in groups.items()}
    hits = {group: torch.stack([label_hits(one, pairs) for one in systems]) for group, systems in loaded.items()}
    last = list(hits)[-1]
    systems: list[JsonValue] = []
    for group, found in hits.items():
        row: dict[str, JsonValue] = {
            "system": group,
            "name": loaded[group][0].info.name,
            "modalities": list(dict.fromkeys(name for one in loaded[group] for name in one.spec.streams)),
            "accuracies": [float(accuracy) for accuracy in found.double().mean(1)],
            "errors": int((~found).sum()),
            "n": found.numel(),
        }
        if group != last:
            gap = difference(hits[last], found, photograph)
            row |= against(hits[last], found)
            row["difference"] = {"value": gap.value, "low": gap.low, "high": gap.high, "n": gap.n}
        systems.append(row)
    n = f"n = {len(pairs)} held-out pairs (every MNIST test digit once)"
    return {
        "note": f"{n}, the same for all; pairing seed {seed}. McNemar's test pools the seeds, which share these pairs; "
        "the interval of a difference is over photographs and seeds.",
        "reference": last,
        "systems": systems,
    }


def against(ours: Tensor, theirs: Tensor) -> dict[str, JsonValue]:
    """Pairs that only one of two systems gets right, over seeds in order, and McNemar's exact two-sided p."""
    n_seeds = min(len(ours), len(theirs))
    a, b = ours[:n_seeds], theirs[:n_seeds]
    gained, lost = int((a & ~b).sum()), int((~a & b).sum())
    return {"gained": gained, "lost": lost, "p": mcnemar_p(gained, lost)}


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
