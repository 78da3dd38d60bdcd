"""Measures that questions of lessons ask for: measured of a stored model, never a number that a file states."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, ClassVar, Protocol

from pydantic import Field
from torch import Tensor

from mfm_core.config import MAX_NAME, Config
from mfm_core.evaluation.crossed_bootstrap import mean_over
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage.codes import Codes
from mfm_core.storage.models import load_codes, load_judge, load_pretrained
from mfm_core.studio.clips import Clips, load_clips

Name = Annotated[str, Field(pattern=rf"^[a-z][a-z0-9_]{{0,{MAX_NAME - 1}}}$")]
"""Of a stored model or a modality: a word, so that no path can be meant."""
Seed = Annotated[int, Field(ge=0, le=999_999)]


@dataclass(frozen=True)
class Answer:
    """Result of a measure.

    Attributes:
        value: What was asked: a number, or a name.
        sentence: The same in words, with its interval where there is one.
        counts: What it was found among, by name: numbers for a chart.
        unit: Unit of ``counts``.
        source: The model, the seed and the number of samples.
        intervals: Of those of ``counts`` that have one, its ends.
    """

    value: float | str
    sentence: str
    counts: Mapping[str, float]
    unit: str
    source: str
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)


class Models(Protocol):
    """Access to stored models, by name."""

    def model(self, name: str) -> MFM:
        """A stored MFM, frozen."""
        ...

    def codes(self, name: str) -> Codes:
        """Codes of the held-out samples of a stored MFM."""
        ...

    def judge(self, modality: str) -> Discriminative:
        """The independent classifier of a modality."""
        ...

    def clips(self) -> Clips:
        """The held-out studio clips."""
        ...


class ShippedModels:
    """The models of the repository's ``pretrained`` folder; each file is read once. See ``Models``."""

    def __init__(self) -> None:
        self.model = lru_cache(load_pretrained)
        self.codes = lru_cache(load_codes)
        self.judge = lru_cache(load_judge)
        self.clips = lru_cache(load_clips)


class Measure(Config, ABC):
    """A question that can be computed; ``measure`` is its name in a lesson's file.

    Attributes:
        numeric: Whether the answer is a number; else it is a name.
    """

    numeric: ClassVar[bool] = True

    @abstractmethod
    def answer(self, models: Models) -> Answer:
        """Compute the answer.

        Raises:
            OSError: If a model is not stored.
            ValueError: If a model is damaged, or is not one that can be asked this.
        """


def counted(hits: Tensor, noun: str, units: Sequence[Tensor] = ()) -> str:
    """``"93 of 100 pictures (95 % interval 86 to 97 %)"``, of hits ``(N,)``.

    Args:
        hits: Of each sample.
        noun: What is counted.
        units: As of :func:`mfm_core.evaluation.crossed_bootstrap.mean_over`; none where samples are independent.
    """
    found = mean_over(hits, units)
    told = f"{int(hits.sum())} of {len(hits)} {noun}"
    if found.reason:
        return told
    return f"{told} (95 % interval {100 * found.low:.0f} to {100 * found.high:.0f} %)"
