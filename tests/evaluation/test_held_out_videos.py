import dataclasses
import json
from dataclasses import replace

import pytest
import torch
from typer.testing import CliRunner

import mfm_core as mfm
from mfm_core.cli.models import app
from mfm_core.data import registry
from mfm_core.data.folds import repeated_folds
from mfm_core.data.scaling import Scaling
from mfm_core.evaluation import cross_validation
from mfm_core.evaluation.cross_validation import cross_validate
from mfm_core.evaluation.figures import read_figures
from mfm_core.evaluation.flow_truth import flow_against_truth
from mfm_core.evaluation.held_out_videos import held_out, leak_figures, measure_videos, run_of, units_of, video_codes
from mfm_core.experiments.run import execute, read_run
from mfm_core.storage.folder import StoredModel
from mfm_core.storage.scaling import SCALING, load_scaling, save_scaling
from mfm_core.training.videos import SequenceRun
from tests.made_up_sequences import made_up_sequences, sequence_run


def with_truth(data):
    """The data set, with what each step adds to the score."""
    evidence = {name: x[..., 0] / 3 * (torch.arange(x.shape[1]) % 2) for name, x in data.modalities.items()}
    return dataclasses.replace(data, evidence=evidence)


@pytest.fixture
def stored(monkeypatch, tmp_path):
    """The folder of a stored model of clips whose truth is known."""
    data = with_truth(made_up_sequences(60))
    monkeypatch.setitem(registry._loaders, "made_up", lambda: data)
    path = tmp_path / "run.json"
    path.write_text(json.dumps(sequence_run()))
    execute(read_run(str(path)), tmp_path / "run", command="python -m mfm_core train made_up")
    return tmp_path / "run" / "model"


def test_everything_is_measured_of_a_stored_model(stored):
    model = mfm.load_pretrained(stored)
    kept = StoredModel.of_folder(stored)
    threads, used = torch.get_num_threads(), set()
    torch.set_num_threads(2)
    figures, more = measure_videos(model, kept, on_progress=lambda _: used.add(torch.get_num_threads()))
    torch.set_num_threads(threads)
    assert used == {1}  # whatever there are, so that figures are the same on any number of them
    named = {(figure.key, figure.subject): figure for figure in figures}
    assert len(named) == len(figures)
    assert {row["modality"] for row in more["dependency"]} == {"language", "acoustic"}
    assert {row["bandwidth"] for row in more["dependency"]} == {1.0, "median"}
    assert all(row["n"] == 10 for row in more["dependency"])
    json.dumps(more, allow_nan=False)
    data = held_out(kept)
    latents = model.encode(data.modalities, data.mask)
    flow = mfm.gradient_flow(model, latents)["language"]
    wanted = flow_against_truth(flow, data.evidence["language"], data.mask)
    found = named["evidence_hits", "language:norm"]
    assert found.value == pytest.approx(wanted.hits.value)


def test_the_ratio_stored_is_the_one_computed(stored):
    model = mfm.load_pretrained(stored)
    _, more = measure_videos(model, StoredModel.of_folder(stored))
    data = held_out(StoredModel.of_folder(stored))
    ratio = mfm.dependency_ratios(model, model.encode(data.modalities, data.mask))["acoustic"]
    row = next(row for row in more["dependency"] if (row["modality"], row["bandwidth"]) == ("acoustic", 1.0))
    assert row["ratio"] == pytest.approx(ratio.ratio)


def test_codes_of_videos_are_their_latents(stored):
    model = mfm.load_pretrained(stored)
    data = held_out(StoredModel.of_folder(stored))
    codes = video_codes(model, data)
    assert torch.equal(codes.labels, data.labels)
    assert torch.equal(codes.latents.mask, data.mask)
    assert codes.units is None
    ids = tuple(f"talk[{i}]" if i < 3 else str(i) for i in range(len(data)))
    several = replace(data, ids=ids)
    assert len(set(units_of(several).tolist())) == len(data) - 2
    assert torch.equal(video_codes(model, several).units, units_of(several))
    assert torch.allclose(codes.latents.y, model.encode(data.modalities, data.mask).y, atol=1e-6)


def test_the_command_stores_figures_codes_and_a_card(stored):
    result = CliRunner().invoke(app, ["evaluate", str(stored), "--save", "--threads", "1"])
    assert result.exit_code == 0, result.output
    assert len(mfm.load_codes(stored)) == 10
    card = mfm.load_card(stored)
    for part in ("streams of spoken videos", "## Measured on held-out videos", "## Dependency ratios (Eq. 5)", "r_i"):
        assert part in card
    assert "digits" not in card


