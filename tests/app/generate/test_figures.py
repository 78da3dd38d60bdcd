from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import mfm_core as mfm
from app.generate.digit_model import DigitModel
from app.generate.figures import read, sample, slide, swap, translate
from app.generate.view import View
from app.shared import downloads
from app.shared.picture_grid import PictureGrid, decode_grid
from app.shared.pictures import pack

DRAWN = pack((np.random.default_rng(0).integers(0, 256, (1, 28, 28)) / 255).astype(np.float32))

Make = Callable[[DigitModel, View], PictureGrid]
Script = Callable[[DigitModel, View], str]
CASES: dict[str, tuple[Make, Script, View]] = {
    "sample-y": (sample.make, sample.script, View(seed=5)),
    "sample-posterior": (sample.make, sample.script, View(seed=5, source="posterior", factor="mnist")),
    "swap": (swap.make, swap.script, View(a=4, b=9, factor="svhn")),
    "matrix": (swap.make_matrix, swap.matrix_script, View(seed=2, size=4)),
    "slide-direction": (slide.make, slide.script, View(a=4, factor="svhn", path="direction-2")),
    "slide-dimension": (slide.make, slide.script, View(a=4, factor="y", path="dimension-3")),
    "slide-pair": (slide.make, slide.script, View(a=4, b=9, path="pair")),
    "read": (read.make, read.script, View(seed=8)),
    "translate-pair": (translate.make, translate.script, View(a=7, given="svhn", seed=3)),
    "translate-drawing": (translate.make, translate.script, View(given="mnist", from_="draw", picture=DRAWN)),
}


@pytest.mark.parametrize("case", CASES)
def test_the_script_makes_the_picture_of_the_page(case: str, shown: DigitModel, tmp_path: Path) -> None:
    make, script, view = CASES[case]
    grid = make(shown, view)
    file = tmp_path / "picture.py"
    file.write_text(script(shown, view), encoding="utf-8")
    runpy.run_path(str(file))
    with np.load(tmp_path / "pictures.npz", allow_pickle=False) as made:
        for name, pictures in grid.pictures.items():
            np.testing.assert_allclose(made[name], pictures, atol=1e-4)
        np.testing.assert_allclose(made["label"], grid.label, atol=1e-4)
    assert (tmp_path / "pictures.png").stat().st_size > 1_000


@pytest.mark.parametrize("case", CASES)
def test_the_same_view_gives_the_same_picture(case: str, shown: DigitModel) -> None:
    make, _, view = CASES[case]
    first, again = make(shown, view), make(shown, view)
    for name in first.pictures:
        np.testing.assert_array_equal(first.pictures[name], again.pictures[name])


def test_another_seed_gives_another_picture(shown: DigitModel) -> None:
    one, other = (sample.make(shown, View(seed=seed)) for seed in (1, 2))
    assert np.abs(one.pictures["svhn"] - other.pictures["svhn"]).max() > 0.01


def test_a_fixed_style_leaves_the_other_modality_alone(shown: DigitModel) -> None:
    grid = sample.make(shown, View(factor="svhn"))
    np.testing.assert_allclose(grid.pictures["mnist"][0], grid.pictures["mnist"][1], atol=1e-6)
    assert np.abs(grid.pictures["svhn"][0] - grid.pictures["svhn"][1]).max() > 0.01


def test_a_fixed_digit_is_what_the_label_head_reads_along_the_row(shown: DigitModel) -> None:
    grid = sample.make(shown, View(factor="y"))
    np.testing.assert_allclose(grid.label, grid.label[:, :1].repeat(grid.shape[1], 1), atol=1e-6)


def test_a_swap_is_reconstructed_above_and_exchanged_below(shown: DigitModel) -> None:
    grid = swap.make(shown, View(a=4, b=9, factor="y"))
    np.testing.assert_allclose(grid.label[0], grid.label[1, ::-1], atol=1e-6)


def test_the_matrix_repeats_its_label_along_each_row(shown: DigitModel) -> None:
    grid = swap.make_matrix(shown, View(size=5))
    assert grid.shape == (5, 5)
    assert grid.rows == ("0", "1", "2", "3", "4")
    np.testing.assert_allclose(grid.label, grid.label[:, :1].repeat(5, 1), atol=1e-6)


@pytest.mark.parametrize("path", ["direction-1", "dimension-2", "pair"])
def test_a_slide_passes_through_the_pair_itself(path: str, shown: DigitModel) -> None:
    grid = slide.make(shown, View(a=4, b=9, path=path))
    with torch.inference_mode():
        own = shown.model.decode(shown.pair(4)).modalities["svhn"][0].numpy()
    np.testing.assert_allclose(grid.pictures["svhn"][0, slide.own(path)], own, atol=1e-5)
    assert len(grid.columns) == 61


def test_a_slide_to_another_pair_ends_with_its_z(shown: DigitModel) -> None:
    latents = slide.latents(shown, View(a=4, b=9, path="pair", factor="mnist"))
    torch.testing.assert_close(latents.a["mnist"][-1], shown.codes.latents.a["mnist"][9])
    torch.testing.assert_close(latents.y[-1], shown.codes.latents.y[4])


def test_agreement_is_counted_with_its_interval(shown: DigitModel) -> None:
    for estimate in read.agreement(shown, "prior").values():
        assert estimate.n == read.COUNTED
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


def test_nothing_is_translated_before_a_picture_is_given(shown: DigitModel) -> None:
    view = View(from_="draw")
    assert translate.start(shown, view) is None
    with pytest.raises(ValueError, match="picture to start from"):
        translate.make(shown, view)


def test_without_real_data_the_page_starts_from_a_reconstruction(
    shown: DigitModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MFM_DATA", str(tmp_path))
    start = translate.start(shown, View(a=3))
    assert start is not None
    assert start.origin == "reconstruction"


def test_the_number_of_latents_must_fill_the_grid(tiny_model: mfm.MFM, latents: mfm.Latents) -> None:
    with pytest.raises(ValueError, match="latents: expected 2 x 2 samples, got 6"):
        decode_grid(tiny_model, latents, ("a", "b"), ("c", "d"), {})


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_figure_is_a_file_of_its_kind(kind: str, shown: DigitModel) -> None:
    made = downloads.to_file(downloads.figure(swap.make(shown, View(a=1, b=2)), "Two pairs"), kind)  # type: ignore[arg-type]
    assert made.startswith(b"\x89PNG" if kind == "png" else b"<?xml")


def test_the_figure_of_a_slide_fits_a_page_and_shows_both_ends_and_the_pair_itself(shown: DigitModel) -> None:
    grid = slide.make(shown, View(factor="y", path="dimension-1"))
    drawn = downloads.figure(grid, "A slide")
    assert all(inches <= 12 for inches in drawn.get_size_inches())
    told = [label.get_text() for label in drawn.axes[0].get_xticklabels()]
    assert (told[0], told[len(told) // 2], told[-1]) == (grid.columns[0], "0", grid.columns[-1])


def test_the_numbers_are_those_of_the_grid(shown: DigitModel, tmp_path: Path) -> None:
    grid = swap.make(shown, View(a=1, b=2))
    (tmp_path / "swap.npz").write_bytes(downloads.numbers(grid))
    with np.load(tmp_path / "swap.npz", allow_pickle=False) as made:
        np.testing.assert_array_equal(made["svhn"], grid.pictures["svhn"])
        np.testing.assert_array_equal(made["judged_mnist"], grid.judged["mnist"])
    lines = downloads.table(grid).splitlines()
    assert lines[0].startswith("row,column,reader,p0")
    assert len(lines) == 1 + 2 * 2 * 3
