"""Bringing users' files: by one command, into a set that loads by its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import mfm_core.cli.data  # noqa: F401 - enters its commands
from mfm_core import Dataset, load_dataset
from mfm_core.cli.app import app
from mfm_core.data.importing.imported import import_files, imported_names
from mfm_core.data.registry import dataset_info
from mfm_core.data.sequence_files import save_dataset
from mfm_core.experiments.plan import TablePlan, splits
from tests.data import features, videos


def same(a: Dataset, b: Dataset) -> None:
    for name, x in a.modalities.items():
        torch.testing.assert_close(b.modalities[name], x)
    assert torch.equal(a.labels, b.labels)
    assert (a.split == b.split).all()


@pytest.mark.parametrize("name", ["ict_mmmo", "youtube", "pom"])
def test_published_tensors_are_imported_as_they_lie_in_the_archive(
    tmp_path: Path, data_folder: Path, name: str
) -> None:
    arrays = videos.published(name)
    np.savez(data_folder / f"{name}.npz", **arrays)
    expected = load_dataset(name)
    (data_folder / f"{name}.npz").unlink()
    files = [str(path) for path in features.write_h5(tmp_path, arrays)]
    run = CliRunner().invoke(app, ["data", "import", *files, "--as", name])
    assert run.exit_code == 0, run.stderr
    assert run.stdout == f"{data_folder}/{name}.npz\n"
    assert f"{name}: 20 samples (train 9, validation 5, test 6)" in run.stderr
    same(expected, load_dataset(name))


def test_the_real_tensors_survive_the_way_through_hdf5(
    tmp_path: Path, real_data: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MFM_DATA", str(real_data))
    expected = load_dataset("ict_mmmo")
    with np.load(real_data / "ict_mmmo.npz") as archive:
        paths = features.write_h5(tmp_path, dict(archive))
    monkeypatch.setenv("MFM_DATA", str(data_folder))
    import_files(paths, "ict_mmmo")
    same(expected, load_dataset("ict_mmmo"))


@pytest.mark.parametrize("emotions", [4, 6])
def test_iemocap_is_imported_from_its_pickle(tmp_path: Path, data_folder: Path, emotions: int) -> None:
    content = features.multimodal_transformer(emotions=emotions)
    path = features.write_pickle(tmp_path / "iemocap_data.pkl", content)
    run = CliRunner().invoke(app, ["data", "import", str(path), "--as", "iemocap"])
    assert run.exit_code == 0, run.stderr
    dataset = load_dataset("iemocap")
    expected = np.concatenate([content[split]["labels"].argmax(2).argmax(1) for split in ("train", "valid", "test")])
    assert dataset.labels.tolist() == expected.tolist()
    assert dataset.mask is not None
    assert dataset.mask[0].tolist() == [False, False, True, True, True]
    assert dataset.ids is not None
    assert dataset.ids[0] == "trainv0_0.0_1.5"


def test_computational_sequences_are_imported_under_a_name_of_the_users(tmp_path: Path, data_folder: Path) -> None:
    files = [str(path) for path in features.write_mosi_csd(tmp_path)]
    run = CliRunner().invoke(app, ["data", "import", *files, "--as", "my_mosi", "--length", "3"])
    assert run.exit_code == 0, run.stderr
    dataset = load_dataset("my_mosi")
    assert set(dataset.modalities) == {"acoustic", "visual"}
    assert dataset.steps is not None
    assert dataset.mask is not None
    assert dataset.steps.words[:2] == (("it", "was"), ("a", "good", "film"))
    assert dataset.mask[0].tolist() == [False, True, True]
    assert dataset.steps.times[0, 1].tolist() == [0, 0.5]
    assert imported_names() == ("my_mosi",)
    listed = CliRunner().invoke(app, ["data", "list"]).stdout
    assert re.search(r"^my_mosi +imported$", listed, re.MULTILINE)
    described = CliRunner().invoke(app, ["data", "describe", "my_mosi"]).stdout
    assert "my_mosi: 20 samples (train 12, validation 2, test 6)" in described
    assert "acoustic: 3 x 3, in 20 samples, at 50 steps" in described


def test_mmsas_pickle_and_our_own_archive_are_imported(tmp_path: Path, data_folder: Path) -> None:
    import_files([features.write_pickle(tmp_path / "aligned_50.pkl", features.mmsa())], "my_mmsa", length=4)
    stored = (data_folder / "my_mmsa.npz").rename(tmp_path / "other.npz")
    with np.load(stored) as archive:
        np.savez(stored, **{key: archive[key] for key in archive.files if not key.startswith("ids")})
    import_files([stored], "again")
    dataset = load_dataset("again")
    assert dataset.modalities["language"].shape == (18, 4, 4)
    assert dataset.labels.shape == (18, 1)


def test_a_file_is_overwritten_only_if_asked_to_and_kept_if_the_new_one_is_wrong(
    tmp_path: Path, data_folder: Path
) -> None:
    paths = features.write_h5(tmp_path, videos.published("pom"))
    import_files(paths, "pom")
    before = (data_folder / "pom.npz").read_bytes()
    with pytest.raises(FileExistsError, match=r"pom.npz: exists already; say --replace to overwrite it"):
        import_files(paths, "pom")
    (tmp_path / "mmmo").mkdir()
    wrong = features.write_h5(tmp_path / "mmmo", videos.published("ict_mmmo"))
    with pytest.raises(ValueError, match="expected ratings of 17 traits"):
        import_files(wrong, "pom", replace=True)
    assert (data_folder / "pom.npz").read_bytes() == before
    import_files(paths, "pom", replace=True)
    assert sorted(path.name for path in data_folder.iterdir()) == ["pom.npz"]


REFUSED: dict[str, tuple[Callable[[Path], list[str]], str]] = {
    "a name that leads elsewhere": (lambda f: [str(f / "x.npz"), "--as", "../x"], "or a new name of small letters"),
    "a set made of other files": (lambda f: [str(f / "x.npz"), "--as", "cmu_mosi"], "got 'cmu_mosi'"),
    "digits": (lambda f: [str(f / "x.npz"), "--as", "mnist"], "got 'mnist'"),
    "formats mixed": (lambda f: [str(f / "x.npz"), str(f / "y.h5"), "--as", "x"], "files: expected the .h5 files of a"),
    "no steps": (lambda f: [str(f / "x.pkl"), "--as", "x", "--length", "0"], "length: expected 1 to 10000, got 0"),
    "no file": (lambda f: [str(f / "x.pkl"), "--as", "x"], "x.pkl: no such file; see the data links of github.com"),
    "no labels": (
        lambda f: [str(np.savez(f / "x.npz", audio_train=np.ones((2, 3, 4))) or f / "x.npz"), "--as", "x"],
        "x.npz: expected an array y_train, as every split has labels, got audio_train",
    ),
    "nothing but zeros": (
        lambda f: [
            str(
                np.savez(
                    f / "x.npz",
                    **{f"audio_{e}": np.zeros((2, 3, 4)) for e in ("train", "valid", "test")},
                    **{f"y_{e}": np.zeros(2) for e in ("train", "valid", "test")},
                )
                or f / "x.npz"
            ),
            *("--as", "x"),
        ],
        "acoustic: expected an observed step, got none in 6 samples",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_imported_is_refused_in_one_sentence(tmp_path: Path, data_folder: Path, kind: str) -> None:
    arguments, message = REFUSED[kind]
    run = CliRunner().invoke(app, ["data", "import", *arguments(tmp_path)])
    assert run.exit_code == 1
    assert message in run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert list(data_folder.iterdir()) == []


def test_what_is_masked_left_out_or_not_read_is_counted_and_the_users_file_is_named(
    tmp_path: Path, data_folder: Path
) -> None:
    arrays = videos.published("ict_mmmo")
    arrays["audio_train"][3, 2, 1] = -np.inf
    arrays["y_valid"][4] = np.nan
    np.savez(tmp_path / "mine.npz", **arrays, txt_train=np.ones(3))
    run = CliRunner().invoke(app, ["data", "import", str(tmp_path / "mine.npz"), "--as", "mine"])
    assert run.exit_code == 0, run.stderr
    dataset = load_dataset("mine")
    assert len(dataset) == 19
    assert bool((dataset.modalities["acoustic"][3, 2] == 0).all())
    assert "audio_train, sample 3, step 2, feature 1, -inf" in run.stderr
    assert (
        f"1 samples are left out, for their label is not finite; the first: {tmp_path}/mine.npz: y_valid" in run.stderr
    )
    assert f"1 arrays are not read; the first: {tmp_path}/mine.npz: 'txt_train'" in run.stderr
    arrays["visual_test"] = arrays["visual_test"][:, :, :1]
    np.savez(tmp_path / "odd.npz", **arrays)
    run = CliRunner().invoke(app, ["data", "import", str(tmp_path / "odd.npz"), "--as", "odd"])
    assert run.exit_code == 1
    assert run.stderr.startswith(f"{tmp_path}/odd.npz: expected visual of shape (N, T, d)")
    assert "unchecked" not in run.stderr


def test_ids_words_and_times_of_an_archive_are_kept(tmp_path: Path, data_folder: Path) -> None:
    import_files(features.write_mosi_csd(tmp_path), "my_mosi", length=3)
    first = load_dataset("my_mosi")
    import_files([(data_folder / "my_mosi.npz").rename(tmp_path / "other.npz")], "again")
    again = load_dataset("again")
    assert again.ids == first.ids
    assert again.steps is not None
    assert first.steps is not None
    assert again.steps.words == first.steps.words


def test_an_imported_set_is_dealt_into_folds(tmp_path: Path, data_folder: Path) -> None:
    arrays = videos.published("iemocap")
    for end, n in videos.SIZES.items():
        arrays[f"y_{end}"] = np.arange(n, dtype=np.float32)
    np.savez(tmp_path / "mine.npz", **arrays)
    import_files([tmp_path / "mine.npz"], "mine")
    folds = dataset_info("mine").folds
    assert folds is not None
    dealt = list(folds(n_folds=4, n_repeats=1))
    assert [int((fold.dataset.split == "test").sum()) for fold in dealt] == [5, 5, 5, 5]
    assert all(fold.dataset.scaling is not None for fold in dealt)
    assert dataset_info("another").folds is None


def test_a_table_knows_each_tested_segment_by_its_place_though_others_are_left_out(data_folder: Path) -> None:
    """A segment without a face is left out of the folds that hold out its video: what is behind it moves up."""
    numbers, has = np.random.default_rng(0).normal(size=(40, 2, 3)), torch.ones(40, dtype=torch.bool)
    has[::7] = False
    ids, split = [f"v{i // 2:02}[{i % 2}]" for i in range(40)], np.repeat(["train", "validation", "test"], [20, 10, 10])
    whole = Dataset.from_arrays(
        {"a": numbers, "b": numbers}, numbers[:, 0, 0], ids=ids, split=split, present={"b": has}
    )
    save_dataset(whole, data_folder / "mine.npz")
    names = load_dataset("mine").ids or ()
    parts = list(splits(TablePlan(dataset="mine"), 0))
    for part in parts:
        assert part.test.ids == tuple(names[place] for place in part.tested)
    tested = np.concatenate([part.tested for part in parts])
    assert sorted(tested.tolist()) == np.flatnonzero(has).tolist()


def test_classes_below_0_are_refused(tmp_path: Path, data_folder: Path) -> None:
    arrays = videos.published("iemocap")
    for end, n in videos.SIZES.items():
        arrays[f"y_{end}"] = np.arange(n) % 3 - 1
    np.savez(tmp_path / "mine.npz", **arrays)
    run = CliRunner().invoke(app, ["data", "import", str(tmp_path / "mine.npz"), "--as", "mine"])
    assert run.exit_code == 1
    assert run.stderr == "labels: expected classes from 0, got -1 in sample 0\n"


def printed_layout() -> dict[str, str]:
    """Shapes of the arrays that ``data describe`` prints, by the name before the split's."""
    lines = CliRunner().invoke(app, ["data", "describe"]).stdout.splitlines()
    rows = [re.match(r"  (?P<kind>[A-Za-z]+)_SPLIT +(?P<shape>\(.*\))  ", line) for line in lines]
    return {row["kind"]: row["shape"].strip() for row in rows if row}


