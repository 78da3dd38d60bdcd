"""Lessons as data: one TOML file each, read as untrusted input."""

from __future__ import annotations

import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from mfm_core.config import Config, first_problem
from mfm_core.lessons.digits import HoldCount, LabelErrors, PriorAgreement, ProbeAccuracy, SwapCount, WorstDigit
from mfm_core.lessons.measure import Answer, Measure
from mfm_core.lessons.videos import (
    DoubtfulRatios,
    FlowAtFirstStep,
    FlowHits,
    LargestRatio,
    ModalityError,
    TopWord,
    WrongSign,
)
from mfm_core.problems import printable, reason

MAX_LESSON_BYTES = 65_536
"""Bytes of a lesson's file."""
LONGEST_LINE = 4_000
"""Characters of a line of it."""
MOST_STEPS = 12
ANSWER_LETTERS = "abcdef"
"""Names of the choices of a question, in order."""

AnyMeasure = Annotated[
    SwapCount
    | HoldCount
    | PriorAgreement
    | ProbeAccuracy
    | LabelErrors
    | WorstDigit
    | FlowHits
    | FlowAtFirstStep
    | TopWord
    | WrongSign
    | ModalityError
    | LargestRatio
    | DoubtfulRatios,
    Field(discriminator="measure"),
]
"""Every measure that a question can ask for; the key ``measure`` names it."""

Short = Annotated[str, Field(min_length=1, max_length=120)]
Long = Annotated[str, Field(min_length=1, max_length=2_000)]
Part = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
Value = Annotated[
    str,
    Field(max_length=2_000),
    BeforeValidator(lambda given: str(given) if isinstance(given, int) and not isinstance(given, bool) else given),
]


class State(Config):
    """The page that a step opens, with its controls set.

    Attributes:
        page: Folder of the page, such as ``generate``.
        link: What its link says: query parameters by name.
    """

    page: Part
    link: Annotated[dict[Part, Value], Field(default_factory=dict, max_length=20)]


class Choice(Config):
    """One answer to predict.

    Attributes:
        text: What it says.
        at_least: The lowest number that it is right for; None for no lower bound.
        below: The number from which on it is no longer right; None for no upper bound.
        equals: The name that it is right for.
    """

    text: Short
    at_least: float | None = None
    below: float | None = None
    equals: Annotated[str, Field(min_length=1, max_length=80)] | None = None

    def holds(self, value: float | str) -> bool:
        """Whether it is right for a value."""
        if isinstance(value, str):
            return self.equals == value
        return (self.at_least is None or value >= self.at_least) and (self.below is None or value < self.below)


class Question(Config):
    """A question to predict before it is measured.

    Attributes:
        ask: The question.
        measure: What answers it.
        choices: What can be predicted: ranges that together hold every number, or names.
    """

    ask: Annotated[str, Field(min_length=1, max_length=400)]
    measure: AnyMeasure
    choices: Annotated[tuple[Choice, ...], Field(min_length=2, max_length=len(ANSWER_LETTERS))]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        named = [choice.equals for choice in self.choices]
        if not self.measure.numeric:
            if None in named or len(set(named)) < len(named):
                raise ValueError("choices: expected an equals of its own for each, as the answer is a name")
            if any(choice.at_least is not None or choice.below is not None for choice in self.choices):
                raise ValueError("choices: expected no at_least and no below, as the answer is a name")
            return self
        if any(name is not None for name in named):
            raise ValueError("choices: expected at_least and below rather than equals, as the answer is a number")
        order = sorted(self.choices, key=lambda choice: float("-inf") if choice.at_least is None else choice.at_least)
        meet = all(low.below is not None and low.below == high.at_least for low, high in pairwise(order))
        if order[0].at_least is not None or order[-1].below is not None or not meet:
            raise ValueError(
                "choices: expected ranges that meet: the lowest without at_least, the highest without below, each "
                "below the at_least of the next"
            )
        return self

    def right(self, answer: Answer) -> int:
        """Place of the choice that is right.

        Raises:
            ValueError: If none is, which only names can lead to.
        """
        for place, choice in enumerate(self.choices):
            if choice.holds(answer.value):
                return place
        raise ValueError(f"choices: expected one that equals {str(answer.value)!r}, which is the answer, got none")


class Step(Config):
    """A step of a lesson: something to read, to predict, to see and to understand.

    Attributes:
        title: Of the step.
        text: Told before the question.
        opens: The page that shows it.
        question: What to predict; None for a step that only shows.
        explain: Told after the answer.
    """

    title: Short
    text: Long
    opens: State
    question: Question | None = None
    explain: Annotated[str, Field(max_length=2_000)] = ""


class Lesson(Config):
    """A guided lesson.

    Attributes:
        title: A question or a topic.
        about: What will be learnt, in one or two sentences.
        minutes: How long it takes.
        place: Place among the lessons that come with the app, the first at 1; None for one of one's own.
        steps: In order.
    """

    title: Short
    about: Annotated[str, Field(min_length=1, max_length=600)]
    minutes: Annotated[int, Field(ge=1, le=90)] = 10
    place: Annotated[int, Field(ge=1, le=99)] | None = None
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=MOST_STEPS)]

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Of its questions, in order."""
        return tuple(step.question.measure for step in self.steps if step.question is not None)


def parse_lesson(text: bytes, source: str) -> Lesson:
    """Read a lesson.

    Args:
        text: TOML in UTF-8, of at most 65,536 bytes.
        source: Name of the file, for the message.

    Raises:
        ValueError: In one sentence that names the file and the field.
    """
    source = printable(source, len(source))  # a visitor may have named the file
    if len(text) > MAX_LESSON_BYTES:
        raise ValueError(f"{source}: expected at most {MAX_LESSON_BYTES} bytes, got {len(text)}")
    try:
        told = text.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{source}: expected text in UTF-8, got other bytes") from None
    for row, line in enumerate(told.splitlines(), 1):
        if len(line) > LONGEST_LINE:
            raise ValueError(f"{source}: line {row}: expected at most {LONGEST_LINE} characters, got {len(line)}")
    try:
        return Lesson.model_validate(tomllib.loads(told))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{source}: expected TOML: {reason(error)}") from None
    except RecursionError:
        raise ValueError(f"{source}: expected TOML of a few levels, got too many") from None
    except ValidationError as error:
        raise ValueError(f"{source}: {first_problem(error)}") from None


def read_lesson(path: Path) -> Lesson:
    """Read a lesson from a file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: As ``parse_lesson``.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    with path.open("rb") as file:
        return parse_lesson(file.read(MAX_LESSON_BYTES + 1), str(path))
