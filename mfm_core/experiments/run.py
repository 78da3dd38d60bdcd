"""A run from its configuration file to a stored network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, cast, get_args

import torch
from pydantic import JsonValue

from mfm_core.config import ModelConfig
from mfm_core.files.writing import disk_errors, write_whole
from mfm_core.model import MFM
from mfm_core.problems import reason
from mfm_core.storage.folder import StoredModel, model_folder, read_text
from mfm_core.storage.models import Network, load_pretrained, save_model
from mfm_core.storage.scaling import save_scaling
from mfm_core.training import digits, images, videos  # noqa: F401 - they enter their runs
from mfm_core.training.flow_fit import after
from mfm_core.training.loop import Report, train
from mfm_core.training.runs import TrainingRun, parse_run

CONFIGS = Path(__file__).parent / "configs"
R = TypeVar("R", bound=TrainingRun)


def run_names() -> list[str]:
    """Names of the configurations that come with the project."""
    return sorted(path.stem for path in CONFIGS.glob("*.json"))


def read_run(name_or_path: str, changes: Mapping[str, JsonValue] | None = None) -> TrainingRun:
    """Read a run's configuration.

    Args:
        name_or_path: One of :func:`run_names`, or a path ending in ``.json``.
        changes: Values by dotted key that replace the configuration's, such as ``{"training.seed": 1}``.

    Raises:
        ValueError: If there is no such run or its configuration is wrong, in one sentence.
    """
    path = Path(name_or_path) if name_or_path.endswith(".json") else CONFIGS / f"{name_or_path}.json"
    if not path.is_file():
        raise ValueError(f"run: expected one of {', '.join(run_names())} or a .json file, got {name_or_path!r}")
    text = read_text(path)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: expected JSON, got {reason(error)}") from None
    for key, value in (changes or {}).items():
        _set(content, key, value)
    try:
        return parse_run(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def read_run_of(kind: type[R], name_or_path: str, changes: Mapping[str, JsonValue] | None = None) -> R:
    """Read a run of one kind, as :func:`read_run` does.

    Raises:
        ValueError: If it is of another kind.
    """
    run = read_run(name_or_path, changes)
    if not isinstance(run, kind):
        wanted = get_args(kind.model_fields["system"].annotation)[0]
        raise ValueError(f"run: expected one whose system is {wanted}, got {name_or_path}, of {run.system}")  # noqa: TRY004
    return run


def _set(configuration: JsonValue, key: str, value: JsonValue) -> None:
    *parents, last = key.split(".")
    for parent in parents:  # one that the file leaves to its defaults is begun, and checked with all the others
        configuration = configuration.setdefault(parent, {}) if isinstance(configuration, dict) else None
    match configuration:
        case dict():
            configuration[last] = value
        case _:
            raise ValueError(f"set: expected a key of the configuration, such as training.seed, got {key!r}")


def keep_configuration(run: TrainingRun, folder: Path) -> None:
    """Write a run's configuration into its folder, unless it is there.

    Raises:
        ValueError: If the folder holds a run of another configuration.
    """
    path = folder / "config.json"
    if not path.is_file():
        with disk_errors(path):
            folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, run.model_dump_json(indent=2) + "\n")
    elif read_run(str(path)) != run:
        raise ValueError(f"{folder}: holds a run of another configuration; choose a new folder")


def check_start(name: str) -> None:
    """Check that the model that a run starts from is there, before anything else is read.

    Raises:
        FileNotFoundError: If it is not; the message says which run makes it, if one of the project's does.
    """
    try:
        model_folder(name)
    except FileNotFoundError:
        path = Path(name)
        if len(path.parts) == 3 and path.parts[::2] == ("runs", "model") and path.parts[1] in run_names():
            raise FileNotFoundError(
                f"start: expected the model of another run in {name}, which is not there; first run: "
                f"python -m mfm_core train {path.parts[1]}"
            ) from None
        raise


def start_from(model: MFM, name: str) -> None:
    """Load the weights of a stored MFM into ``model``.

    Raises:
        FileNotFoundError: If there is no such model.
        ValueError: If its architecture is another one; mixed couplings and the whitening that it lacks begin as the
            identity.
    """
    start = load_pretrained(name)
    text = start.config.model_dump()
    for modality, of in model.config.images.items():
        if modality in start.config.images and start.config.images[modality].flow_mixed == 0:
            text["modalities"][modality]["flow_mixed"] = of.flow_mixed
        if modality in start.config.images and not start.config.images[modality].flow_whitened:
            text["modalities"][modality]["flow_whitened"] = of.flow_whitened
    if ModelConfig.model_validate(text) != model.config:
        raise ValueError(f"start: expected a model of the run's architecture, got {name}, of another one")
    model.load_state_dict(model.state_dict() | start.state_dict())


def total_steps(run: TrainingRun) -> int:
    """Steps of a whole run, those that come before training among them."""
    return run.steps_before + run.training.steps


def execute(
    run: TrainingRun,
    folder: Path,
    *,
    command: str,
    store: Path | None = None,
    device: str = "cpu",
    on_report: Callable[[int, Report], None] = lambda step, report: None,
) -> Network:
    """Train what ``run`` describes, or go on with it, and store the result in ``folder / "model"``.

    Args:
        run: The configuration.
        folder: Holds the configuration of the run, its state, its log and, at the end, the model.
        command: What does the same from a terminal, for the model's card.
        store: A second folder to store the model in.
        device: A torch device.
        on_report: Called after every step; those that fit flows are counted first.

    Raises:
        FileNotFoundError: If the data, a reader or the model to start from is missing.
        ValueError: If the device is unknown, the folder holds another run, or training fails.
    """
    try:
        where = torch.zeros(1, device=device).device
        torch.zeros(1, device=where).cpu()  # the device "meta" makes tensors, but no numbers
    except (RuntimeError, AssertionError):
        raise ValueError(f"device: expected a device that torch can use here, such as cpu, got {device!r}") from None
    if run.begins_from is not None:
        check_start(run.begins_from)
    task = run.task(where)
    if run.begins_from is not None:
        start_from(cast(MFM, task.model), run.begins_from)
    keep_configuration(run, folder)
    run.prepare(task, folder, on_report)
    report = after(run.steps_before, on_report)
    trained = cast(Network, train(task, run.training, folder, on_report=report).cpu())
    run.finish(trained)
    provenance: dict[str, JsonValue] = {
        "configuration": run.model_dump(mode="json"),
        "data": run.trains_on,
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "device": where.type,
        "torch": torch.__version__,
    }
    if run.begins_from is not None:
        begun = StoredModel.of_folder(model_folder(run.begins_from)).run
        kept = ("command", "date", "configuration", "start")
        provenance["start"] = {key: begun[key] for key in kept if key in begun}
        provenance["notes"] = [f"It starts from what `{begun.get('command')}` makes"]
    for place, name in ((folder / "model", folder.name), (store, store and store.name)):
        if place is not None:
            text = f"# {name}\n\nTrained, not yet evaluated.\n"
            save_model(trained, place, run=provenance, card=text, title=run.title, about=run.about)
            if scaling := run.scaling(task):
                save_scaling(scaling, place)
    return trained
