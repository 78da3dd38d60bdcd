"""Search for a configuration on validation data, with Optuna."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from mfm_core.data.dataset import Dataset
from mfm_core.evaluation.predictions import metrics_of
from mfm_core.systems.base import System, SystemConfig
from mfm_core.systems.registry import find_system, fit

if TYPE_CHECKING:
    import optuna

Value = bool | int | float | str


def search_space(config: SystemConfig) -> dict[str, tuple[Value, ...]]:
    """Candidates of each field in a search: the default first, then those that the configuration's class declares."""
    return {
        field: tuple(dict.fromkeys((getattr(config, field), *values)))
        for field, values in type(config).search_space().items()
    }


def validation_error(dataset: Dataset, predictions: torch.Tensor) -> float:
    """Cost that a search minimises on validation data: mean absolute error of scores, 1 - weighted F1 of classes."""
    values = {(metric.key, metric.subject): metric.value for metric in metrics_of(dataset, predictions)}
    return 1 - values["f1", ""] if dataset.labels.dtype == torch.int64 else values["mae", ""]


def search(
    system: str,
    train: Dataset,
    validation: Dataset,
    *,
    seed: int,
    trials: int,
    storage: str | Path,
    study: str,
    on_trial: Callable[[int], None] = lambda done: None,
) -> tuple[System, float, int]:
    """Fit several configurations of a system and keep the one of least validation error; test data plays no part.

    Trials that a storage holds of an earlier call are not fitted again. Each trial is drawn by the seed and by those
    before it, so that a search that was cut short and goes on finds what it would have found.

    Args:
        system: Name of the system.
        train: Samples to fit.
        validation: Samples to choose by.
        seed: Of the fits and of the search.
        trials: Configurations to try, the default one first; one where there is nothing to choose.
        storage: A file of Optuna's journal, or the URL of a database.
        study: Name of the search in the storage.
        on_trial: Called with the number of finished trials.

    Returns:
        The fitted system, its validation error, and how many trials were made.

    Raises:
        ValueError: If no configuration can be fitted.
    """
    import optuna

    default = find_system(system).Config()  # type: ignore[call-arg]  # each names itself by default
    space = search_space(default)
    trials = trials if space else 1
    described = json.dumps([default.model_dump(mode="json"), space], sort_keys=True)
    name = f"{study}/{hashlib.sha256(described.encode()).hexdigest()[:8]}"
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    opened = optuna.create_study(storage=open_storage(storage), study_name=name, load_if_exists=True)
    for cut_short in opened.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        opened.tell(cut_short.number, state=optuna.trial.TrialState.FAIL)
    best: tuple[float, System | None] = (float("inf"), None)
    problem = "none was tried"
    while (done := len(_finished(opened))) < trials:
        opened.sampler = optuna.samplers.TPESampler(seed=_seed(seed, done), n_startup_trials=5)
        if done == 0 and not opened.get_trials(deepcopy=False, states=(optuna.trial.TrialState.WAITING,)):
            opened.enqueue_trial({field: values[0] for field, values in space.items()})
        trial = opened.ask({field: optuna.distributions.CategoricalDistribution(v) for field, v in space.items()})
        try:
            fitted = fit(default.model_copy(update=trial.params), train, validation, seed=seed)
            error = validation_error(validation, fitted.predict(validation))
            if not math.isfinite(error):  # which Optuna would not count as a finished trial
                raise ValueError(f"validation: expected samples whose labels are known, got an error of {error}")
        except ValueError as unfit:  # this configuration cannot learn from these data
            problem = str(unfit)
            opened.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            opened.tell(trial, error)
            if error < best[0]:
                best = error, fitted
        on_trial(done + 1)
    complete = [trial for trial in _finished(opened) if trial.value is not None]
    if not complete:
        raise ValueError(f"{system}: expected a configuration that can be fitted, got none: {problem}")
    chosen = min(complete, key=lambda trial: (trial.values[0], trial.number))
    config, found = default.model_copy(update=chosen.params), best[1]
    if found is None or found.config != config:  # it was fitted before this process began
        found = fit(config, train, validation, seed=seed)
    return found, chosen.values[0], trials


def open_storage(storage: str | Path) -> optuna.storages.BaseStorage:
    """The storage of a search: a journal in a file, or a database by its URL."""
    import optuna
    from optuna.storages.journal import JournalFileBackend

    if isinstance(storage, str) and "://" in storage:
        return optuna.storages.RDBStorage(storage)
    Path(storage).parent.mkdir(parents=True, exist_ok=True)
    return optuna.storages.JournalStorage(JournalFileBackend(str(storage)))


def _finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def _seed(seed: int, trial: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed} {trial}".encode()).digest()[:4], "big")
