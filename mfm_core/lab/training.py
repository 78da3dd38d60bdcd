"""Training of a job of the lab: goes on where it was cut short, shows what it has learnt so far, keeps the model."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import torch
from pydantic import JsonValue, ValidationError
from torch import nn

from mfm_core.config import ModelConfig, first_problem
from mfm_core.data.dataset import Dataset
from mfm_core.data.registry import dataset_info
from mfm_core.evaluation.figures import Figure, shown, shown_interval
from mfm_core.files.tensors import write_tensors
from mfm_core.files.writing import write_whole
from mfm_core.jobs.kinds import Control, Outcome, register_kind
from mfm_core.lab.data import load_lab_data
from mfm_core.lab.judging import fit_judges
from mfm_core.lab.settings import MODEL, SAME_LABEL, SNAPSHOT, UPLOAD, LabSettings, model_name, switches
from mfm_core.lab.snapshot import Observer, encode
from mfm_core.model import MFM
from mfm_core.storage.codes import Codes, fingerprint
from mfm_core.storage.models import save_card, save_codes, save_metrics
from mfm_core.systems.base import DataSpec
from mfm_core.systems.mfm import MFMConfig, MFMSystem, image_terms
from mfm_core.systems.parts.family import default_objective, scaling_of, standardised
from mfm_core.systems.storage import save
from mfm_core.training.factorization import FactorizationConfig
from mfm_core.training.loop import TrainingConfig
from mfm_core.training.terms.registry import Kind, Term, label_problem, terms_of
from mfm_core.training.video_terms import SequenceTerms

LOOP, STATE = "loop.json", "training"
LOOKS, APART = 24, 5
"""Times that a model is looked at while it trains, at most, and steps between two of them, at least."""
SHARE = 0.75
"""Share of the minutes that steps take; the rest is for looking and for the last figures."""
TIMED = 8
"""Steps that are timed to tell how many there is time for."""
REPORT_EVERY, SAVE_EVERY = 0.5, 1.0
"""Seconds between two reports, and between two checkpoints."""
BATCH, RATE = 64, 4e-3


@register_kind("train")
def train_in_lab(settings: dict[str, JsonValue], control: Control) -> Outcome:
    """Train an MFM as a job's settings say, see :class:`LabSettings`; the model is stored in ``model``.

    Raises:
        ValueError: If the settings or the data are wrong, in one sentence.
    """
    run = read_settings(settings)
    control.progress(0, 0, message="reading the data and fitting the judges", at_once=True)
    data = load_lab_data(run.data, control.folder)
    train, validation, test = (data.part(name) for name in ("train", "validation", "test"))
    config = config_of(run, data)
    scaling = scaling_of(train)
    judges = fit_judges(standardised(train, scaling), stored=run.data == "svhn_mnist")
    observer = Observer(standardised(test, scaling), judges, run.seed)
    loop = planned_loop(run, config, (train, validation), control)
    watch = _Watch(run, loop, observer, control)
    system = MFMSystem.train(
        config,
        train,
        validation,
        seed=run.seed,
        on_report=watch.report,
        on_validation=watch.look,
        folder=control.folder / STATE,
        loop=loop,
        stop=watch.stop,
    )
    if watch.step < loop.steps and control.wanted == "pause":
        return "paused"
    control.progress(watch.step, loop.steps, message="measuring what was learnt", at_once=True)
    figures = observer.measure(system.model, run.measured)
    _store(system, run, data, observer, figures, watch.step, control)
    shutil.rmtree(control.folder / STATE, ignore_errors=True)
    return "stopped" if watch.step < loop.steps and control.wanted == "stop" else "finished"


def read_settings(settings: Mapping[str, object]) -> LabSettings:
    """Read settings of a job.

    Raises:
        ValueError: If one is wrong, in one sentence.
    """
    try:
        return LabSettings.model_validate(settings)
    except ValidationError as error:
        raise ValueError(f"settings: {first_problem(error)}") from None


def config_of(run: LabSettings, data: Dataset) -> MFMConfig:
    """The configuration of MFM for some settings and a data set; without any added term it is Eq. 4 and no noise."""
    spec = DataSpec.of(data)
    noise = {} if run.terms else {"noise": 0.0, "noise_y": 0.0}
    flow = 4 if "flow" in run.terms else 0
    config = MFMConfig.model_validate({"d_y": run.d_y, "d_a": run.d_a, "flow": flow, **noise})
    model = MFMSystem.architecture(config, spec, 1 if data.mask is None else data.mask.shape[1])
    objective = default_objective(model).model_copy(update={"mmd": run.mmd, "independence": run.independence})
    chosen: dict[str, object] = {"terms": SequenceTerms(**_weights(run, model, "sequence"))}
    if model.images:
        full = image_terms(model, config)
        options = {
            "same_label": full.same_label and SAME_LABEL in run.terms,
            "noise": full.noise,
            "noise_y": full.noise_y,
        }
        chosen = {"factorization": FactorizationConfig(**options, **_weights(run, model, "image"))}
    return config.model_copy(update={"model": model, "objective": objective, **chosen})


def _weights(run: LabSettings, model: ModelConfig, kind: Kind) -> dict[str, float]:
    """The weight of every term: its small one where its switch is on, and it can be trained with the label."""
    return {term.key: term.small[kind] if _is_on(term, run, model, kind) else 0.0 for term in terms_of(kind)}


def _is_on(term: Term, run: LabSettings, model: ModelConfig, kind: Kind) -> bool:
    return kind in term.small and term.switch in run.terms and label_problem(term.label, model) is None


def planned_loop(
    run: LabSettings, config: MFMConfig, parts: tuple[Dataset, Dataset], control: Control
) -> TrainingConfig:
    """The loop of a job: planned once by timing some steps, and the same after every restart."""
    path = control.folder / LOOP
    if path.is_file():
        return TrainingConfig.read(path)
    steps = run.steps
    if steps is None:
        control.progress(0, 0, message="timing some steps", at_once=True)
        steps = max(20, min(20_000, int(run.minutes * 60 * SHARE / seconds_a_step(config, parts))))
    loop = TrainingConfig(
        seed=run.seed,
        steps=steps,
        batch_size=BATCH,
        learning_rate=RATE,
        warmup=min(50, steps // 10),
        weight_decay=0.01,
        average=0.98,
        validate_every=max(APART, math.ceil(steps / LOOKS)),
        save_every=SAVE_EVERY,
    )
    write_whole(path, loop.model_dump_json())
    return loop


def seconds_a_step(config: MFMConfig, parts: tuple[Dataset, Dataset]) -> float:
    """How long a step takes here, the median of some."""
    times: list[float] = []
    loop = TrainingConfig(steps=TIMED, batch_size=BATCH, learning_rate=1e-5, warmup=0, validate_every=TIMED)
    MFMSystem.train(config, *parts, seed=0, on_report=lambda *_: times.append(time.monotonic()), loop=loop)
    gaps = sorted(after - before for before, after in pairwise(times[:-1]))  # the last one validates
    return gaps[len(gaps) // 2]


class _Watch:
    """Reports of a training while it runs, and when it is to end."""

    def __init__(self, run: LabSettings, loop: TrainingConfig, observer: Observer, control: Control) -> None:
        self.loop, self.observer, self.control, self.step, self._looked = loop, observer, control, 0, 0
        self._limit = 60 * run.minutes * 2 + 30 if run.steps is None else math.inf
        self._sums: dict[str, float] = {}
        self._n, self._told, self._began, self._from = 0, time.monotonic(), time.monotonic(), -1

    def report(self, step: int, terms: Mapping[str, float]) -> None:
        """Tell the mean of each term since the last report, now and then.

        Steps with a validation do not count, for what the validation found stands among their terms.
        """
        self.step = step
        self._from = step - 1 if self._from < 0 else self._from
        if step != self._looked:
            self._sums |= {name: self._sums.get(name, 0.0) + x for name, x in terms.items() if name != "steps"}
            self._n += 1
        now = time.monotonic()
        left = (now - self._began) / (step - self._from) * (self.loop.steps - step)
        self.control.progress(step, self.loop.steps, message="training", seconds_left=left)
        if step != self._looked and (now - self._told >= REPORT_EVERY or step == self.loop.steps):
            self._tell(step)

    def look(self, step: int, model: nn.Module) -> None:
        """Look at the averaged model, and keep the newest pictures."""
        if not isinstance(model, MFM):
            raise TypeError(f"model: expected an MFM, got {type(model).__name__}")
        seen, self._looked = self.observer.look(model), step
        write_tensors(seen.tensors, self.control.folder / SNAPSHOT)
        self._tell(step, seen.figures)

    def stop(self, step: int) -> bool:
        """Whether the visitor wants it, or it takes far longer than planned."""
        del step
        return self.control.wanted != "run" or self.control.seconds > self._limit

    def _tell(self, step: int, figures: Sequence[Figure] = ()) -> None:
        means: dict[str, JsonValue] = {name: total / self._n for name, total in self._sums.items()}
        self.control.report(step, {"terms": means, "figures": [one.stored() for one in figures]})
        self._sums, self._n, self._told = {}, 0, time.monotonic()


def _store(
    system: MFMSystem,
    run: LabSettings,
    data: Dataset,
    observer: Observer,
    figures: list[Figure],
    step: int,
    control: Control,
) -> None:
    """Store the model with its codes, card and figures, whole or not at all."""
    partial, name = control.folder / f".{MODEL}", model_name(control.folder.name)
    shutil.rmtree(partial, ignore_errors=True)
    save(system, partial)
    held_out = observer.data
    with torch.inference_mode():
        latents = encode(system.model, held_out)
    prints = {key: fingerprint(x) for key, x in held_out.modalities.items()} if held_out.mask is None else {}
    labels = held_out.labels if held_out.labels.dtype == torch.int64 else held_out.labels.float()
    save_codes(Codes(replace(latents), labels, prints), partial)
    date = datetime.now(UTC).date().isoformat()
    save_metrics(
        {
            "figures": [figure.stored() for figure in figures],
            "settings": run.model_dump(mode="json"),
            "steps": step,
            "seconds": round(control.seconds, 1),
            "date": date,
            "torch": torch.__version__,
        },
        partial,
    )
    save_card(card(name, run, data, figures, step, control.seconds, date), partial)
    shutil.rmtree(control.folder / MODEL, ignore_errors=True)
    partial.replace(control.folder / MODEL)


def card(
    name: str, run: LabSettings, data: Dataset, figures: list[Figure], step: int, seconds: float, date: str
) -> str:
    """The model's card, Markdown."""
    info = dataset_info(run.data)
    about = "A data set that a visitor brought." if run.data == UPLOAD else info.description or info.title or run.data
    sizes = ", ".join(f"{part} {int((data.split == part).sum())}" for part in ("train", "validation", "test"))
    terms = (
        "; ".join(switches()[term].sentence for term in run.terms)
        if run.terms
        else "none: Eq. 4 alone, without noise on Z"
    )
    rows = [
        f"| {figure.key.replace('_', ' ')} {figure.subject} | {shown(figure.value, figure.unit)} "
        f"| {shown_interval(figure)} | {figure.n} |"
        for figure in figures
    ]
    return "\n".join(
        [
            f"# {name}",
            "",
            f"A small MFM, trained in the lab in {step} steps and {seconds:.0f} seconds, {date}, seed {run.seed}.",
            "",
            f"{about} {info.licence} Samples: {sizes}.",
            "",
            f"λ = {run.mmd:g} ({run.independence}), d_y = {run.d_y}, d_a = {run.d_a}. Terms added to Eq. 4: {terms}.",
            "",
            "A judge of each modality was fitted to the training samples; *judge* is how well it reads real ones, "
            "*swap* how often it reads in swapped ones the label that Z_y was given. *Probe* is what the best of five "
            "probes reads of the label from one block of Z.",
            "",
            "| figure | value | 95 % interval | n |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )
