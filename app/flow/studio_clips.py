"""Studio clips as the page Flow plays them, and the what-if that changes one of their words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import cast

import numpy as np
from torch import Tensor

from app.flow import clips
from app.flow.clips import Clip, Face
from app.shared import stored_models
from mfm_core.storage.folder import PRETRAINED
from mfm_core.studio import face
from mfm_core.studio.clips import Clips
from mfm_core.studio.edits import EditedClip
from mfm_core.studio.making.say import say
from mfm_core.studio.performance import retimed_curves
from mfm_core.studio.truth import WORLD_OF, Tone, World
from mfm_core.studio.truth import Face as FaceOfWord

TONES = {"lowered": "lowered", "plain": "plain", "raised": "raised"}
FACES = {"frown": "frowns", "rest": "rests", "smile": "smiles"}
PUNCTUATION = ".,;:!?"
AT_A_GLANCE = 12
"""Words of a clip that a visitor may meet first."""

PYTHON = """
model, clips = mfm.load_pretrained(MODEL), mfm.load_clips(CLIPS)
edited = clips.edits[{index}]{change}
data = clips.dataset({world!r}, [edited])
inputs, mask, words = dict(data.modalities), data.mask, edited.words
latents = model.encode(inputs, mask)
"""


@dataclass(frozen=True)
class WhatIf:
    """The shipped clips, in one of the three worlds.

    Attributes:
        place: What ``mfm_core.load_clips`` takes.
        world: Whose weights make the score.
    """

    place: str
    world: World

    @property
    def clips(self) -> Clips:
        """The clips, loaded once for all worlds and visitors."""
        return stored_models.clips(self.place)

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """Title of each clip: the words said in it."""
        return tuple(f"{i + 1} · {text}" for i, text in enumerate(self.clips.text))

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """Words of each clip."""
        return tuple(len(edited) for edited in self.clips.edits)

    @cached_property
    def scores(self) -> Tensor:
        """True score of each clip, ``(n, 1)``."""
        return self.clips.dataset(self.world).labels

    @cached_property
    def words(self) -> frozenset[str]:
        """The words that can be said, as a set."""
        return frozenset(self.vocabulary)

    @cached_property
    def opening(self) -> int:
        """The clip to begin with: the most outspoken of those that are short enough to be read at a glance."""
        scores = self.scores[:, 0].abs().tolist()
        return max(
            (n for n, length in enumerate(self.lengths) if length <= AT_A_GLANCE), key=scores.__getitem__, default=0
        )

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The words that can be said."""
        return self.clips.vocabulary

    @property
    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the features of a modality, where they have any."""
        return {"acoustic": self.clips.tone_names, "visual": self.clips.face_names}

    def clip(self, index: int) -> Clip:
        """A clip as it is; made once for all visitors."""

        def make() -> Clip:
            return self._clip(self.clips.edits[index], f"studio_clips {index}")

        return stored_models.kept("studio clip", self.place, make, self.world, index)

    def edited(self, index: int, step: int, word: str, tone: str, face_: str) -> Clip:
        """A clip with one word changed.

        Args:
            index: The clip.
            step: The word, by its place.
            word: What is said instead; empty for the word itself.
            tone: ``"same"``, or a key of ``TONES``.
            face_: ``"same"``, or a key of ``FACES``.
        """
        edited, python = self.edit(index, step, word, tone, face_)
        return self._clip(edited, f"studio_clips {index}, {step} {word} {tone} {face_}", python, step)

    def edit(self, index: int, step: int, word: str, tone: str, face_: str) -> tuple[EditedClip, str]:
        """A clip's words, tones and faces after a change, and the calls that make it; see :meth:`edited`."""
        edited, python = self.clips.edits[index], ""
        if word:
            edited, python = edited.replace_word(step, word), python + f".replace_word({step}, {word!r})"
        if tone in TONES:
            edited, python = edited.change_tone(step, cast(Tone, tone)), python + f".change_tone({step}, {tone!r})"
        if face_ in FACES:
            edited = edited.change_face(step, cast(FaceOfWord, face_))
            python += f".change_face({step}, {face_!r})"
        return edited, python

    def said_anew(self, clip: Clip, tones: Sequence[int], index: int) -> Clip:
        """A clip with its words said in tones by espeak-ng, in the voice of a studio clip; the face keeps to the words.

        Args:
            clip: With words and times.
            tones: -1, 0 or 1 for each word.
            index: The studio clip whose speaker it is.

        Raises:
            OSError: If espeak-ng is not installed.
            ValueError: If it cannot say the words one by one.
        """
        spoken = _said(clip.words, tuple(tones), int(self.clips.ids[index].split()[-1]))
        times = spoken.times
        moved = None
        if clip.face is not None:
            old = np.array([*(start for start, _ in clip.spans), clip.seconds])
            new = np.array([*times[:, 0].tolist(), spoken.seconds])
            moved = Face(clip.face.rate, retimed_curves(clip.face.curves, clip.face.rate, old, new))
        digest = hashlib.sha256(spoken.sound).hexdigest()[:12]
        return clips.renamed(
            clip,
            key=f"{clip.key} {digest}",
            spans=tuple((float(start), float(end)) for start, end in times),
            timed=True,
            sound=spoken.sound,
            seconds=spoken.seconds,
            face=moved,
            spoken=digest,
        )

    def _clip(self, edited: EditedClip, key: str, change: str = "", changed: int | None = None) -> Clip:
        data = self.clips.dataset(self.world, [edited])
        made = clips.of_dataset(data, 0)
        curves = self.clips.curves(edited)
        python = PYTHON.format(index=edited.clip, change=change, world=self.world).replace("CLIPS", repr(self.place))
        return clips.renamed(
            made,
            key=key,
            base=f"studio_clips {edited.clip}",
            title=f"“{_with_words(self.clips.text[edited.clip], edited.words)}”",
            spans=tuple((float(a), float(b)) for a, b in self.clips.times[edited.clip, : len(edited)].tolist()),
            sound=self.clips.audio[edited.clip],
            seconds=self.clips.seconds[edited.clip],
            face=Face(face.FRAMES_A_SECOND, {unit: curves[:, i] for i, unit in enumerate(face.UNITS)}),
            python=python,
            changed=changed,
        )


def _with_words(text: str, words: Sequence[str]) -> str:
    """A text with other words where they differ, in the place of the old ones, between the same punctuation."""
    parts = []
    for part, word in zip(text.split(), words, strict=True):
        plain = part.strip(PUNCTUATION)
        parts.append(
            part if plain.lower() == word else part.replace(plain, word if plain.islower() else word.capitalize())
        )
    return " ".join(parts)


_said = lru_cache(maxsize=64)(say)
"""Speech that was made last, kept, for a page is drawn again and again."""


def open_what_if(place: str, dataset: str) -> WhatIf:
    """The shipped clips in the world of a data set; read once for all visitors.

    Raises:
        OSError: If the clips are missing.
        ValueError: If they are damaged, or there is no such world.
    """
    if reason := obstacle(place, dataset):
        raise ValueError(reason)
    world = WORLD_OF[dataset]
    return stored_models.kept("what-if", place, lambda: WhatIf(place, world), world)


def obstacle(place: str, dataset: str) -> str:
    """Why the shipped clips cannot be those of a data set, known without reading them; nothing where they can."""
    if dataset not in WORLD_OF:
        return f"{dataset}: expected one of {', '.join(WORLD_OF)}"
    folder = PRETRAINED / place if place == "studio_clips" else Path(place)
    return "" if folder.is_dir() else f"{folder}: no clips are stored"
