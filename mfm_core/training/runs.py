"""Runs: configurations that train a network on a data set of the project, by the name of what they train."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field, JsonValue, ValidationError
from torch import device, nn

from mfm_core.config import Config, ModelConfig, first_problem
from mfm_core.data.scaling import Scaling
from mfm_core.training.loop import Report, Task, TrainingConfig

OnReport = Callable[[int, Report], None]
"""Called after every step with its number and what there is to report."""
R = TypeVar("R", bound="TrainingRun")


class TrainingRun(Config):
    """Base of runs: one file of configuration holds all of one.

    Attributes:
        system: What it trains, see :func:`register_run`.
        title: Name of the model in a list; where empty, that of the data set that it was trained on.
        about: What the model is for, a sentence; may be empty.
        model: The architecture.
        training: How long and how fast.
    """

    system: str
    title: Annotated[str, Field(max_length=80)] = ""
    about: Annotated[str, Field(max_length=400)] = ""
    model: ModelConfig
    training: TrainingConfig

    @property
    @abstractmethod
    def trains_on(self) -> str:
        """Name of the data set that it trains on."""

    @property
    def begins_from(self) -> str | None:
        """Stored MFM whose weights training starts from; None for random weights."""
        return None

    @property
    def steps_before(self) -> int:
        """Steps of :meth:`prepare`."""
        return 0

    @abstractmethod
    def task(self, where: device) -> Task:
        """Task of the training loop, on the data that the run names.

        Raises:
            FileNotFoundError: If the data or a stored network that the run names are not there.
            ValueError: If the data is not what the model reads.
        """

    def prepare(self, task: Task, folder: Path, on_report: OnReport) -> None:
        """Do what comes before the steps, or go on with it; nothing, for most runs."""

    def finish(self, model: nn.Module) -> None:
        """Do what comes after the steps, to the trained network in place; nothing, for most runs."""

    def scaling(self, task: Task) -> Mapping[str, Scaling]:
        """Scaling of what the network reads, by modality; none where it reads the data as it is."""
        return {}


_runs: dict[str, type[TrainingRun]] = {}


def register_run(name: str) -> Callable[[type[R]], type[R]]:
    """Enter a class of runs: files whose ``system`` is ``name`` are read as it."""

    def enter(run: type[R]) -> type[R]:
        _runs[name] = run
        return run

    return enter


def parse_run(values: JsonValue) -> TrainingRun:
    """Build a run from plain values, of which ``system`` names its class.

    Raises:
        ValueError: If there is no such class, or a value is wrong, in one sentence.
    """
    if not isinstance(values, dict):
        raise ValueError(f"the file: expected an object, got {type(values).__name__}")  # noqa: TRY004
    name = values.get("system")
    if not isinstance(name, str) or name not in _runs:
        raise ValueError(f"system: expected one of {', '.join(sorted(_runs))}, got {name!r}")
    try:
        return _runs[name].model_validate(values)
    except ValidationError as error:
        raise ValueError(first_problem(error)) from None
