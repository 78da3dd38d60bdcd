"""A clip that the visitor brings, in the same lanes. It stays with the session, and is in no link."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app.elements.own_tab import own_tab
from app.flow import clips
from app.flow.clip_source import ClipSource
from app.flow.clips import Clip
from app.flow.sections import own_recording
from app.flow.view import FlowView
from app.shared import names, prose, state, stored_figures
from app.shared.stored_models import stored_as
from mfm_core.data.importing.upload import ClipShape, clip_table, read_clip
from mfm_core.data.notes import Notes
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
inputs = {{name: x for name, x in data.modalities.items() if bool(data.present[name])}}
mask, words = data.mask, data.steps.words[0]
latents = model.encode(inputs, mask)
"""


@dataclass(frozen=True)
class UploadedClip:
    """A visitor's file.

    Attributes:
        name: Of the file.
        content: What is in it.
        id: Of the upload; another upload of the same file has another.
        sound: A WAV file to play, of a recording.
        notes: What is to be said of it, sentences.
    """

    name: str
    content: bytes
    id: str = ""
    sound: bytes = b""
    notes: tuple[str, ...] = ()


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
        own_tab.offer("clip")
        file = st.file_uploader(
            "Your clip", type=["npz", "csv"], key="own_clip", max_upload_size=MOST_MEGABYTES, on_change=_changed
        )
        file_name = f"{shown.name}_sample.csv"
        st.download_button("A sample clip (.csv)", lambda: sample(shown), file_name, "text/csv", on_click="ignore")
        measured = own_recording.offer(shown)
    if measured is not None:
        name, held = f"{measured.name}.npz", file.file_id if file is not None else ""
        st.session_state["brought"] = UploadedClip(name, measured.content, held, measured.sound, measured.notes)
        state.change(from_="upload", step=0)
        st.rerun()
    brought: UploadedClip | None = st.session_state.get("brought")
    if file is not None and (brought is None or brought.id != file.file_id):
        _keep(file)  # a browser that was connected before the server restarted tells of no change
        st.rerun()


def _changed() -> None:
    file = st.session_state["own_clip"]
    if file is None:  # taken away; on another page there is no such control, and nothing changes
        st.session_state.pop("brought", None)  # of a recording as well: who takes a file away wants none shown
    else:
        _keep(file)


def _keep(file: UploadedFile) -> None:
    st.session_state["brought"] = UploadedClip(file.name[:80], file.getvalue(), file.file_id)
    state.change(from_="upload", step=0)


def sample(shown: ClipSource) -> bytes:
    """A table to begin with: a clip of the model's own, or six steps of made-up numbers where none may be passed on."""
    config = shown.model.config
    scaling = load_scaling(stored_as(shown.name))
    if shown.what_if is not None:
        clip = shown.clip(0)
        steps, words, times = clip.features, clip.words, np.array(clip.spans, np.float32)
    else:
        generator = torch.Generator().manual_seed(0)
        steps = {name: torch.randn(1, 6, m.d_x, generator=generator) for name, m in config.sequences.items()}
        words, times = tuple(f"word{t + 1}" for t in range(6)), np.array([[0.5 * t, 0.5 * t + 0.5] for t in range(6)])
    mask = torch.ones(1, len(words), dtype=torch.bool)
    raw = {name: scaling[name].restore(x, mask)[0].numpy() for name, x in steps.items()}
    return clip_table(raw, words, times.astype(np.float32)).encode()


def taken(shown: ClipSource) -> Clip | None:
    """The clip that was brought, as this model is given it; None, with a sentence, where there is none to show."""
    brought: UploadedClip | None = st.session_state.get("brought")
    if brought is None:
        st.info("Choose a file below, and its lanes appear here.")
        return None
    if len(brought.content) > MOST_MEGABYTES * 1_000_000:
        st.warning(f"The file is too large: at most {MOST_MEGABYTES} MB can be taken.")
        return None
    notes = Notes()
    try:
        clip = of_file(brought, shown, notes)
        for line in (*brought.notes, *notes.lines()):
            st.info(prose.harmless(line))
        if told := inferred(clip, shown):
            prose.caption(told)
        return clip
    except ValueError as error:
        st.warning(f"The clip could not be taken: {prose.harmless(str(error))}")
        return None


def inferred(clip: Clip, shown: ClipSource) -> str:
    """How well the model infers what a clip lacks, as measured on held-out clips, a sentence; empty if not known."""
    given = [name for name in shown.model.modalities if name in clip.features]
    parts = [
        f"{names.title(figure.inferred).lower()} from {' and '.join(given)}: {figure.value:.2f}"
        for figure in stored_figures.of_model(shown.name).figures
        if figure.key == "inferred_r2" and list(figure.modalities) == given
    ]
    if not parts:
        return ""
    return (
        f"Share of the variance of what is inferred that is explained on held-out clips (R2): {'; '.join(parts)}. At 0 "
        "it tells no more than the mean of the stream does; see the model's card for why."
    )


def of_file(brought: UploadedClip, shown: ClipSource, notes: Notes | None = None) -> Clip:
    """A visitor's file as a model is given it.

    Args:
        brought: The file.
        shown: The model.
        notes: Counts what is masked or left out.

    Raises:
        ValueError: If it does not fit the model, in one sentence.
    """
    config = shown.model.config
    sizes = {name: modality.d_x for name, modality in config.sequences.items()}
    try:
        scaling = load_scaling(stored_as(shown.name))
    except FileNotFoundError:
        raise ValueError("it is not known how the features of this model are scaled") from None
    data = read_clip(brought.content, brought.name, ClipShape(sizes, config.label.size, scaling, shown.unit), notes)
    kind = brought.name.rpartition(".")[2].lower()
    parts = (
        brought.name.encode(),
        brought.content,
        brought.sound,
    )  # all that is shown of it, for lanes are shared by key
    digest = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:16]
    absent = [names.title(name).lower() for name in sizes if data.present and not bool(data.present[name])]
    title = f"your clip {brought.name}" + (f", {' and '.join(absent)} inferred" if absent else "")
    python = PYTHON.format(unit=shown.unit, file=f"clip.{kind}")
    sound = {"sound": brought.sound} if brought.sound else {}
    return clips.renamed(clips.of_dataset(data, 0), key=f"own {digest}", title=title, python=python, **sound)
