"""Readings that the lanes can show: what each is called and what its bars say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.flow.view import Reading


@dataclass(frozen=True)
class ReadingInfo:
    """Description of one reading.

    Attributes:
        title: What it is called in the list.
        noun: What a bar is, in running text.
        meaning: What a bar says, a sentence.
        signed: Whether a bar may point downwards.
    """

    title: str
    noun: str
    meaning: str
    signed: bool = False


READINGS: Mapping[Reading, ReadingInfo] = {
    "score": ReadingInfo(
        "Flow along the score",
        "Flow",
        "how much the step that is generated moves when F_y moves where the score rises",
    ),
    "norm": ReadingInfo(
        "Flow in all directions (Eq. 7)",
        "Flow",
        "how much the step that is generated moves with the factor, in all its directions: Eq. 7 as printed",
    ),
    "standardised": ReadingInfo(
        "Flow per feature's scale",
        "Flow",
        "Eq. 7 with each feature, and each number of the factor, in standard deviations over held-out clips",
    ),
    "relative": ReadingInfo(
        "Flow relative to other clips",
        "Flow",
        "Eq. 7 over its mean at that position in other held-out clips, so that 1 is usual",
    ),
    "integrated_gradients": ReadingInfo(
        "Integrated gradients",
        "Attribution",
        "what the step that was given adds to the score, from the mean input on; all bars sum to the difference",
        signed=True,
    ),
    "saliency": ReadingInfo(
        "Saliency (input gradients)",
        "Attribution",
        "how steeply the score changes with the step that was given",
    ),
    "leave_one_out": ReadingInfo(
        "Leave one word out",
        "Attribution",
        "how far the score falls when this word, tone or face alone is put to the mean",
        signed=True,
    ),
}
"""Readings of the flow first, then attributions of the score."""
