"""One modality given, the others generated in several styles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

import mfm_core as mfm
from app.generate import digit_model
from app.generate.figures.draws import draw
from app.generate.figures.script import DRAWS, compose
from app.generate.view import View
from app.shared.picture_grid import PictureGrid, decode_grid, stack
from app.shared.pictures import pack, unpack
from mfm_core.interpretation.typicality import either_p_value, error_p_value

STYLES = 7


@dataclass(frozen=True)
class Start:
    """The picture that a translation starts from.

    Attributes:
        picture: ``(channels, height, width)``, in [0, 1].
        origin: Whose it is: ``"original"``, ``"reconstruction"``, or ``"visitor"``.
    """

    picture: NDArray[np.float32]
    origin: str


def start(shown: digit_model.DigitModel, view: View) -> Start | None:
    """The given picture; None while the visitor has not yet drawn or uploaded one.

    Raises:
        UnreadablePictureError: If the picture of the link is none.
    """
    if view.from_ != "pair":
        shape = shown.model.config.images[view.given].shape
        return Start(unpack(view.picture, shape), "visitor") if view.picture else None
    found = digit_model.original(shown.name, view.given, view.a)
    if found is not None:
        return Start(found.numpy(), "original")
    with torch.inference_mode():
        rebuilt = shown.model.decode(shown.pair(view.a)).modalities[view.given][0]
    return Start(_to_bytes_and_back(rebuilt.numpy()), "reconstruction")


def infer(shown: digit_model.DigitModel, given: str, start: Start) -> mfm.Latents:
    """All of Z as the model infers it from a picture of one modality alone."""
    with torch.inference_mode():
        return shown.model.encode({given: torch.from_numpy(start.picture)[None]})


def typical(shown: digit_model.DigitModel, given: str, start: Start) -> float | None:
    """Share of the stored real pairs that are at least as unusual as a picture; None of too few pairs.

    A picture is unusual by its code, or by how badly the model paints it again; the latter only where errors of real
    pictures are stored.
    """
    typicality = digit_model.typicality(shown.name, given)
    if typicality is None:
        return None
    inferred = infer(shown, given, start)
    found = [float(typicality.p_value(inferred))]
    if (errors := shown.codes.errors.get(given)) is not None:
        with torch.inference_mode():
            painted = shown.model.decode(inferred).modalities[given][0].numpy()
        found.append(error_p_value(float(np.square(painted - start.picture).mean()), errors))
    return either_p_value(*found)


def make(shown: digit_model.DigitModel, view: View) -> PictureGrid:
    """First the style that the model infers, then styles drawn for the absent modalities.

    Raises:
        ValueError: If there is no picture to start from.
    """
    given = start(shown, view)
    if given is None:
        raise ValueError("view: expected a picture to start from, got none")
    inferred = infer(shown, view.given, given)
    many = stack([inferred] * STYLES)
    absent = tuple(name for name in shown.model.modalities if name != view.given)
    restyled = mfm.swap(many, with_=draw(shown, view.source, view.seed, STYLES), factor=absent)
    columns = ("inferred", *(f"drawn {i + 1}" for i in range(STYLES)))
    return decode_grid(shown.model, stack([inferred, restyled]), ("translated",), columns, shown.judges)


def script(shown: digit_model.DigitModel, view: View) -> str:
    """Python that makes the same pictures; it carries the given picture as letters."""
    given = start(shown, view)
    letters = pack(given.picture) if given else ""
    absent = tuple(name for name in shown.model.modalities if name != view.given)
    return compose(
        f"From {view.given} alone: first the inferred style, then {STYLES} drawn ones (seed {view.seed}).",
        shown.name,
        f"""
        import base64, io
        from PIL import Image

        png = base64.urlsafe_b64decode({letters + "=" * (-len(letters) % 4)!r})
        pixels = torch.from_numpy(np.array(Image.open(io.BytesIO(png)), np.float32) / 255)
        x = pixels.permute(2, 0, 1) if pixels.ndim == 3 else pixels[None]
        inferred = model.encode({{{view.given!r}: x[None]}})
        generator = torch.Generator().manual_seed({view.seed})
        {DRAWS[view.source]}
        drawn = source.sample({STYLES}, generator=generator)
        many = inferred.map(lambda block: block.repeat({STYLES}, 1))
        restyled = mfm.swap(many, with_=drawn, factor={absent!r})
        both = {{name: torch.cat([z, restyled.blocks()[name]]) for name, z in inferred.blocks().items()}}
        rows = [mfm.Latents(both.pop("y"), both)]
        """,
    )


def _to_bytes_and_back(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round a picture as a PNG does: what is shown and shared is then exactly what the model is given."""
    shown: NDArray[np.float32] = unpack(pack(picture), (picture.shape[0], picture.shape[1], picture.shape[2]))
    return shown
