"""A studio clip as it was spoken, or as it would be with a word, a tone or a face changed ("what if")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, get_args

import torch
from torch import Tensor

from mfm_core.printing import short_repr
from mfm_core.studio.truth import FACES, MODALITIES, TONES, Face, Tone, language_evidence

_T = TypeVar("_T")


@dataclass(frozen=True)
class EditedClip:
    """One clip, unchanged or changed; changing gives a new one.

    Attributes:
        clip: Which of the shipped clips.
        words: Its words.
        tones: -1 (lowered), 0 (plain) or 1 (raised) for each word.
        faces: -1 (frown), 0 (rest) or 1 (smile) for each word.
        vocabulary: The words that can be said.
    """

    clip: int
    words: tuple[str, ...]
    tones: tuple[int, ...]
    faces: tuple[int, ...]
    vocabulary: Mapping[str, int]

    __repr__ = short_repr

    def __len__(self) -> int:
        return len(self.words)

    def replace_word(self, step: int, word: str) -> EditedClip:
        """The same clip with another word at ``step``; voice and face stay as they were.

        Raises:
            ValueError: If there is no such step, or the word is not of the vocabulary.
        """
        if word not in self.vocabulary:
            raise ValueError(f"word: expected one of {len(self.vocabulary)} words of the vocabulary, got {word!r}")
        return replace(self, words=self._with(self.words, step, word))

    def change_tone(self, step: int, tone: Tone) -> EditedClip:
        """The same clip with the word at ``step`` spoken in another tone.

        Raises:
            ValueError: If there is no such step or tone.
        """
        if tone not in TONES:
            raise ValueError(f"tone: expected one of {', '.join(get_args(Tone))}, got {tone!r}")
        return replace(self, tones=self._with(self.tones, step, TONES[tone]))

    def change_face(self, step: int, face: Face) -> EditedClip:
        """The same clip with another face at the word at ``step``.

        Raises:
            ValueError: If there is no such step or face.
        """
        if face not in FACES:
            raise ValueError(f"face: expected one of {', '.join(get_args(Face))}, got {face!r}")
        return replace(self, faces=self._with(self.faces, step, FACES[face]))

    def evidence(self) -> dict[str, Tensor]:
        """Contribution of each word, by modality, before a world weighs it: ``(words,)`` float32."""
        language = torch.from_numpy(language_evidence(self.words))
        levels = [torch.tensor(levels, dtype=torch.float32) for levels in (self.tones, self.faces)]
        return dict(zip(MODALITIES, [language, *levels], strict=True))

    def _with(self, row: Sequence[_T], step: int, value: _T) -> tuple[_T, ...]:
        if not 0 <= step < len(self.words):
            raise ValueError(f"step: expected 0 to {len(self.words) - 1}, got {step}")
        return (*row[:step], value, *row[step + 1 :])