def test_a_model_that_does_not_tell_its_run_cannot_be_measured(stored):
    kept = StoredModel.of_folder(stored)
    with pytest.raises(ValueError, match=r"^run\.configuration: "):
        run_of(kept.model_copy(update={"run": {"configuration": {"system": "other"}}}))


def test_scaling_that_does_not_fit_is_refused(stored):
    save_scaling(
        {name: Scaling(torch.zeros(d), torch.ones(d)) for name, d in (("language", 4), ("acoustic", 3))}, stored
    )
    assert set(load_scaling(stored)) == {"language", "acoustic"}
    save_scaling({"language": Scaling(torch.zeros(9), torch.ones(9))}, stored)
    with pytest.raises(ValueError, match=SCALING):
        load_scaling(stored)
    (stored / SCALING).unlink()
    with pytest.raises(FileNotFoundError):
        load_scaling(stored)


@pytest.fixture
def folded(monkeypatch):
    """Let the made-up data set be dealt to folds."""
    data = made_up_sequences(40, without_language=10)

    def folds(*, n_folds, n_repeats, seed=0):
        return repeated_folds(data, n_folds=n_folds, n_repeats=n_repeats, seed=seed)

    monkeypatch.setitem(registry._loaders, "made_up", lambda: data)
    monkeypatch.setitem(registry._infos, "made_up", registry.DatasetInfo("made_up", folds=folds))


def test_every_fold_is_measured_once_and_kept(folded, tmp_path, monkeypatch):
    run = SequenceRun.model_validate(sequence_run())
    done = []
    table = cross_validate(run, tmp_path, repetitions=2, folds=3, on_report=lambda at, step, _: done.append((at, step)))
    assert done == [(at, step + 1) for at in range(6) for step in range(run.training.steps)]
    kept = [json.loads((tmp_path / f"{r}-{k}" / "figures.json").read_text()) for r in (0, 1) for k in range(3)]
    first, *_ = read_figures(table["figures"])
    assert (first.key, first.subject, first.n) == ("mae", "", 6)
    assert first.value == pytest.approx(sum(read_figures(fold["figures"])[0].value for fold in kept) / 6)
    assert first.low < first.value < first.high

    def never(*args):
        raise AssertionError("trained again")

    monkeypatch.setattr(cross_validation, "train", never)
    assert cross_validate(run, tmp_path, repetitions=2, folds=3) == table
    other = run.model_copy(update={"noise": 0.5})
    with pytest.raises(ValueError, match="holds a fold of another configuration"):
        cross_validate(other, tmp_path, repetitions=2, folds=3)
    with pytest.raises(ValueError, match="repetitions: expected at least 1, got 0"):
        cross_validate(run, tmp_path, repetitions=0, folds=3)
    for damaged in ('{"configuration": ', "[]", "{}", '{"configuration": {}, "figures": []}'):
        (tmp_path / "0-0" / "figures.json").write_text(damaged)
        with pytest.raises(ValueError, match=r"figures\.json: expected the figures of a fold, got a damaged file"):
            cross_validate(run, tmp_path, repetitions=2, folds=3)


def test_the_command_refuses_what_is_no_run_of_sequences():
    result = CliRunner().invoke(app, ["cross-validate", "um_mnist"])
    assert result.exit_code == 1
    assert "run: expected one whose system is mfm_sequences, got um_mnist, of discriminative" in result.output


def test_a_probe_does_not_know_a_video_again_by_its_other_segments(generator: torch.Generator) -> None:
    videos = torch.arange(200) // 5
    scores = torch.randn(40, generator=generator)[videos]
    z = torch.randn(40, 3, generator=generator)[videos] + 0.01 * torch.randn(200, 3, generator=generator)
    latents = mfm.Latents(torch.randn(200, 2, generator=generator), {"acoustic": z})
    (known,) = [one for one in leak_figures(latents, scores) if one.key == "probe_r2"]
    (unknown,) = [one for one in leak_figures(latents, scores, videos) if one.key == "probe_r2"]
    assert known.value > 0.5, "a code that tells nothing but the video"
    assert unknown.value < 0.2
    assert (known.n, unknown.n) == (200, 40)
