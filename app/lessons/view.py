"""View of the page Lessons as a value: the lesson, its step, and what was answered; or a room of a class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from app.lessons.poll_rooms import CODE, CODE_LETTERS
from app.shared.links import Linked, read_fields, unknown_parts, write_fields
from mfm_core.lessons.lesson import ANSWER_LETTERS, MOST_STEPS, Lesson

OWN = "own"
"""The lesson that the visitor brought; it is kept for this visit only."""
OPEN = "-"
"""Stands for the answer to a question that was not answered."""


class LessonsView(Linked):
    """View of the page.

    Attributes:
        lesson: Name of the lesson; empty for the list of all.
        step: Its step, from 1.
        answers: A letter for each step so far, ``-`` where none was given.
        room: Code of the room that the visitor has joined or opened.
        host: Key of that room, where the visitor has opened it.
    """

    lesson: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]{0,39})?$")] = ""
    step: Annotated[int, Field(ge=1, le=MOST_STEPS)] = 1
    answers: Annotated[str, Field(pattern=rf"^[{ANSWER_LETTERS}{OPEN}]{{0,{MOST_STEPS}}}$")] = ""
    room: Annotated[str, Field(pattern=rf"^([{CODE_LETTERS}]{{{CODE}}})?$")] = ""
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,24}$")] = ""

    def answer(self, step: int) -> int | None:
        """Place of the choice that was taken at a step, from 1; None where none was."""
        letter = self.answers[step - 1 : step]
        return ANSWER_LETTERS.index(letter) if letter and letter != OPEN else None

    def answered(self, step: int, choice: int) -> str:
        """The answers with that of a step, from 1, among them."""
        letters = list(self.answers.ljust(step, OPEN))
        letters[step - 1] = ANSWER_LETTERS[choice]
        return "".join(letters)


@dataclass(frozen=True)
class LessonsLinks:
    """How the links of the page are read and written, see ``app.shared.links.LinkCodec``.

    Attributes:
        lessons: The lessons that can be shown, by name.
    """

    lessons: Mapping[str, Lesson]

    def parse(self, params: Mapping[str, str]) -> tuple[LessonsView, list[str]]:
        """The view of a link, and a sentence for each thing that was put right."""
        if "room" in params:  # typed from a projector, as often as not
            params = dict(params) | {"room": params["room"].strip().upper()}
        view, notices = read_fields(params, LessonsView(), lambda _: (1, MOST_STEPS), {"lesson": ("", *self.lessons)})
        notices += unknown_parts(params, LessonsView)
        fitted = self.fit(view)
        if fitted.step != view.step and fitted.lesson:
            notices.append(f"The link's “step” is out of range; {fitted.step} is shown.")
        if fitted.answers != view.answers:
            notices.append("The link's “answers” are not all possible in this lesson; the others are left out.")
        return fitted, notices

    def fit(self, view: LessonsView) -> LessonsView:
        """The nearest view that can be shown."""
        lesson = self.lessons.get(view.lesson)
        if lesson is None:
            return view.model_copy(update={"lesson": "", "step": 1, "answers": ""})
        letters = ""
        for letter, step in zip(view.answers, lesson.steps, strict=False):
            n = len(step.question.choices) if step.question else 0
            letters += letter if letter in ANSWER_LETTERS[:n] else OPEN
        return view.model_copy(update={"step": min(view.step, len(lesson.steps)), "answers": letters.rstrip(OPEN)})

    def link(self, view: LessonsView) -> dict[str, str]:
        """The query parameters that open this view."""
        return write_fields(view, LessonsView())
