"""Pictures on their way in and out: arrays to sprites, and strangers' pictures to what a modality takes."""

from __future__ import annotations

import base64
import binascii
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

Array = NDArray[np.float32]

MOST_PIXELS = 4_000_000
MAX_PICTURE_BYTES = 4_000_000
ACROSS = 8
"""Frames in a row of a sprite."""

FORMATS = ("PNG", "JPEG")


class UnreadablePictureError(ValueError):
    """The bytes are not a picture that can be taken; the message is a sentence for the visitor."""


@dataclass(frozen=True)
class Sprite:
    """Many pictures of one size in one, ``across`` in a row.

    Attributes:
        source: It as a data URL, a lossless WebP: half the processor time of a PNG, and fewer bytes.
        width: Of one picture.
        height: Of one picture.
        across: Pictures in a row.
    """

    source: str
    width: int
    height: int
    across: int = ACROSS

    def as_data(self) -> dict[str, str | int]:
        """For a component."""
        return {"source": self.source, "width": self.width, "height": self.height, "across": self.across}


def to_bytes(pictures: Array) -> NDArray[np.uint8]:
    """Pictures ``(..., channels, height, width)`` in [0, 1] as ``(..., height, width, 3)`` bytes."""
    last = np.moveaxis(pictures, -3, -1)
    if last.shape[-1] == 1:
        last = np.repeat(last, 3, axis=-1)
    rounded: NDArray[np.uint8] = np.rint(np.clip(np.nan_to_num(last), 0.0, 1.0) * 255.0).astype(np.uint8)
    return rounded


