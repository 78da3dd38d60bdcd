from __future__ import annotations

import base64
import contextlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.shared.pictures import MOST_BYTES, UnreadablePictureError, pack, sprite, take, to_bytes, unpack

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
        take(b"\x89PNG" + b"0" * MOST_BYTES, SVHN)


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
    with pytest.raises(UnreadablePictureError, match="no digit"):
        take(png(page), MNIST)
