"""Which system classifies digits best? UM, MM and MFM of the same encoders, trained alike (Figure 5(b))."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import JsonValue

from mfm_core.experiments.losses import loss_run, train_runs
from mfm_core.training.loop import Report
from mfm_core.training.runs import TrainingRun, parse_run

SEEDS = (0, 1, 2, 3, 4, 5)
STEPS = 2000
VALIDATE_EVERY = 250
CLASSIFIERS: Mapping[str, tuple[str, ...]] = {
    "UM(SVHN)": ("svhn",),
    "UM(MNIST)": ("mnist",),
    "MM": ("svhn", "mnist"),
}
"""Modalities that each discriminative baseline reads."""
OBJECTIVES: Mapping[str, str] = {"MFM with our terms": "shipped", "MFM": "joint"}
"""Objective, of :data:`mfm_core.experiments.losses.OBJECTIVES`, that each MFM is trained by."""
SYSTEMS = (*CLASSIFIERS, *OBJECTIVES)
COMPARED = (*CLASSIFIERS, "MFM")
"""Those of the stored comparison; the last is what the others are compared with."""


def accuracy_run(name: str, seed: int) -> TrainingRun:
    """The run that trains one of ``SYSTEMS``: all read by the same encoders, of the same pictures in the same steps.

    The sizes, the augmentation, the batch and the learning rate are those of the small models of ``losses``, for five
    times their steps; MFM is trained by Eq. 4 alone.

    Args:
        name: One of ``SYSTEMS``.
        seed: Of weights, batches and everything drawn.

    Raises:
        ValueError: If there is no such system.
    """
    if name not in SYSTEMS:
        raise ValueError(f"system: expected one of {', '.join(SYSTEMS)}, got {name!r}")
    content = loss_run(OBJECTIVES.get(name, "joint"), seed).model_dump(mode="json")
    content["training"] |= {"steps": STEPS, "validate_every": VALIDATE_EVERY}
    if name in CLASSIFIERS:
        model, read = content["model"], CLASSIFIERS[name]
        model["modalities"] = {one: model["modalities"][one] for one in read}
        content = {
            "system": "discriminative",
            "model": model,
            "augmentation": {one: content["augmentation"][one] for one in read},
            "training": content["training"],
        }
    called: dict[str, JsonValue] = {"title": f"{name}, small", "about": "One of Figure 5(b)'s systems, trained alike."}
    return parse_run(content | called)


def train_for_accuracy(
    folder: Path,
    *,
    seeds: tuple[int, ...] = SEEDS,
    names: tuple[str, ...] = COMPARED,
    on_report: Callable[[str, int, Report], None] = lambda cell, step, report: None,
) -> Mapping[str, list[str]]:
    """Train every system from every seed on the same pairs, or go on where that was stopped; seed by seed.

    Args:
        folder: Holds a run a cell, named ``<system>_<seed>``.
        seeds: Of the weights and of the batches.
        names: Among ``SYSTEMS``.
        on_report: Called after every step with the cell's name.

    Returns:
        The folders of the stored models of each system, as :func:`mfm_core.evaluation.comparison.compare` takes them.
    """
    models = train_runs(folder, seeds, names, accuracy_run, "label-accuracy --system", on_report)
    return {name: [str(models[name, seed]) for seed in seeds] for name in names}


def note_of_training() -> JsonValue:
    """How the compared models were trained, a sentence for the note of their comparison."""
    training = accuracy_run("MFM", 0).training
    return (
        f"All have the same small encoders, augmentation and schedule ({training.steps} steps of {training.batch_size} "
        "pairs, the weights of the best validation); MFM is trained by Eq. 4 alone."
    )
