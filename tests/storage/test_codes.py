"""Codes of real pairs, and the fingerprints by which their originals are found."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mfm_core import MFM, Codes, Latents, find_originals, fingerprint
from mfm_core.storage.models import load_codes, save_codes, save_model
from tests.conftest import make_codes


@pytest.fixture
def images(generator: torch.Generator) -> torch.Tensor:
    return torch.randint(256, (20, 3, 4, 4), generator=generator) / 255


def test_a_fingerprint_is_the_start_of_the_hash_of_the_8_bit_pixels(images: torch.Tensor) -> None:
    pixels = (images[7] * 255).round().to(torch.uint8)
    digest = hashlib.sha256(bytes(pixels.flatten().tolist())).digest()
    assert int(fingerprint(images)[7]) == int.from_bytes(digest[:8], "little", signed=True)


def test_all_8_bit_values_survive_the_way_through_floating_point() -> None:
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    digest = hashlib.sha256(bytes(range(256))).digest()
    assert int(fingerprint(levels.float() / 255)) == int.from_bytes(digest[:8], "little", signed=True)


def test_originals_are_found_in_another_order_and_missing_ones_are_told(images: torch.Tensor) -> None:
    wanted = fingerprint(images[[3, 5, 0]])
    shuffled = images.flip(0)[:-1]  # without the first picture
    assert find_originals(wanted, shuffled) == [16, 14, None]


def test_layout_in_memory_does_not_matter(images: torch.Tensor) -> None:
    channels_last = images.contiguous(memory_format=torch.channels_last)
    assert torch.equal(fingerprint(images), fingerprint(channels_last))


def test_indexing_takes_samples_of_every_column(tiny_model: MFM, generator: torch.Generator) -> None:
    codes = make_codes(tiny_model, generator)
    taken = codes[[4, 1]]
    assert taken.labels.tolist() == [4, 1]
    assert torch.equal(taken.latents.y, codes.latents.y[[4, 1]])
    assert torch.equal(taken.fingerprints["mnist"], codes.fingerprints["mnist"][[4, 1]])


NUMBERS = torch.zeros(2, dtype=torch.int64)
LATENTS = Latents(torch.zeros(2, 3), {"svhn": torch.zeros(2, 1)})
MASKED = Latents(torch.zeros(2, 3), {"svhn": torch.zeros(2, 1)}, mask=torch.ones(2, 4, dtype=torch.bool))


@pytest.mark.parametrize(
    ("latents", "labels", "fingerprints", "message"),
    [
        (
            LATENTS,
            torch.zeros(3, dtype=torch.int64),
            {"svhn": NUMBERS},
            "labels: expected shape (2,) of torch.int64 or (2, size) of torch.float32, got (3,) of torch.int64",
        ),
        (
            LATENTS,
            torch.zeros(2),
            {"svhn": NUMBERS},
            "labels: expected shape (2,) of torch.int64 or (2, size) of torch.float32, got (2,) of torch.float32",
        ),
        (LATENTS, NUMBERS, {}, "fingerprints: expected one for each of svhn, got none"),
        (LATENTS, NUMBERS, {"mnist": NUMBERS}, "fingerprints: expected one for each of svhn, got mnist"),
        (
            LATENTS,
            NUMBERS,
            {"svhn": NUMBERS.int()},
            "svhn: expected shape (2,) of torch.int64, got (2,) of torch.int32",
        ),
        (
            LATENTS,
            torch.zeros(3, 4),
            {"svhn": NUMBERS},
            "labels: expected shape (2,) of torch.int64 or (2, size) of torch.float32, got (3, 4) of torch.float32",
        ),
        (MASKED, NUMBERS, {"svhn": NUMBERS}, "fingerprints: expected none of sequences, got svhn"),
        (MASKED.map(lambda block: block.float()), NUMBERS, {}, "mask: expected torch.bool, got torch.float32"),
    ],
)
def test_columns_that_do_not_fit_are_refused_in_one_sentence(
    latents: Latents, labels: torch.Tensor, fingerprints: dict[str, torch.Tensor], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Codes(latents, labels, fingerprints)


def test_errors_of_pictures_are_stored_and_taken_with_their_samples(
    tiny_model: MFM, generator: torch.Generator, tmp_path: Path
) -> None:
    made = make_codes(tiny_model, generator)
    codes = replace(made, errors={"mnist": torch.rand(len(made), generator=generator)})
    save_model(tiny_model, tmp_path, run={}, card="")
    save_codes(codes, tmp_path)
    assert torch.equal(load_codes(tmp_path).errors["mnist"], codes.errors["mnist"])
    assert torch.equal(codes[[4, 1]].errors["mnist"], codes.errors["mnist"][[4, 1]])
    save_codes(made, tmp_path)
    assert load_codes(tmp_path).errors == {}


@pytest.mark.parametrize(
    ("errors", "got"),
    [({"svhn": torch.zeros(3)}, "(3,) of torch.float32"), ({"svhn": NUMBERS}, "(2,) of torch.int64")],
)
def test_errors_that_do_not_fit_are_refused_in_one_sentence(errors: dict[str, torch.Tensor], got: str) -> None:
    message = f"errors.svhn: expected shape (2,) of torch.float32 for one of svhn, got {got}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Codes(LATENTS, NUMBERS, {"svhn": NUMBERS}, errors)


def test_sequences_have_scores_or_classes_and_no_fingerprints() -> None:
    scores = torch.tensor([[0.5, 1.0], [2.0, -1.0]])
    codes = Codes(MASKED, scores)
    assert torch.equal(codes[[1]].labels, scores[[1]])
    assert codes[[1]].latents.mask is not None
    assert Codes(MASKED, NUMBERS)[[0]].labels.tolist() == [0]


def test_samples_know_their_videos() -> None:
    scores = torch.zeros(len(MASKED), 1)
    units = torch.arange(len(MASKED)) // 2
    codes = Codes(MASKED, scores, units=units)
    assert codes[[0]].units.tolist() == [0]
    with pytest.raises(
        ValueError, match=r"^units: expected shape \(\d+,\) of torch.int64, got \(\d+,\) of torch.float32$"
    ):
        Codes(MASKED, scores, units=units.float())


def test_pictures_of_whole_numbers_are_refused() -> None:
    message = "images: expected floating-point values in [0, 1], got torch.uint8"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fingerprint(torch.zeros(1, 1, 2, 2, dtype=torch.uint8))
