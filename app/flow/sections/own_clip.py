"""A clip that the visitor brings, in the same lanes. It stays with the session, and is in no link."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import streamlit as st

from app.flow import clips
from app.flow.clip_source import ClipSource
from app.flow.clips import Clip
from app.flow.view import FlowView
from app.shared import names, prose, state
from app.shared.stored_models import stored_as
from mfm_core.data.importing.upload import ClipShape, read_clip
from mfm_core.storage.scaling import load_scaling

SOURCES = {"stored": "a held-out clip", "upload": "your own"}
MOST_MEGABYTES = 4
PYTHON = """
from mfm_core.data.importing.upload import ClipShape, read_clip
from mfm_core.storage.scaling import load_scaling

model = mfm.load_pretrained(MODEL)
sizes = {{name: modality.d_x for name, modality in model.config.sequences.items()}}
shape = ClipShape(sizes, model.config.label.size, load_scaling(MODEL), {unit!r})
data = read_clip((here / {file!r}).read_bytes(), {file!r}, shape)
given = {{name: x for name, x in data.modalities.items() if bool(data.present[name])}}
latents, words = model.encode(given, data.mask), data.steps.words[0]
"""


@dataclass(frozen=True)
class UploadedClip:
    """A visitor's file.

    Attributes:
        name: Of the file.
        content: What is in it.
    """

    name: str
    content: bytes


def offer(shown: ClipSource) -> None:
    """The choice between a held-out clip and one's own."""
    view = state.seen(FlowView)
    with st.expander("Bring a clip of your own", expanded=view.from_ == "upload"):
        state.choose("Show", "from_", SOURCES, hidden=True)
        sizes = {name: modality.d_x for name, modality in shown.model.config.sequences.items()}
        arrays = ", ".join(f"`{name}` (T, {d})" for name, d in sizes.items())
        columns = ", ".join(f"`{name}_0` to `{name}_{d - 1}`" for name, d in sizes.items())
        st.markdown(
            f"An **.npz** with raw features {arrays}, at least one of them, and if known `words` (T,) and `times` "
            f"(T, 2) in seconds; or a **.csv** with a line a {shown.unit} and the columns `word`, `start`, `end`, "
            f"{columns}. At most {MOST_MEGABYTES} MB and 200 steps. What is missing, the model infers. The file is "
            "read, shown to you and forgotten with your session; no link carries it."
        )
        st.file_uploader(
            "Your clip", type=["npz", "csv"], key="own_clip", max_upload_size=MOST_MEGABYTES, on_change=_keep
        )


def _keep() -> None:
    file = st.session_state["own_clip"]
    if file is not None:
        st.session_state["brought"] = UploadedClip(file.name[:80], file.getvalue())
        state.change(from_="upload", step=0)


def taken(shown: ClipSource) -> Clip | None:
    """The clip that was brought, as this model is given it; None, with a sentence, where there is none to show."""
    brought: UploadedClip | None = st.session_state.get("brought")
    if brought is None:
        st.info("Choose a file above, and its flow appears here.")
        return None
    if len(brought.content) > MOST_MEGABYTES * 1_000_000:
        st.warning(f"The file is too large: at most {MOST_MEGABYTES} MB can be taken.")
        return None
    try:
        return of_file(brought, shown)
    except ValueError as error:
        st.warning(f"The clip could not be taken: {prose.harmless(str(error))}")
        return None


def of_file(brought: UploadedClip, shown: ClipSource) -> Clip:
    """A visitor's file as a model is given it.

    Raises:
        ValueError: If it does not fit the model, in one sentence.
    """
    config = shown.model.config
    sizes = {name: modality.d_x for name, modality in config.sequences.items()}
    try:
        scaling = load_scaling(stored_as(shown.name))
    except FileNotFoundError:
        raise ValueError("it is not known how the features of this model are scaled") from None
    data = read_clip(brought.content, brought.name, ClipShape(sizes, config.label.size, scaling, shown.unit))
    kind = brought.name.rpartition(".")[2].lower()
    digest = hashlib.sha256(kind.encode() + brought.content).hexdigest()[:16]
    absent = [names.title(name).lower() for name in sizes if data.present and not bool(data.present[name])]
    title = f"your clip {brought.name}" + (f", {' and '.join(absent)} inferred" if absent else "")
    python = PYTHON.format(unit=shown.unit, file=f"clip.{kind}")
    return clips.renamed(clips.of_dataset(data, 0), key=f"own {digest}", title=title, python=python)