def sprite(pictures: Array, across: int = ACROSS) -> Sprite:
    """All pictures ``(N, channels, height, width)`` in one, at their own resolution."""
    frames = to_bytes(pictures)
    n, height, width, _ = frames.shape
    sheet = np.zeros((-(-n // across), across, height, width, 3), np.uint8)
    sheet.reshape(-1, height, width, 3)[:n] = frames
    whole = sheet.transpose(0, 2, 1, 3, 4).reshape(-1, across * width, 3)
    buffer = io.BytesIO()
    Image.fromarray(whole).save(buffer, "WEBP", lossless=True, quality=0, method=0)  # the quality is the effort
    return Sprite(f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}", width, height, across)


def pack(picture: Array) -> str:
    """One picture ``(channels, height, width)`` as letters that a link can carry (a PNG in base64url)."""
    pixels = to_bytes(picture)
    png = _png(pixels if picture.shape[0] == 3 else pixels[:, :, 0])
    return base64.urlsafe_b64encode(png).decode().rstrip("=")


def unpack(text: str, shape: tuple[int, int, int]) -> Array:
    """The picture that ``pack`` made letters of.

    Raises:
        UnreadablePictureError: If the letters are no PNG of exactly this shape.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise UnreadablePictureError("The picture in the link could not be read.") from None
    channels, height, width = shape
    picture = _open(raw, ("PNG",), most_pixels=height * width)
    if picture.size != (width, height):
        raise UnreadablePictureError("The picture in the link has the wrong size.")
    return _array(picture, channels)


@dataclass(frozen=True)
class Crop:
    """Square part of a picture.

    Attributes:
        side: Its side, in percent of the picture's shorter one.
        across: Where it lies, in percent of the way from the left edge to the right one.
        down: The same from the top to the bottom.
    """

    side: int = 100
    across: int = 50
    down: int = 50

    def of(self, picture: Image.Image) -> Image.Image:
        """The part of a picture."""
        side = max(round(min(picture.size) * self.side / 100), 1)
        left = round((picture.width - side) * self.across / 100)
        top = round((picture.height - side) * self.down / 100)
        return picture.crop((left, top, left + side, top + side))


def cropped(raw: bytes, crop: Crop) -> Image.Image:
    """A square part of a visitor's picture, to be looked at.

    Raises:
        UnreadablePictureError: If it is not a PNG or JPEG, or is too large.
    """
    return crop.of(_open(raw, FORMATS, most_pixels=MOST_PIXELS))


def take(raw: bytes, shape: tuple[int, int, int], crop: Crop | None = None) -> Array:
    """Convert a visitor's picture, or a square part of it, to the shape of a modality.

    A digit in ink (one channel) is treated as MNIST's were (LeCun et al., 1998): turned light on dark, cropped to its
    ink, scaled with antialiasing into a box of 20 x 20 of 28 x 28 pixels, its proportions kept, and moved by whole
    pixels so that its centre of mass is the middle. A photograph (three channels) is cropped to its middle square and
    scaled.

    Raises:
        UnreadablePictureError: If it is not a PNG or JPEG, is too large, or shows nothing.
    """
    picture = _open(raw, FORMATS, most_pixels=MOST_PIXELS)
    picture = picture if crop is None else crop.of(picture)
    channels, height, width = shape
    if channels == 1:
        return _centre_ink(np.asarray(picture.convert("L"), np.float32) / 255.0, height, width)
    return _array(ImageOps.fit(picture.convert("RGB"), (width, height), Image.Resampling.LANCZOS), channels)


def _open(raw: bytes, formats: tuple[str, ...], most_pixels: int) -> Image.Image:
    if len(raw) > MAX_PICTURE_BYTES:
        raise UnreadablePictureError("The picture is too large: at most 4 MB can be taken.")
    try:
        with Image.open(io.BytesIO(raw), formats=formats) as header:
            if header.width * header.height > most_pixels:
                raise UnreadablePictureError("The picture has too many pixels: at most 2000 x 2000 can be taken.")
            header.verify()
        with Image.open(io.BytesIO(raw), formats=formats) as picture:
            return _on_white(ImageOps.exif_transpose(picture))
    except UnreadablePictureError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError, TypeError):
        raise UnreadablePictureError("The picture could not be read: it is no whole PNG or JPEG.") from None


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode not in ("RGBA", "LA", "PA") and "transparency" not in picture.info:
        return picture.convert("RGB")
    whole = picture.convert("RGBA")
    page = Image.new("RGBA", whole.size, "white")
    page.alpha_composite(whole)
    return page.convert("RGB")


def _array(picture: Image.Image, channels: int) -> Array:
    pixels = np.asarray(picture.convert("L" if channels == 1 else "RGB"), np.float32) / 255.0
    return np.ascontiguousarray(pixels[None] if channels == 1 else pixels.transpose(2, 0, 1))


def _centre_ink(ink: Array, height: int, width: int) -> Array:
    border = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
    if np.median(border) > 0.5:
        ink = 1.0 - ink
    ink = np.clip((ink - np.median(ink)) / max(float(ink.max() - np.median(ink)), 1e-6), 0.0, 1.0)
    drawn = ink > 0.25
    if drawn.sum() < 4 or drawn.mean() > 0.6:
        raise UnreadablePictureError(
            "Nothing stands out in the picture, which is empty or filled all over: it should show one thing, large."
        )
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    box = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = min(height * 20 / 28 / box.shape[0], width * 20 / 28 / box.shape[1])
    size = (max(round(box.shape[1] * scale), 1), max(round(box.shape[0] * scale), 1))
    small = Image.fromarray(np.rint(box * 255).astype(np.uint8)).resize(size, Image.Resampling.LANCZOS)
    digit = np.asarray(small, np.float32) / 255.0
    mass = max(float(digit.sum()), 1e-6)
    top = round(height / 2 - 0.5 - float((digit.sum(1) * np.arange(size[1])).sum()) / mass)
    left = round(width / 2 - 0.5 - float((digit.sum(0) * np.arange(size[0])).sum()) / mass)
    top, left = min(max(top, 0), height - size[1]), min(max(left, 0), width - size[0])
    centred = np.zeros((1, height, width), np.float32)
    centred[0, top : top + size[1], left : left + size[0]] = digit
    rounded: Array = np.rint(centred * 255.0) / np.float32(255.0)
    return rounded


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """As few bytes as can be, for a link."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
