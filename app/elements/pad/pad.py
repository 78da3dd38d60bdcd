"""A pad to draw a digit on, and a picture to upload."""

from __future__ import annotations

import base64
import binascii

import streamlit as st

from app.elements.element import define, on_trigger
from app.shared import names, state
from app.shared.pictures import MOST_BYTES, UnreadablePictureError, pack, take

mount = define("pad")
Shape = tuple[int, int, int]


def draw(shape: Shape) -> None:
    """Offer the pad; what is drawn becomes the picture of the view."""
    data = {
        "label": "Draw a digit. By keyboard: arrows move the pen, space lowers and lifts it, Enter hands it over.",
        "hint": "One large digit",
    }
    mount(data=data, key="pad", on_drawing_change=on_trigger("pad", "drawing", lambda value: _take(value, shape)))


def upload(modality: str, shape: Shape) -> None:
    """Offer an upload; what is uploaded becomes the picture of the view."""
    st.file_uploader(
        f"A PNG or JPEG of one {names.title(modality)} digit",
        type=["png", "jpg", "jpeg"],
        key="upload",
        max_upload_size=MOST_BYTES // 1_000_000,
        on_change=_uploaded,
        args=(shape,),
    )


def _uploaded(shape: Shape) -> None:
    file = st.session_state["upload"]
    if file is not None:
        _keep(file.getvalue(), shape)


def _take(value: object, shape: Shape) -> None:
    try:
        raw = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except binascii.Error:
        raw = b""
    _keep(raw, shape)


def _keep(raw: bytes, shape: Shape) -> None:
    try:
        state.change(picture=pack(take(raw, shape)))
    except UnreadablePictureError as error:
        state.notices().append(str(error))