def test_what_is_written_in_the_printed_layout_is_imported_whole(tmp_path: Path, data_folder: Path) -> None:
    sizes = {"N": 4, "T": 3, "d": 2, "size": 1, "2": 2}
    rng, arrays = np.random.default_rng(0), dict[str, np.ndarray]()
    layout = printed_layout()
    named = dict.fromkeys(("pulse", "text", "audio"), layout.pop("NAME"))
    for kind, shapes in (named | layout).items():
        shape = [sizes[axis] for axis in re.findall(r"\w+", shapes.split(" or ")[-1])]
        for split in ("train", "valid", "test"):
            text = np.char.add(f"{kind} {split} ", np.arange(np.prod(shape)).reshape(shape).astype(str))
            times = np.broadcast_to(np.arange(2 * sizes["T"], dtype=np.float32).reshape(-1, 2), (4, 3, 2))
            numbers = times if kind == "times" else rng.normal(size=shape).astype(np.float32)
            arrays[f"{kind}_{split}"] = text if kind in ("ids", "words") else numbers
    arrays |= {f"mask_{split}": np.ones((4, 3), bool) for split in ("train", "valid", "test")}
    np.savez(tmp_path / "own.npz", **arrays)
    run = CliRunner().invoke(app, ["data", "import", str(tmp_path / "own.npz"), "--as", "own"])
    assert run.exit_code == 0, run.stderr
    assert "not read" not in run.stderr
    own = load_dataset("own")
    assert set(own.modalities) == {"language", "acoustic", "pulse"}
    assert own.ids is not None
    assert own.ids[:2] == ("ids train 0", "ids train 1")
    assert own.steps is not None
    assert own.steps.words[0] == ("words train 0", "words train 1", "words train 2")
    assert own.steps.times[0].tolist() == [[0, 1], [2, 3], [4, 5]]
    np.testing.assert_array_equal(own.labels[:4], arrays["y_train"])


def test_the_readme_shows_the_layout_that_is_printed() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert f"```text\n{CliRunner().invoke(app, ['data', 'describe']).stdout}```\n" in readme
