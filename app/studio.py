"""Studio clips as the pages play them, and the what-if that changes one of their words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.reel import Reel


@dataclass(frozen=True)
class Workshop:
    """The shipped clips."""

    titles: tuple[str, ...]
    lengths: tuple[int, ...]
    vocabulary: tuple[str, ...]
    features: Mapping[str, tuple[str, ...]]

    def reel(self, index: int) -> Reel:
        """A clip as it is."""
        raise NotImplementedError

    def edited(self, index: int, step: int, word: str, tone: str, face: str) -> Reel:
        """A clip with one word changed."""
        raise NotImplementedError


TONES = {"lowered": "lowered", "plain": "plain", "raised": "raised"}
FACES = {"frown": "frowns", "rest": "rests", "smile": "smiles"}
ABOUT = (
    "Clips of our own making: sentences spoken by a synthesiser, with a drawn face. What each word, tone and face adds "
    "to the score is known, so the flow can be held against it."
)


def open_workshop(place: str, model: str) -> Workshop:
    """The clips as one model is given them."""
    raise ValueError(f"{place}: no clips for {model}")
