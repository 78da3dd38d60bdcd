"""A recording that the visitor brings: sound and words with times, measured here as the studio clips are."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import streamlit as st

from app.flow.clip_source import ClipSource
from app.flow.clips import Array
from app.shared import prose, stored_models
from app.shared.stored_models import stored_as
from mfm_core.data.registry import data_folder
from mfm_core.studio import recording, recording_process, word_times
from mfm_core.studio.clips import Clips
from mfm_core.studio.making.make import read_vectors
from mfm_core.studio.making.say import wav
from mfm_core.studio.making.voice import SAMPLE_RATE

MEGABYTES = recording.MAX_BYTES // 1_000_000
CANNOT = (
    "**A recording of your own** cannot be taken here, for this server has nothing that reads sound. A copy of the "
    "explorer with the packages of `requirements-data.txt` takes a sound and its words with times, and measures them."
)
MOST_NAMED = 12
"""Unknown words that are named."""


@dataclass(frozen=True)
class Measured:
    """A measured recording.

    Attributes:
        name: Of the sound's file.
        content: Raw features, words and times, as the NPZ that ``read_clip`` reads.
        sound: A WAV file to play.
        notes: What is to be said of it, sentences.
    """

    name: str
    content: bytes
    sound: bytes
    notes: tuple[str, ...]


def offer(shown: ClipSource) -> Measured | None:
    """The two files and the button; what was measured when it is pressed, None before."""
    if shown.what_if is None:
        return None
    if not recording.can_read_sound():
        prose.write(CANNOT)
        return None
    st.markdown(
        f"Or **a recording of your own**: its sound as WAV or MP3 (at most {recording.MAX_SECONDS / 60:.0f} minutes "
        f"and {MEGABYTES} MB), and its English words with their times as CSV (`word`, `start`, `end`), SRT, WebVTT or "
        f"TextGrid (at most {word_times.MAX_WORDS // 2} words). The words' GloVe vectors and the acoustic features are "
        "measured here by the code that measured the studio clips; the face is left out, and the model infers it. "
        f"{_known_words()}Nothing is kept after your session."
    )
    left, right = st.columns(2)
    sound = left.file_uploader("The sound", type=["wav", "mp3"], key="own_sound", max_upload_size=MEGABYTES)
    words = right.file_uploader(
        "Words with times",
        type=["csv", "srt", "vtt", "TextGrid"],
        key="own_words",
        max_upload_size=word_times.MAX_BYTES // 1_000_000,
    )
    if not st.button("Measure it", key="measure_own", disabled=sound is None or words is None):
        return None
    if sound is None or words is None:
        return None
    refused, what = "", "taken"
    with st.status("Measuring …", expanded=True) as status:
        try:
            measured = measure(
                sound.getvalue(), sound.name, words.getvalue(), words.name, shown.what_if.clips, st.write
            )
        except (ValueError, OSError) as error:
            refused = prose.harmless(str(error))
            what = "measured" if isinstance(error, ChildProcessError) else "taken"
            status.update(label="Not measured.", state="error", expanded=False)
        else:
            status.update(label="Measured.", state="complete", expanded=False)
    if refused:  # beside what was done, which is folded
        st.warning(f"The recording could not be {what}: {refused.rstrip('.')}.")
        return None
    return measured


def measure(
    sound: bytes,
    sound_name: str,
    words: bytes,
    words_name: str,
    clips: Clips,
    on_progress: Callable[[str], object] = str,
) -> Measured:
    """Measure a recording, in a process of its own.

    Args:
        sound: Content of its file.
        sound_name: Name of that file.
        words: Content of the file of words.
        words_name: Name of that file.
        clips: Studio clips, whose mean stands for an unknown word.
        on_progress: Called with the name of each stage.

    Raises:
        ValueError: If a file cannot be taken, in one sentence.
        ChildProcessError: If the process dies.
        OSError: If a library that reads it is not installed.
    """
    on_progress("words and times")
    timed = word_times.read_word_times(words, words_name)
    if len(timed.words) > word_times.MAX_WORDS // 2:
        raise ValueError(f"words: expected at most {word_times.MAX_WORDS // 2} words, got {len(timed.words)}")
    on_progress("libraries that read sound")
    made = recording_process.measure_apart(sound, sound_name, timed, _vectors(), on_progress=on_progress)
    language = np.where(np.isnan(made.language), clips.scaling["language"].mean.numpy(), made.language)
    buffer = io.BytesIO()
    np.savez(
        buffer,
        language=language.astype(np.float32),
        acoustic=made.acoustic,
        words=np.array(made.words),
        times=made.times,
    )
    first = int(float(made.times[0, 0]) * SAMPLE_RATE)  # a clip begins with its first word
    return Measured(sound_name[:80], buffer.getvalue(), wav(made.waveform[first:]), tuple(_notes(made, clips)))


def _notes(made: recording.Recording, clips: Clips) -> list[str]:
    said = []
    if made.unknown:
        named = ", ".join(f"“{word[:30]}”" for word in made.unknown[:MOST_NAMED])
        more = " …" if len(made.unknown) > MOST_NAMED else ""
        said.append(
            f"{len(made.unknown)} of the words have no GloVe vector here and stand as the mean word, which tells the "
            f"model nothing: {named}{more}."
        )
    if (longest := clips.mask.shape[1]) < len(made.words):
        said.append(f"The models learnt from clips of at most {longest} words: of what comes later they know little.")
    said.append("The models learnt from synthetic speech of a small grammar: a real recording is far from it.")
    return said


def _known_words() -> str:
    """How many words have a vector here, a sentence; empty where their file is damaged, which measuring will tell."""
    try:
        known = len(_vectors())
    except (OSError, ValueError):
        return ""
    return f"{known:,} words have a vector here; any other stands as the mean word, which tells the model nothing. "


def _vectors() -> Mapping[str, Array]:
    """GloVe of every word that is known here, read once for all visitors."""
    folder = data_folder()
    return stored_models.kept(
        "glove", stored_as("studio_clips"), lambda: read_vectors(folder), stored_models.data_version()
    )
