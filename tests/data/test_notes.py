"""Numbers that are not finite: one rule in every way that data come in, and a report that counts what it did."""

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
from mfm_core.data.importing.imported import import_files
from mfm_core.data.notes import DataWarning, Notes
from mfm_core.files.npz import Array
from tests.data import features, videos

STEPS = "2 steps hold a number that is not finite and count as not observed; the first: "
LABELS = "1 samples are left out, for their label is not finite; the first: "


def odd() -> dict[str, Array]:
    """IEMOCAP's tensors with two odd steps of the second training sample and an odd label of the fourth."""
    arrays = videos.published("iemocap")
    arrays["audio_train"][1, 2, 1], arrays["audio_train"][1, 3, 0] = -np.inf, np.nan
    arrays["y_train"][3] = np.nan
    return arrays


def from_the_folder(place: Path, arrays: dict[str, Array]) -> Dataset:
    np.savez(place / "mine.npz", **arrays)  # type: ignore[arg-type]
    with pytest.warns(DataWarning) as told:
        dataset = load_dataset("mine")
    assert [str(one.message) for one in told] == list(dataset.notes)
    return dataset


def from_an_import(place: Path, arrays: dict[str, Array]) -> Dataset:
    (place / "given").mkdir()
    import_files(features.write_h5(place / "given", arrays), "mine", notes=(notes := Notes()))
    dataset = load_dataset("mine")
    assert dataset.notes == ()  # of what is stored, nothing is odd any more
    object.__setattr__(dataset, "notes", tuple(notes.lines()))
    return dataset


def from_arrays(_: Path, arrays: dict[str, Array]) -> Dataset:
    ends = {"train": "train", "valid": "validation", "test": "test"}
    whole = {
        name: np.concatenate([arrays[f"{kind}_{end}"] for end in ends])
        for name, kind in {"language": "text", "acoustic": "audio", "visual": "visual"}.items()
    }
    split = np.repeat(list(ends.values()), [len(arrays[f"y_{end}"]) for end in ends])
    with pytest.warns(DataWarning) as told:
        dataset = Dataset.from_arrays(whole, np.concatenate([arrays[f"y_{end}"] for end in ends]), split=split)
    assert [str(one.message) for one in told] == list(dataset.notes)
    return dataset


@pytest.mark.parametrize(
    ("route", "places"),
    [
        (from_the_folder, ("mine.npz: audio_train, sample 1, step 2, feature 1, -inf", "mine.npz: y_train, sample 3")),
        (from_an_import, ("audio_train.h5: d1, sample 1, step 2, feature 1, -inf", "y_train.h5: d1, sample 3")),
        (from_arrays, ("modalities.acoustic, sample 1, step 2, feature 1, -inf", "labels, sample 3")),
    ],
)
def test_a_step_is_masked_and_a_sample_without_label_left_out_in_every_route(
    route: Callable[[Path, dict[str, Array]], Dataset], places: tuple[str, str], data_folder: Path
) -> None:
    dataset = route(data_folder, odd())
    assert len(dataset) == len(dataset.split) == sum(videos.SIZES.values()) - 1
    assert int((dataset.split == "train").sum()) == videos.SIZES["train"] - 1
    acoustic = dataset.modalities["acoustic"]
    assert (acoustic[1] == 0).all(1).tolist() == [False, False, True, True]
    assert bool((dataset.modalities["visual"][1] != 0).any(1).all())  # the step is there for the others
    assert bool(acoustic.isfinite().all())
    for line, start, place in zip(sorted(dataset.notes), (LABELS, STEPS), reversed(places), strict=True):
        assert line.startswith(start)
        assert line.endswith(place)


def test_the_command_line_tells_the_report_of_a_stored_set(data_folder: Path) -> None:
    np.savez(data_folder / "mine.npz", **odd())  # type: ignore[arg-type]
    run = CliRunner().invoke(app, ["data", "describe", "mine"])
    assert run.exit_code == 0, run.output
    assert run.stderr.splitlines() == [
        f"{STEPS}{data_folder}/mine.npz: audio_train, sample 1, step 2, feature 1, -inf",
        f"{LABELS}{data_folder}/mine.npz: y_train, sample 3",
    ]


def test_cmu_mosi_is_read_by_the_same_rule(data_folder: Path) -> None:
    videos.write_mosi(data_folder)
    path = data_folder / "cmu_mosi_utterances.npz"
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays["audio"][0, 2], arrays["sentiment"][3] = np.inf, np.nan
    np.savez(path, **arrays)
    with pytest.warns(DataWarning) as told:
        dataset = load_dataset("cmu_mosi")
    assert [str(one.message).partition("npz: ")[2] for one in told] == [
        "audio, video train[0], step 0, feature 2, inf",
        "sentiment, video test[3]",
    ]
    assert dataset.ids == ("train[0]", "train[1]", "valid[2]", "test[4]")
    assert dataset.present is not None
    assert dataset.present["acoustic"].tolist() == [False, True, True, True]


def test_a_modality_without_any_finite_step_is_absent_and_a_draw_leaves_the_unknown_out() -> None:
    x = {"words": np.ones((12, 3, 2)), "tone": np.ones((12, 3, 1))}
    x["tone"][4], y = np.nan, np.arange(12.0)
    y[7] = np.inf
    ids = [f"v{i}" for i in range(12)]
    dataset = Dataset.from_arrays(x, y, ids=ids, notes=(notes := Notes()))
    assert notes.lines()[0].startswith("1 samples are left out")
    assert notes.lines()[0].endswith("labels, video v7")
    assert notes.lines()[1].endswith("modalities.tone, video v4, step 0, feature 0, nan")
    assert dataset.ids == tuple(one for one in ids if one != "v7")
    assert dataset.present is not None
    assert dataset.present["tone"].tolist() == [one != "v4" for one in dataset.ids]
    assert [int((dataset.split == part).sum()) for part in ("train", "validation", "test")] == [8, 1, 2]


def test_what_stands_in_the_padding_is_no_matter() -> None:
    x, mask = np.ones((4, 3, 2)), np.array([[True, True, False]] * 4)
    x[:, 2] = np.nan
    assert Dataset.from_arrays({"words": x}, np.arange(4), mask=mask).notes == ()


@pytest.mark.parametrize(
    ("modalities", "labels", "message"),
    [
        (
            {"photo": np.where(np.arange(64).reshape(4, 1, 4, 4) == 38, np.nan, 0.5)},
            np.arange(4),
            "modalities.photo: expected finite numbers, got nan at sample 2, channel 0, row 1, column 2",
        ),
        ({"words": np.ones((4, 3, 2))}, np.full(4, np.nan), "labels: expected finite labels, got none in 4 samples"),
        (
            {"words": np.ones((4, 3, 2)), "tone": np.full((4, 3, 1), np.nan)},
            np.arange(4),
            "modalities.tone: expected a step of finite numbers, got none",
        ),
        (
            {"words": np.where(np.arange(24).reshape(4, 3, 2) // 6 == 1, np.inf, 1)},
            np.arange(4),
            "modalities: expected a step of finite numbers in sample 1, got none",
        ),
    ],
)
def test_where_nothing_can_be_masked_it_is_refused(modalities: dict[str, Array], labels: Array, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Dataset.from_arrays(modalities, labels)


def test_a_dataset_made_by_hand_still_holds_finite_numbers_alone() -> None:
    with pytest.raises(ValueError, match=r"^modalities\.words: expected finite numbers, got nan at sample 0, step 0"):
        Dataset("toy", {"words": torch.full((1, 2, 2), torch.nan)}, torch.zeros(1, 1), np.array(["train"]))
