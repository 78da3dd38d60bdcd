from __future__ import annotations

import base64
import contextlib
import io
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from app.shared.pictures import (
    MAX_PICTURE_BYTES,
    Crop,
    UnreadablePictureError,
    cropped,
    pack,
    sprite,
    take,
    to_bytes,
    unpack,
)

SVHN, MNIST = (3, 32, 32), (1, 28, 28)


def noise(*shape: int) -> np.ndarray:
    return (np.random.default_rng(0).integers(0, 256, shape) / 255).astype(np.float32)


def png(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("shape", [SVHN, MNIST])
def test_a_packed_picture_comes_back_bit_for_bit(shape: tuple[int, int, int]) -> None:
    picture = noise(*shape)
    np.testing.assert_array_equal(unpack(pack(picture), shape), picture)


def test_a_packed_photograph_fits_a_link() -> None:
    assert len(pack(noise(*SVHN))) < 8_192


def test_a_sprite_holds_every_picture_at_its_own_place_and_size() -> None:
    pictures = noise(11, *SVHN)
    made = sprite(pictures, across=4)
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(made.source.split(",")[1]))))
    assert sheet.shape == (3 * 32, 4 * 32, 3)
    for i, picture in enumerate(to_bytes(pictures)):
        top, left = 32 * (i // 4), 32 * (i % 4)
        np.testing.assert_array_equal(sheet[top : top + 32, left : left + 32], picture)


def test_values_that_are_no_numbers_are_shown_black() -> None:
    assert to_bytes(np.full((1, 2, 2), np.nan, np.float32)).max() == 0


@given(st.text(alphabet="abcdefABCDEF0123456789-_", max_size=300))
def test_letters_that_are_no_picture_are_refused_in_one_sentence(letters: str) -> None:
    with pytest.raises(UnreadablePictureError, match=r"^The picture .*\.$"):
        unpack(letters, MNIST)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_picture_are_refused_in_one_sentence(raw: bytes) -> None:
    with pytest.raises(UnreadablePictureError, match=r"^The picture .*\.$"):
        take(raw, SVHN)


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_png_is_read_or_refused_but_never_breaks(place: int, value: int) -> None:
    raw = bytearray(png(to_bytes(noise(*SVHN))))
    raw[place % len(raw)] = value
    with contextlib.suppress(UnreadablePictureError):
        assert take(bytes(raw), SVHN).shape == SVHN


def test_the_wrong_size_in_a_link_is_refused() -> None:
    with pytest.raises(UnreadablePictureError):
        unpack(pack(noise(1, 20, 20)), MNIST)


def test_more_bytes_than_allowed_are_refused() -> None:
    with pytest.raises(UnreadablePictureError, match="4 MB"):
        take(b"\x89PNG" + b"0" * MAX_PICTURE_BYTES, SVHN)


def test_a_decompression_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(UnreadablePictureError, match="too many pixels"):
        take(png(np.zeros((4_000, 4_000), np.uint8)), MNIST)


def test_other_formats_are_refused() -> None:
    with pytest.raises(UnreadablePictureError):
        take(png(to_bytes(noise(*SVHN)), "BMP"), SVHN)


def test_a_photograph_is_cropped_to_its_middle_square() -> None:
    wide = np.zeros((64, 128, 3), np.uint8)
    wide[:, 32:96] = (200, 100, 50)
    taken = take(png(wide, "JPEG"), SVHN)
    assert taken.shape == SVHN
    np.testing.assert_allclose(taken.mean((1, 2)) * 255, (200, 100, 50), atol=4)


@pytest.mark.parametrize("paper", [0, 255])
def test_ink_is_turned_light_on_dark_and_centred(paper: int) -> None:
    page = np.full((200, 160), paper, np.uint8)
    page[20:90, 100:112] = 255 - paper
    digit = take(png(page), MNIST)
    assert digit.shape == MNIST
    assert digit[0, 0, 0] == 0
    rows, columns = np.nonzero(digit[0] > 0.5)
    assert rows.max() - rows.min() + 1 == pytest.approx(20, abs=1)
    assert rows.mean() == pytest.approx(13.5, abs=1)
    assert columns.mean() == pytest.approx(13.5, abs=1)


@pytest.mark.parametrize("page", [np.zeros((50, 50), np.uint8), np.full((50, 50), 255, np.uint8)])
def test_an_empty_page_shows_no_digit(page: np.ndarray) -> None:
    with pytest.raises(UnreadablePictureError, match="Nothing stands out"):
        take(png(page), MNIST)


def scrawl(seed: int, height: int, width: int) -> np.ndarray:
    """Ink (height, width) in [0, 1] of some thick strokes that reach all four edges."""
    rng, ink = np.random.default_rng(seed), np.zeros((height, width))
    ends = rng.integers(0, [height, width], (6, 2))
    ends[:4] = [(0, rng.integers(width)), (height - 1, rng.integers(width)), (rng.integers(height), 0),
                (rng.integers(height), width - 1)]  # fmt: skip
    for start, end in pairwise(ends):
        for t in np.linspace(0, 1, 400):
            row, column = start + t * (end - start)
            ink[max(int(row) - 6, 0) : int(row) + 7, max(int(column) - 6, 0) : int(column) + 7] = 1
    return ink


@pytest.mark.parametrize("seed", range(6))
def test_ink_is_treated_as_mnist_was_by_an_independent_computation(seed: int) -> None:
    """The oracle averages whole blocks of pixels, and asks SciPy for the centre of mass."""
    tall = seed % 2 == 0
    height, width = (200, 120) if tall else (140, 200)
    ink = scrawl(seed, height, width)
    page = np.zeros((300, 320))
    page[40 : 40 + height, 70 : 70 + width] = ink
    digit = take(png((255 * (1 - page)).round().astype(np.uint8)), MNIST)[0]
    small = ink.reshape(height // 10, 10, width // 10, 10).mean((1, 3))
    assert max(small.shape) == 20
    rows, columns = np.nonzero(digit > 0.02)
    box = digit[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert box.shape == small.shape, "20 pixels along the longer side, its proportions kept"
    assert np.abs(box - small).mean() < 0.03
    assert np.corrcoef(box.ravel(), small.ravel())[0, 1] > 0.99
    middle = ndimage.center_of_mass(digit)
    free = [edge[0] > 0 and edge[1] < 27 for edge in ((rows.min(), rows.max()), (columns.min(), columns.max()))]
    for centre, is_free in zip(middle, free, strict=True):
        assert not is_free or centre == pytest.approx(13.5, abs=0.55), middle


def test_a_square_part_of_a_picture_is_taken() -> None:
    page = np.zeros((100, 200, 3), np.uint8)
    page[50:, 150:] = (10, 200, 30)
    part = cropped(png(page), Crop(side=50, across=100, down=100))
    assert part.size == (50, 50)
    assert np.asarray(part).reshape(-1, 3).mean(0).tolist() == [10, 200, 30]
    taken = take(png(page), SVHN, Crop(side=50, across=100, down=100))
    np.testing.assert_allclose(taken.mean((1, 2)) * 255, (10, 200, 30), atol=1)
    assert cropped(png(page), Crop()).size == (100, 100)


@given(side=st.integers(1, 100), across=st.integers(0, 100), down=st.integers(0, 100))
def test_every_part_lies_in_the_picture(side: int, across: int, down: int) -> None:
    page = np.full((30, 70, 3), 255, np.uint8)
    part = np.asarray(cropped(png(page), Crop(side, across, down)))
    assert part.shape[0] == part.shape[1] >= 1
    assert part.min() == 255, "nothing from outside, which would be black"
