"""Training in the lab: small, looked at, stored, and never lost."""

from __future__ import annotations

import io
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import mfm_core as mfm
from mfm_core.evaluation import probes
from mfm_core.files.tensors import read_header, read_tensors
from mfm_core.jobs.runner import run_job, start_runner
from mfm_core.jobs.store import Job, JobStore
from mfm_core.lab import reports
from mfm_core.lab.data import FILE
from mfm_core.lab.settings import MODEL, SNAPSHOT, UPLOAD, LabSettings
from mfm_core.lab.training import LOOP, STATE, config_of, read_settings
from mfm_core.training import loop
from tests.jobs.test_runner import until

TINY = {"steps": 6, "d_y": 3, "d_a": 2, "measured": 100}


@pytest.fixture
def store(tmp_path: Path) -> JobStore:
    return JobStore(tmp_path / "jobs")


def done(store: JobStore, **settings: object) -> Job:
    job = store.submit("train", "tiny", {**TINY, **settings}, str(time.monotonic()))
    run_job(job)
    return store.job(job.id)


def submit_own(store: JobStore, owner: str, **settings: object) -> Job:
    """A training on a visitor's own pictures: so few, of so few classes, that judges and probes take no time."""
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    plain = (rng.random((90, 1, 8, 8)) * 0.3).astype(np.float32)
    for i, label in enumerate(labels):
        plain[i, 0, :, 2 * label : 2 * label + 2] += 0.6
    file = io.BytesIO()
    np.savez(file, plain=plain, colour=np.repeat(plain, 3, 1), labels=labels)
    return store.submit("train", "own", {**TINY, "data": UPLOAD, **settings}, owner, {FILE: file.getvalue()})


@pytest.fixture
def one_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the last figures of one probe of the five, where a test is about what becomes of a run."""
    name, probe = next(iter(probes._classifiers().items()))
    monkeypatch.setattr(probes, "_classifiers", lambda: {name: probe})


def figures_of(job: Job) -> list[mfm.Figure]:
    return [mfm.Figure.model_validate(one) for one in mfm.load_metrics(job.folder / MODEL)["figures"]]  # type: ignore


def test_digits_are_trained_looked_at_and_stored_for_the_other_pages(store: JobStore) -> None:
    job = done(store)
    assert job.status == "finished", job.state
    model, codes = mfm.load_pretrained(job.folder / MODEL), mfm.load_codes(job.folder / MODEL)
    assert (model.modalities, len(codes)) == (("plain", "colour"), 400)
    assert (model.sizes["y"], model.sizes["plain"]) == (3, 2)
    test = mfm.load_dataset("digits8").part("test")
    with torch.inference_mode():
        assert torch.allclose(model.encode(test.modalities).y, codes.latents.y, atol=1e-5)
    assert mfm.find_originals(codes.fingerprints["plain"], test.modalities["plain"])[7] is not None
    figures = {(one.key, one.subject): one for one in figures_of(job)}
    for key in (("swap_accuracy", "plain"), ("probe_accuracy", "colour"), ("judge_accuracy", "plain")):
        assert 0 <= figures[key].low <= figures[key].value <= figures[key].high <= 1
    assert figures["judge_accuracy", "plain"].value > 0.9
    assert "seed 0" in mfm.load_card(job.folder / MODEL)
    assert not (job.folder / STATE).exists(), "what was needed to go on takes no more room"
    pictures = read_tensors(job.folder / SNAPSHOT, read_header(job.folder / SNAPSHOT).specs)
    assert pictures["swap.colour"].shape == (6, 6, 3, 8, 8)
    assert pictures["map.y"].shape == (300, 2)
    looked = [found for report in job.reports() if (found := reports.figures_of(report))]
    assert len(looked) == 2, "after five steps, and at the end"
    seen = {(one.key, one.subject) for one in looked[0]}
    assert seen == {
        ("label_accuracy", ""), ("swap_accuracy", "plain"), ("swap_accuracy", "colour"),
        ("reconstruction_error", "plain"), ("reconstruction_error", "colour"), ("quick_probe_accuracy_y", ""),
        ("quick_probe_accuracy", "plain"), ("quick_probe_accuracy", "colour"), ("most_frequent_class", ""),
    }  # fmt: skip
    costs = {name for report in job.reports() for name in report["terms"]}
    assert "cost" in costs
    assert not costs & {"score", "accuracy", "error_pixel_plain"}, "what a validation finds is no cost"


def test_clips_are_trained_too_and_their_scores_followed(store: JobStore) -> None:
    job = done(store, data="shipped_clips", steps=2)
    assert job.status == "finished", job.state
    assert mfm.load_codes(job.folder / MODEL).latents.mask is not None
    seen = read_tensors(job.folder / SNAPSHOT, read_header(job.folder / SNAPSHOT).specs)
    assert seen["seen.language"].shape == (6, 6)
    keys = {one.key for one in figures_of(job)}
    assert {"swap_r", "label_r", "probe_r2"} <= keys


def test_the_switches_reach_the_objective() -> None:
    data = mfm.load_dataset("digits8")
    eq4 = config_of(LabSettings(terms=(), mmd=7, independence="per_block", d_y=5), data)
    assert eq4.objective is not None
    assert eq4.factorization is not None
    assert (eq4.objective.mmd, eq4.objective.independence, eq4.d_y) == (7, "per_block", 5)
    assert (eq4.flow, eq4.noise, eq4.noise_y, eq4.factorization.noise) == (0, 0, 0, 0)
    assert eq4.factorization.active() == ()
    assert not eq4.factorization.same_label
    full = config_of(LabSettings(), data).factorization
    assert full is not None
    assert [term.key for term in full.active()] == [
        "flow",
        "recognition",
        "label_balance",
        "certainty",
        "conditional_mmd",
    ]
    without = config_of(LabSettings(terms=("same_label", "flow")), data).factorization
    assert without is not None
    assert [term.key for term in without.active()] == ["flow", "recognition"]
    assert without.same_label
    with pytest.raises(ValueError, match="settings: minutes: expected a number of at most 10"):
        read_settings({"minutes": 11})
    with pytest.raises(ValueError, match=r"settings: terms: expected some of same_label, flow, .*, got 'magic'"):
        read_settings({"terms": ["flow", "magic"]})
    with pytest.raises(ValueError, match="settings: more"):
        read_settings({"more": 1})


@pytest.mark.usefixtures("one_probe")
def test_a_kill_of_the_process_loses_nothing_and_the_end_is_the_same(
    store: JobStore, processes: list[subprocess.Popen[bytes]]
) -> None:
    job = submit_own(store, "anna", steps=12, measured=30)
    process = start_runner(store, ("tests.lab.one_probe",))
    assert process is not None
    processes.append(process)
    until(lambda: (job.folder / STATE / "state.safetensors").is_file())
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert store.job(job.id).status == "interrupted"
    planned = (job.folder / LOOP).read_text()
    whole = submit_own(store, "ben", steps=12, measured=30)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as the runner's process has it: sums of floats depend on how they are shared out
    try:
        run_job(store.job(job.id))
        run_job(whole)
    finally:
        torch.set_num_threads(threads)
    assert store.job(job.id).status == "finished", store.job(job.id).state
    assert (job.folder / LOOP).read_text() == planned
    steps = [report["step"] for report in store.job(job.id).reports()]
    assert steps == sorted(set(steps))
    ours, theirs = (mfm.load_pretrained(one.folder / MODEL).state_dict() for one in (store.job(job.id), whole))
    for name, tensor in ours.items():
        assert torch.allclose(tensor, theirs[name], atol=1e-4), f"{name}: a resumed run ends as one never stopped"


@pytest.mark.usefixtures("one_probe")
def test_a_kill_while_a_checkpoint_is_written_leaves_the_one_before(
    store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write is cut short half way, as by a kill: the rest of the process never happens."""

    class Killed(BaseException):
        pass

    job = submit_own(store, "anna")
    monkeypatch.setattr("mfm_core.lab.training.SAVE_EVERY", 0.0)
    whole, count = loop.save_file, 0

    def cut(tensors: dict[str, torch.Tensor], path: Path, metadata: dict[str, str]) -> None:
        nonlocal count
        count += 1
        whole(tensors, path, metadata)
        if count == 4:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(loop, "save_file", cut)
        with pytest.raises(Killed):
            run_job(store.job(job.id))
    assert store.job(job.id).status == "interrupted"
    run_job(store.job(job.id))
    assert store.job(job.id).status == "finished", store.job(job.id).state
    steps = [report["step"] for report in store.job(job.id).reports()]
    assert (steps, steps[-1]) == (sorted(set(steps)), 6)


