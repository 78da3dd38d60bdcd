"""A run from its configuration file to a stored network."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch
from pydantic import JsonValue, TypeAdapter, ValidationError
from torch import nn

from mfm_core.baselines.discriminative import Discriminative
from mfm_core.checkpoints import load_discriminative, save_model
from mfm_core.config import first_problem
from mfm_core.model import MFM
from mfm_core.tasks import DiscriminativeRun, DiscriminativeTask, FactorizeRun, FactorizeTask, Run
from mfm_core.training import Report, train

CONFIGS = Path(__file__).parent / "configs"
_RUN: TypeAdapter[FactorizeRun | DiscriminativeRun] = TypeAdapter(Run)


def run_names() -> list[str]:
    """Names of the configurations that come with the project."""
    return sorted(path.stem for path in CONFIGS.glob("*.json"))


def read_run(name_or_path: str, *, seed: int | None = None) -> FactorizeRun | DiscriminativeRun:
    """Read a run's configuration.

    Args:
        name_or_path: One of :func:`run_names`, or a path ending in ``.json``.
        seed: Replaces the configuration's seed.

    Raises:
        ValueError: If there is no such run or its configuration is wrong, in one sentence.
    """
    path = Path(name_or_path) if name_or_path.endswith(".json") else CONFIGS / f"{name_or_path}.json"
    if not path.is_file():
        raise ValueError(f"run: expected one of {', '.join(run_names())} or a .json file, got {name_or_path!r}")
    try:
        run = _RUN.validate_json(path.read_bytes())
    except ValidationError as error:
        raise ValueError(f"{path}: {first_problem(error)}") from None
    if seed is None:
        return run
    return run.model_copy(update={"training": run.training.model_copy(update={"seed": seed})})


def execute(
    run: FactorizeRun | DiscriminativeRun,
    folder: Path,
    *,
    device: str = "cpu",
    on_report: Callable[[int, Report], None] = lambda step, report: None,
) -> MFM | Discriminative:
    """Train what ``run`` describes, or go on with it, and store the result in ``folder / "model"``.

    Args:
        run: The configuration.
        folder: Holds the state of the run, its log and, at the end, the model.
        device: A torch device.
        on_report: Called after every step.

    Raises:
        FileNotFoundError: If the data or a reader is missing.
        ValueError: If the device is unknown or training fails.
    """
    try:
        where = torch.zeros(1, device=device).device
    except (RuntimeError, AssertionError):
        raise ValueError(f"device: expected a device that torch can use here, such as cpu, got {device!r}") from None
    if isinstance(run, FactorizeRun):
        readers = {modality: load_discriminative(name) for modality, name in run.readers.items()}
        trained: nn.Module = train(FactorizeTask(run, readers, where), run.training, folder, on_report=on_report)
    else:
        trained = train(DiscriminativeTask(run, where), run.training, folder, on_report=on_report)
    trained = trained.cpu()
    if not isinstance(trained, MFM | Discriminative):
        raise TypeError(f"run: expected to train an MFM or a Discriminative, got {type(trained).__name__}")
    provenance: dict[str, JsonValue] = {
        "configuration": run.model_dump(mode="json"),
        "command": " ".join(["python -m mfm_core", *sys.argv[1:]]),
        "date": datetime.now(UTC).date().isoformat(),
        "torch": torch.__version__,
    }
    save_model(trained, folder / "model", run=provenance, card=f"# {folder.name}\n\nTrained, not yet evaluated.\n")
    return trained
