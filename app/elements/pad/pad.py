"""A pad to draw on, and a picture to upload."""

from __future__ import annotations

import base64

import streamlit as st

from app.elements.element import define, on_trigger
from app.elements.own_tab import own_tab
from app.shared import names, state
from app.shared.pictures import MAX_PICTURE_BYTES, Crop, UnreadablePictureError, cropped, pack, take

mount = define("pad")
Shape = tuple[int, int, int]


def draw(shape: Shape, shows: str) -> None:
    """Offer the pad; what is drawn becomes the picture of the view.

    Args:
        shape: Of the picture that the model takes.
        shows: What a picture shows, a noun; see :func:`app.shared.names.shown_in`.
    """
    data = {
        "label": f"Draw one {shows}. By keyboard: arrows move the pen, space lowers and lifts it, Enter hands it over.",
        "hint": f"One large {shows}",
    }
    mount(data=data, key="pad", on_drawing_change=on_trigger("pad", "drawing", lambda value: _take(value, shape)))


def upload(modality: str, shape: Shape, shows: str) -> None:
    """Offer an upload, see :func:`draw`; what is uploaded, or a part of it, becomes the picture of the view."""
    own_tab.offer("upload")
    st.file_uploader(
        f"A PNG or JPEG of one {names.title(modality)} {shows}",
        type=["png", "jpg", "jpeg"],
        key="upload",
        max_upload_size=MAX_PICTURE_BYTES // 1_000_000,
        on_change=_given,
        args=("upload", shape),
    )
    _crop("upload", shape)


def camera(modality: str, shape: Shape, shows: str) -> None:
    """Offer the camera, see :func:`draw`; the photograph, or a part of it, becomes the picture of the view."""
    own_tab.offer("camera")
    st.camera_input(
        f"A photograph of one {names.title(modality)} {shows}, large and on plain paper",
        key="camera",
        resolution="480p",
        on_change=_given,
        args=("camera", shape),
        width=480,
    )
    _crop("camera", shape)


def _crop(source: str, shape: Shape) -> None:
    """Sliders that choose a square part of the picture, and that part; nothing where no picture was read."""
    file = st.session_state.get(source)
    if file is None:
        return
    try:
        part = cropped(file.getvalue(), _chosen(source))
    except UnreadablePictureError:
        return  # said when it was given
    left, right = st.columns([3, 1], vertical_alignment="center")
    with left:
        for key, label, lowest in (
            ("side", "Size of the part", 10),
            ("across", "Left to right", 0),
            ("down", "Down", 0),
        ):
            place = f"crop_{key}_{source}"
            begin = 100 if key == "side" else 50
            st.slider(label, lowest, 100, begin, key=place, on_change=_given, args=(source, shape), format="%d %%")
    with right:
        st.image(part, caption="the part that is taken", width=140)


def _chosen(source: str) -> Crop:
    chosen = {key: st.session_state.get(f"crop_{key}_{source}") for key in ("side", "across", "down")}
    return Crop(**{key: int(value) for key, value in chosen.items() if value is not None})


def _given(source: str, shape: Shape) -> None:
    file = st.session_state[source]
    if file is not None:
        _keep(file.getvalue(), shape, _chosen(source))


def _take(value: object, shape: Shape) -> None:
    try:
        raw = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except ValueError:  # letters that are no base64, or no letters of it at all
        raw = b""
    _keep(raw, shape)


def _keep(raw: bytes, shape: Shape, crop: Crop | None = None) -> None:
    try:
        state.change(picture=pack(take(raw, shape, crop)))
    except UnreadablePictureError as error:
        state.change(picture="")  # what was made of the one before is not of this one
        state.notices().append(str(error))