@pytest.mark.usefixtures("one_probe")
def test_a_full_disk_fails_with_a_sentence_and_goes_on_when_there_is_room(
    store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit_own(store, "anna")
    monkeypatch.setattr("mfm_core.lab.training.SAVE_EVERY", 0.0)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(loop, "save_file", full)
        run_job(store.job(job.id))
    state = store.job(job.id).state
    assert state is not None
    assert (state.status, "no space left" in state.message) == ("failed", True)
    store.want(job.id, "run")
    run_job(store.job(job.id))
    assert store.job(job.id).status == "finished"


@pytest.mark.usefixtures("one_probe")
def test_stop_keeps_the_model_of_that_moment_and_pause_keeps_where_it_was(store: JobStore) -> None:
    job = submit_own(store, "anna", steps=10_000)
    store.want(job.id, "stop")
    run_job(store.job(job.id))
    stopped = store.job(job.id)
    assert (stopped.status, stopped.state.done) == ("stopped", 1)  # type: ignore[union-attr]
    assert mfm.load_pretrained(stopped.folder / MODEL).modalities == ("plain", "colour")
    other = submit_own(store, "ben")
    store.want(other.id, "pause")
    run_job(store.job(other.id))
    assert store.job(other.id).status == "paused"
    assert (other.folder / STATE / "state.safetensors").is_file()
    store.want(other.id, "run")
    run_job(store.job(other.id))
    assert store.job(other.id).status == "finished"


@pytest.mark.usefixtures("one_probe")
def test_minutes_become_steps(store: JobStore) -> None:
    job = submit_own(store, "anna", steps=None, minutes=0.05)
    run_job(job)
    job = store.job(job.id)
    assert job.status == "finished", job.state
    assert job.state is not None
    assert job.state.done >= 20 or job.state.seconds > 30
