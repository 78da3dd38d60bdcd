"""The files of shipped clips, checked before they are used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import torch
from pydantic import Field, model_validator

from mfm_core.config import Config
from mfm_core.files.tensors import TensorSpec
from mfm_core.studio import face
from mfm_core.studio.truth import MODALITIES

CLIPS, FEATURES, AUDIO = "clips.json", "features.safetensors", "audio"
STEPS = 20
MAX_CLIPS, MAX_WORDS, MAX_SECONDS, MAX_AUDIO_BYTES = 100, 2_000, 30.0, 200_000
_VECTOR = 50

_Text = Annotated[str, Field(min_length=1, max_length=400)]
_Word = Annotated[str, Field(pattern="^[a-z]{1,16}$")]
_Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS)]
_Score = Annotated[float, Field(ge=-100, le=100)]
_Level = Annotated[int, Field(ge=-1, le=1, strict=True)]
_Names = Annotated[tuple[_Text, ...], Field(min_length=1, max_length=100)]


class Scores(Config):
    """A clip's score in each world."""

    language_led: _Score
    balanced: _Score
    face_led: _Score


class ClipEntry(Config):
    """Entry of a clip in ``clips.json``.

    Attributes:
        number: Its number among all studio clips.
        text: What is said, with punctuation.
        kind: How the sentence evaluates.
        words: In lower case.
        times: Start and end of each word in seconds.
        tones: -1 (lowered), 0 (plain) or 1 (raised) for each word.
        faces: -1 (frown), 0 (rest) or 1 (smile) for each word.
        seconds: Length of the sound.
        scores: The sum of its evidence.
    """

    number: Annotated[int, Field(ge=0, lt=1_000_000, strict=True)]
    text: _Text
    kind: _Text
    words: Annotated[tuple[_Word, ...], Field(min_length=1, max_length=STEPS)]
    times: Annotated[tuple[tuple[_Seconds, _Seconds], ...], Field(max_length=STEPS)]
    tones: Annotated[tuple[_Level, ...], Field(max_length=STEPS)]
    faces: Annotated[tuple[_Level, ...], Field(max_length=STEPS)]
    seconds: _Seconds
    scores: Scores

    @model_validator(mode="after")
    def _fit(self) -> Self:
        for name, row in {"times": self.times, "tones": self.tones, "faces": self.faces}.items():
            if len(row) != len(self.words):
                raise ValueError(f"{name}: expected {len(self.words)}, one a word, got {len(row)}")
        bounds = [second for pair in self.times for second in pair]
        if bounds != sorted(bounds) or bounds[-1] > self.seconds:
            raise ValueError(f"times: expected words one after the other within {self.seconds} seconds")
        return self


class ClipsFile(Config):
    """Content of ``clips.json``.

    Attributes:
        format_version: Version of this layout.
        licence: Of the clips.
        frames: Of the longest clip's curves.
        tone_names: Of the acoustic features.
        face_names: Of the visual features.
        vocabulary: The words that have a vector, in the order of the vectors.
        clips: The clips.
    """

    format_version: Literal[1]
    licence: _Text
    frames: Annotated[int, Field(gt=0, le=int(MAX_SECONDS * face.FRAMES_A_SECOND) + 1, strict=True)]
    tone_names: _Names
    face_names: _Names
    vocabulary: Annotated[tuple[_Word, ...], Field(min_length=1, max_length=MAX_WORDS)]
    clips: Annotated[tuple[ClipEntry, ...], Field(min_length=1, max_length=MAX_CLIPS)]

    @model_validator(mode="after")
    def _fit(self) -> Self:
        known = set(self.vocabulary)
        if len(known) != len(self.vocabulary):
            raise ValueError("vocabulary: expected each word once")
        for row, clip in enumerate(self.clips):
            if unknown := [word for word in clip.words if word not in known]:
                raise ValueError(f"clips.{row}.words: expected words of the vocabulary, got {unknown[0]!r}")
            if clip.seconds * face.FRAMES_A_SECOND > self.frames + 1:
                raise ValueError(f"clips.{row}.seconds: expected at most {self.frames} frames, got {clip.seconds} s")
        return self

    @classmethod
    def of_folder(cls, folder: Path) -> Self:
        """Read a folder's ``clips.json``.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If it is damaged, in one sentence.
        """
        return cls.read(folder / CLIPS)


def expected_tensors(description: ClipsFile) -> dict[str, TensorSpec]:
    """Expected tensors of ``features.safetensors`` beside a ``clips.json``."""
    n = len(description.clips)
    sizes = {"acoustic": len(description.tone_names), "visual": len(description.face_names), "language": _VECTOR}
    shapes: dict[str, tuple[int, ...]] = {
        "spread": (len(MODALITIES),),
        "vectors": (len(description.vocabulary), _VECTOR),
        "tones": (n, STEPS, 3, sizes["acoustic"]),
        "faces": (n, STEPS, 3, sizes["visual"]),
        "resting": (n, description.frames, len(face.UNITS)),
        "strength": (n,),
    }
    for name in MODALITIES:
        shapes |= {f"{name}_mean": (sizes[name],), f"{name}_std": (sizes[name],)}
    return {name: TensorSpec(shape, torch.float32) for name, shape in shapes.items()}


def audio_path(folder: Path, row: int) -> Path:
    """Where the sound of a clip lies."""
    return folder / AUDIO / f"{row:02}.mp3"


def is_mp3(content: bytes) -> bool:
    """Whether a file begins as an MP3 file does: with a tag, or with a frame, whose first eleven bits are set."""
    return content[:3] == b"ID3" or (len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0)


def read_audio(path: Path) -> bytes:
    """Read an MP3 file as it is.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is too large, or does not begin as an MP3 file does.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if (size := path.stat().st_size) > MAX_AUDIO_BYTES:
        raise ValueError(f"{path}: expected at most {MAX_AUDIO_BYTES} bytes, got {size}")
    sound = path.read_bytes()
    if not is_mp3(sound):
        raise ValueError(f"{path}: expected an MP3 file, got bytes {sound[:4].hex() or 'none'}")
    return sound
