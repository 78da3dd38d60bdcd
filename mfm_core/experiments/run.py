"""A run from its configuration file to a stored network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import torch
from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from mfm_core.config import ModelConfig, first_problem
from mfm_core.data.sets.svhn_mnist import DigitPools
from mfm_core.files.writing import written_whole
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage.folder import StoredModel, model_folder
from mfm_core.storage.models import load_discriminative, load_pretrained, save_model
from mfm_core.storage.scaling import save_scaling
from mfm_core.training.digits import DigitPairs, DiscriminativeRun, DiscriminativeTask
from mfm_core.training.flow_fit import fit_flow
from mfm_core.training.images import FactorizeRun, FactorizeTask
from mfm_core.training.loop import Report, Task, train
from mfm_core.training.videos import SequenceRun, SequenceTask

CONFIGS = Path(__file__).parent / "configs"
Run = FactorizeRun | DiscriminativeRun | SequenceRun
_RUN: TypeAdapter[Run] = TypeAdapter(Annotated[Run, Field(discriminator="system")])


def run_names() -> list[str]:
    """Names of the configurations that come with the project."""
    return sorted(path.stem for path in CONFIGS.glob("*.json"))


def read_run(name_or_path: str, changes: Mapping[str, JsonValue] | None = None) -> Run:
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
    try:
        text = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: expected JSON, got {error}") from None
    for key, value in (changes or {}).items():
        _set(text, key, value)
    try:
        return _RUN.validate_python(text)
    except ValidationError as error:
        problem = first_problem(error)
        for system in ("mfm.", "discriminative.", "mfm_sequences."):  # not keys
            problem = problem.removeprefix(system)
        raise ValueError(f"{path}: {problem}") from None


def _set(configuration: JsonValue, key: str, value: JsonValue) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        configuration = configuration.get(parent) if isinstance(configuration, dict) else None
    match configuration:
        case dict():
            configuration[last] = value
        case _:
            raise ValueError(f"set: expected a key of the configuration, such as training.seed, got {key!r}")


def keep_configuration(run: Run, folder: Path) -> None:
    """Write a run's configuration into its folder, unless it is there.

    Raises:
        ValueError: If the folder holds a run of another configuration.
    """
    path = folder / "config.json"
    if not path.is_file():
        unfinished = path.with_suffix(".partial")
        with written_whole(path, unfinished):
            folder.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(run.model_dump_json(indent=2) + "\n", encoding="utf-8")
            unfinished.replace(path)
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
        ValueError: If its architecture is another one; mixed couplings that it lacks begin as the identity.
    """
    start = load_pretrained(name)
    text = start.config.model_dump()
    for modality, of in model.config.images.items():
        if modality in start.config.images and start.config.images[modality].flow_mixed == 0:
            text["modalities"][modality]["flow_mixed"] = of.flow_mixed
    if ModelConfig.model_validate(text) != model.config:
        raise ValueError(f"start: expected a model of the run's architecture, got {name}, of another one")
    model.load_state_dict(model.state_dict() | start.state_dict())


def total_steps(run: Run) -> int:
    """Steps of a whole run, those that fit flows among them."""
    fits = run.fit_flows.values() if isinstance(run, FactorizeRun) else ()
    return run.training.steps + sum(fit.training.steps for fit in fits)


def execute(
    run: Run,
    folder: Path,
    *,
    command: str,
    store: Path | None = None,
    device: str = "cpu",
    on_report: Callable[[int, Report], None] = lambda step, report: None,
) -> MFM | Discriminative:
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
    if isinstance(run, SequenceRun | FactorizeRun) and run.start is not None:
        check_start(run.start)
    if isinstance(run, SequenceRun):
        sequences = SequenceTask(run, where)
        if run.start is not None:
            start_from(sequences.model, run.start)
        task: Task = sequences
    elif isinstance(run, FactorizeRun):
        readers = {modality: load_discriminative(name) for modality, name in run.readers.items()}
        pairs = DigitPairs(run.model, run.augmentation)
        factorize = FactorizeTask(run, readers, pairs, where)
        if run.start is not None:
            start_from(factorize.model, run.start)
        task = factorize
    else:
        task = DiscriminativeTask(run, where)
    keep_configuration(run, folder)
    done = fit_flows(factorize, folder, on_report) if isinstance(run, FactorizeRun) else 0
    trained = train(task, run.training, folder, on_report=_after(done, on_report)).cpu()
    if not isinstance(trained, MFM | Discriminative):
        raise TypeError(f"run: expected to train an MFM or a Discriminative, got {type(trained).__name__}")
    provenance: dict[str, JsonValue] = {
        "configuration": run.model_dump(mode="json"),
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "device": where.type,
        "torch": torch.__version__,
    }
    if isinstance(run, FactorizeRun | SequenceRun) and run.start is not None:
        begun = StoredModel.of_folder(model_folder(run.start)).run
        kept = ("command", "date", "configuration", "start")
        provenance["start"] = {key: begun[key] for key in kept if key in begun}
        provenance["notes"] = [f"It starts from what `{begun.get('command')}` makes"]
    for place, name in ((folder / "model", folder.name), (store, store and store.name)):
        if place is not None:
            save_model(trained, place, run=provenance, card=f"# {name}\n\nTrained, not yet evaluated.\n")
            if isinstance(run, SequenceRun):
                save_scaling(sequences.train.scaling or {}, place)
    return trained


def fit_flows(task: FactorizeTask, folder: Path, on_report: Callable[[int, Report], None]) -> int:
    """Fit the flows that a run names, or go on with them, each in a folder of its own.

    Returns:
        How many steps that takes.
    """
    done = 0
    for name, fit in task.run.fit_flows.items():
        training, held_out = (getattr(DigitPools.load(split), name) for split in ("train", "validation"))
        report = _after(done, on_report)
        fit_flow(task.model, name, fit, training, held_out, folder / f"flow_{name}", on_report=report)
        done += fit.training.steps
    return done


def _after(done: int, on_report: Callable[[int, Report], None]) -> Callable[[int, Report], None]:
    """``on_report`` for steps that come after ``done`` others."""
    return lambda step, report: on_report(done + step, report)
