"""How much sooner one training reaches an error than another, with what never reaches it counted against the faster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import quantile_test

Split = Literal["validation", "test"]
Time = Literal["processor", "clock"]


@dataclass(frozen=True)
class Point:
    """One validation of a training.

    Attributes:
        processor: Seconds of the processor until then.
        clock: Seconds by the clock.
        validation: Mean absolute error of the score.
        test: The same on test samples.
    """

    processor: float
    clock: float
    validation: float
    test: float


@dataclass(frozen=True)
class Training:
    """One whole training.

    Attributes:
        points: Its validations, in order.
        parameters: Of the network, without what plays no part where all modalities are there.
    """

    points: tuple[Point, ...]
    parameters: int

    @property
    def best(self) -> Point:
        """The first validation of the lowest error."""
        return min(self.points, key=lambda point: point.validation)

    @property
    def end(self) -> Point:
        """The last validation."""
        return self.points[-1]

    def reaching(self, error: float, split: Split = "validation") -> Point | None:
        """The first validation at which the error on a split was ``error`` or lower; None where there is none."""
        return next((point for point in self.points if getattr(point, split) <= error), None)


@dataclass(frozen=True)
class Sooner:
    """How many times sooner ours reached an error, over seeds.

    Attributes:
        ratios: Of each seed, MMSA's time divided by ours.
        median: Of them.
        low: Lower end of the interval of the median that holds at 95 % or more, from order statistics; NaN for fewer
            than 6 seeds.
        high: Upper end.
        unreached_theirs: Seeds in which MMSA's never reached the error.
        unreached_ours: Seeds in which ours did not.
    """

    ratios: tuple[float, ...]
    median: float
    low: float
    high: float
    unreached_theirs: int
    unreached_ours: int


def sooner(
    theirs: Sequence[Training],
    ours: Sequence[Training],
    errors: Sequence[float],
    split: Split = "validation",
    time: Time = "processor",
) -> Sooner:
    """Compare the times at which two trainings of each seed first reach an error.

    Where ours never does the ratio is 0, also where neither does; where MMSA's never does its whole time counts, which
    makes the ratio a lower bound.

    Args:
        theirs: Trainings of MMSA's model, by seed.
        ours: Trainings of ours, by seed.
        errors: The error to reach, by seed.
        split: Of which samples the error is.
        time: Of the processor or by the clock.
    """
    ratios, unreached_theirs, unreached_ours = [], 0, 0
    for their, our, error in zip(theirs, ours, errors, strict=True):
        slow, fast = their.reaching(error, split), our.reaching(error, split)
        unreached_theirs += slow is None
        unreached_ours += fast is None
        ratios.append(0.0 if fast is None else getattr(slow or their.end, time) / getattr(fast, time))
    interval = quantile_test(ratios, p=0.5).confidence_interval(0.95)
    low, high = float(interval.low), float(interval.high)
    return Sooner(tuple(ratios), float(np.median(ratios)), low, high, unreached_theirs, unreached_ours)
