"""From a configuration file to a stored network."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch

from mfm_core.experiments.run import execute, read_run, run_names, start_from
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage import folder as storage_folder
from mfm_core.storage import models
from mfm_core.storage.folder import StoredModel
from mfm_core.training.digits import DigitPairs, DiscriminativeRun
from mfm_core.training.images import FactorizeRun, FactorizeTask
from mfm_core.training.videos import SequenceRun
from tests import tiny_runs

VIDEOS = ("ict_mmmo", "cmu_mosi", "pom", "studio_language_led", "studio_balanced", "studio_face_led")


def written(folder: Path, run: object) -> str:
    path = folder / "run.json"
    path.write_text(run if isinstance(run, str) else json.dumps(run))
    return str(path)


def test_every_configuration_of_the_project_can_be_read_and_built():
    digits = (
        "svhn_mnist",
        "svhn_mnist_codes",
        "svhn_mnist_flow",
        "svhn_mnist_whitened",
        "svhn_mnist_spread",
        "svhn_mnist_losses",
    )
    systems = dict.fromkeys(digits, FactorizeRun) | dict.fromkeys(VIDEOS, SequenceRun)
    assert {*VIDEOS, "svhn_mnist", "um_svhn", "um_mnist", "mm", "judge_svhn", "judge_mnist"} <= set(run_names())
    for name in run_names():
        run = read_run(name)
        assert isinstance(run, systems.get(name, DiscriminativeRun)), name
        with torch.device("meta"):
            (Discriminative if isinstance(run, DiscriminativeRun) else MFM)(run.model)


def test_mfm_and_the_baselines_see_through_one_encoder():
    model, mm = read_run("svhn_mnist").model, read_run("mm").model
    codes = read_run("svhn_mnist_codes").model
    unmixed = {name: m.model_copy(update={"flow_mixed": 0}) for name, m in model.modalities.items()}
    assert codes == model.model_copy(update={"modalities": unmixed})
    for name, modality in model.modalities.items():
        alone = read_run(f"um_{name}").model.modalities[name]
        for field in ("shape", "fusion", "fusion_channels", "fusion_depth"):
            assert getattr(modality, field) == getattr(mm.modalities[name], field) == getattr(alone, field)
    assert (model.features, model.hidden) == (mm.features, mm.hidden)


def test_no_reader_and_no_judge_share_seed_and_network():
    for name in ("svhn", "mnist"):
        reader, judge = read_run(f"reader_{name}"), read_run(f"judge_{name}")
        assert reader.training.seed != judge.training.seed
        assert reader.model != judge.model


def test_changes_replace_values_by_dotted_key(tmp_path):
    path = written(tmp_path, tiny_runs.factorizing())
    run = read_run(path, {"training.seed": 3, "factorization.noise": 0, "objective": {"mmd": 1.0}})
    assert (run.training.seed, run.factorization.noise, run.objective.mmd) == (3, 0, 1)
    assert run.model == read_run(path).model


@pytest.mark.parametrize(
    ("run", "changes", "message"),
    [
        ("{", {}, "{path}: expected JSON, got …"),
        pytest.param("[" * 100_000, {}, "{path}: expected JSON, got …", id="too deep"),
        pytest.param(" " * 1_000_001, {}, "{path}: expected at most 1000000 bytes, got 1000001", id="too large"),
        ("[]", {"a": 1}, "set: expected a key of the configuration, such as training.seed, got 'a'"),
        (
            tiny_runs.factorizing(),
            {"system.seed": 1},
            "set: expected a key of the configuration, such as training.seed, got 'system.seed'",
        ),
        (
            tiny_runs.factorizing(),
            {"trainin.seed": 1},
            "{path}: trainin: expected no such key (did you mean training?), got {'seed': 1}",
        ),
        (
            tiny_runs.factorizing(),
            {"training.sed": 1},
            "{path}: training.sed: expected no such key (did you mean seed?), got 1",
        ),
        (
            tiny_runs.factorizing(),
            {"training.steps": "many"},
            "{path}: training.steps: expected a whole number, got 'many'",
        ),
        (
            tiny_runs.factorizing(readers={}),
            {},
            "{path}: readers: expected one for each of svhn, mnist, got none",
        ),
        (
            tiny_runs.discriminative("mnist", augmentation={}),
            {},
            "{path}: augmentation: expected one for each of mnist, got none",
        ),
        (
            tiny_runs.discriminative("mnist"),
            {"model.modalities": {}},
            "{path}: model.modalities: expected at least one, got none",
        ),
        (
            tiny_runs.discriminative("mnist", system="vae"),
            {},
            "{path}: system: expected one of discriminative, mfm, mfm_sequences, got 'vae'",
        ),
        ({}, {}, "{path}: system: expected one of discriminative, mfm, mfm_sequences, got None"),
        ("[]", {}, "{path}: the file: expected an object, got list"),
    ],
)
def test_a_wrong_configuration_gives_one_sentence(tmp_path, run, changes, message):
    path = written(tmp_path, run)
    with pytest.raises(ValueError, match="^" + re.escape(message.replace("{path}", path)).replace("…", ".+") + "$"):
        read_run(path, changes)


@pytest.mark.parametrize("name", ["nothing", "nothing.json", "../mm", ""])
def test_an_unknown_run_is_refused_with_the_known_ones(name):
    with pytest.raises(ValueError, match=r"^run: expected one of cmu_mosi, .* or a \.json file, got '.*'$"):
        read_run(name)


@pytest.fixture
def baseline(tmp_path: Path, made_up_data: Path) -> DiscriminativeRun:
    return read_run(written(tmp_path, tiny_runs.discriminative("mnist")))


def test_a_run_leaves_its_configuration_its_log_and_its_model_in_both_places(tmp_path, baseline):
    run = baseline
    reports: list[int] = []
    trained = execute(
        run,
        tmp_path / "one",
        command="train it",
        store=tmp_path / "shelf",
        on_report=lambda step, _: reports.append(step),
    )
    assert reports == [1, 2, 3, 4]
    assert read_run(str(tmp_path / "one" / "config.json")) == run
    log = [json.loads(line) for line in (tmp_path / "one" / "log.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in log] == [2, 4]
    for place, name in ((tmp_path / "one" / "model", "one"), (tmp_path / "shelf", "shelf")):
        stored = storage_folder.StoredModel.of_folder(place)
        assert stored.run["configuration"] == run.model_dump(mode="json")
        assert stored.run["command"] == "train it"
        assert models.load_card(place).startswith(f"# {name}\n")
        loaded = models.load_discriminative(place).state_dict()
        assert all(torch.equal(loaded[key], tensor) for key, tensor in trained.state_dict().items())


def test_the_folder_of_another_run_is_refused(tmp_path, baseline):
    execute(baseline, tmp_path / "one", command="")
    other = baseline.model_copy(update={"label_smoothing": 0.1})
    with pytest.raises(ValueError, match=r"one: holds a run of another configuration; choose a new folder$"):
        execute(other, tmp_path / "one", command="")


@pytest.mark.parametrize(
    "damage", [lambda state: state[:1000], lambda state: b"", lambda state: state.replace(b"best/", b"bets/")]
)
def test_a_damaged_state_is_refused(tmp_path, baseline, damage):
    execute(baseline, tmp_path / "one", command="")
    path = tmp_path / "one" / "state.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    message = "one: holds a state that this run cannot go on from; choose a new folder$"
    with pytest.raises(ValueError, match=message):
        execute(baseline, tmp_path / "one", command="")


def test_a_device_that_is_not_here_is_refused(tmp_path, baseline):
    message = "^device: expected a device that torch can use here, such as cpu, got 'abacus'$"
    with pytest.raises(ValueError, match=message):
        execute(baseline, tmp_path / "one", command="", device="abacus")
    assert not (tmp_path / "one").exists()


def test_a_reader_that_is_not_stored_is_named(tmp_path, made_up_data, monkeypatch):
    monkeypatch.setattr(storage_folder, "PRETRAINED", tmp_path / "empty")
    run = read_run(written(tmp_path, tiny_runs.factorizing()))
    with pytest.raises(
        FileNotFoundError, match=r"^name_or_folder: expected one of no names yet, .* got 'reader_svhn'$"
    ):
        execute(run, tmp_path / "one", command="")
    assert not (tmp_path / "one").exists()


def test_the_real_run_starts_on_real_digits(tmp_path, real_data, monkeypatch):
    changes = {"training.steps": 3, "training.batch_size": 16, "training.validate_every": 1000}
    whole = DigitPairs.held_out
    monkeypatch.setattr(DigitPairs, "held_out", lambda pairs: few(*whole(pairs)))
    missing = [name for name in ("svhn", "mnist") if not (real_data / f"{name}.npz").is_file()]
    if missing:
        pytest.skip(f"no {', '.join(missing)} in MFM_DATA")
    start = tmp_path / "codes"
    for name, more in (("svhn_mnist_codes", {}), ("svhn_mnist", {"start": str(start / "model"), "flow_pairs": 16})):
        costs: list[float] = []
        model = execute(
            read_run(name, changes | more),
            start if name == "svhn_mnist_codes" else tmp_path / "run",
            command="",
            on_report=lambda _, report, costs=costs: costs.append(report["cost"]),
        )
        assert len(costs) == 3
        assert isinstance(model, MFM)
    assert models.load_pretrained(tmp_path / "run" / "model").modalities == ("svhn", "mnist")


def few(pictures: dict[str, torch.Tensor], labels: torch.Tensor) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    return {name: x[:20] for name, x in pictures.items()}, labels[:20]


def without_readers(**changes: object) -> FactorizeRun:
    weights = {"label_readback": 0, "feature_match": 0}
    return FactorizeRun.model_validate(tiny_runs.factorizing(readers={}, factorization=weights, **changes))


@pytest.fixture(scope="module")
def first(drawn_digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that others start from."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MFM_DATA", str(drawn_digits))
        execute(without_readers(), folder, command="the first")
    return folder


def test_a_run_can_start_from_a_stored_model(tmp_path, made_up_data, first):
    frozen = {**tiny_runs.TRAINING, "learning_rate": 1e-12}
    second = without_readers(start=str(first / "model"), training=frozen)
    went_on = execute(second, tmp_path / "second", command="none")
    for name, parameter in models.load_pretrained(first / "model").named_parameters():
        assert torch.allclose(parameter, went_on.get_parameter(name), atol=1e-8)


def test_a_model_tells_what_it_started_from(tmp_path, made_up_data, first):
    execute(without_readers(start=str(first / "model")), tmp_path / "second", command="the second")
    stored = StoredModel.of_folder(tmp_path / "second" / "model").run
    assert stored["command"] == "the second"
    assert stored["start"]["command"] == "the first"
    assert stored["start"]["configuration"]["training"] == without_readers().model_dump(mode="json")["training"]
    assert stored["notes"] == ["It starts from what `the first` makes"]


@pytest.mark.parametrize("mixed", [0, 1])
def test_a_run_that_settles_moves_the_flows_and_what_decodes_and_nothing_that_encodes(
    mixed, tmp_path, made_up_data, first
):
    start = str(first / "model")
    run = without_readers(start=start, settle=True, model=tiny_runs.mixed(mixed))
    begun = FactorizeTask(run, {}, DigitPairs(run.model, run.augmentation), torch.device("cpu")).model
    start_from(begun, start)
    before, after = begun.state_dict(), execute(run, tmp_path / "second", command="none").state_dict()
    flows = r"flow\.mixed\." if mixed else r"flow\."
    moving = re.compile(rf"encoders_a\.\w+\.{flows}|surrogates\.|g_[ay]\.|label_head\.|decoders\.")
    for name, tensor in before.items():
        assert bool(moving.match(name)) != torch.equal(tensor, after[name]), name


def test_flows_that_go_further_begin_where_those_of_the_start_end(tmp_path, made_up_data, first):
    frozen = {**tiny_runs.TRAINING, "learning_rate": 1e-12}
    second = execute(
        without_readers(start=str(first / "model"), settle=True, model=tiny_runs.mixed(2), training=frozen),
        tmp_path / "second",
        command="none",
    )
    begun = models.load_pretrained(first / "model")
    pictures = {"svhn": torch.rand(3, 3, 32, 32), "mnist": torch.rand(3, 1, 28, 28)}
    with torch.inference_mode():
        torch.testing.assert_close(
            second.encode(pictures).joint(), begun.encode(pictures).joint(), atol=1e-5, rtol=1e-5
        )


def test_only_a_run_that_starts_from_a_model_can_settle():
    with pytest.raises(
        ValueError, match="settle: expected a run that starts from a stored model, got one without start"
    ):
        without_readers(settle=True)


def test_a_model_of_another_architecture_cannot_be_started_from(tmp_path, made_up_data, first):
    start = str(first / "model")
    model = {**tiny_runs.factorizing()["model"], "d_y": 4}
    with pytest.raises(ValueError, match=f"start: expected a model of the run's architecture, got {start}, of another"):
        execute(without_readers(start=start, model=model), tmp_path / "second", command="none")
