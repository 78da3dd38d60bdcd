"""The command that checks a lesson's file."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mfm_core.cli.app import app, one_sentence
from mfm_core.lessons.lesson import ANSWER_LETTERS, Lesson, read_lesson
from mfm_core.lessons.measure import ShippedModels

LINKS = "app.lessons.states"
"""Module that knows which links the pages have; its ``problems`` is asked by name, as this package knows no page."""

lesson_app = typer.Typer(help="Check lessons of your own.", no_args_is_help=True)
app.add_typer(lesson_app, name="lesson")


@lesson_app.callback()
def _commands() -> None:
    """Keep ``check`` a command of its own, even while it is the only one."""


@lesson_app.command("check")
def lesson_check(
    file: Annotated[Path, typer.Argument(help="A lesson, TOML.")],
    *,
    answers: Annotated[bool, typer.Option(help="Measure the answer of every question as well.")] = True,
) -> None:
    """Check a lesson's file and its links, and measure the answer of every question on the shipped models."""
    with one_sentence():
        lesson = read_lesson(file)
        for problem in link_problems(lesson):
            raise ValueError(f"{file}: {problem}")
        typer.echo(f"{lesson.title}: {len(lesson.steps)} steps, about {lesson.minutes} minutes")
        models, console = ShippedModels(), Console(stderr=True)
        for place, step in enumerate(lesson.steps if answers else ()):
            if step.question is None:
                continue
            with console.status(step.title):
                try:
                    answer = step.question.measure.answer(models)
                    right = step.question.right(answer)
                except (OSError, ValueError) as error:
                    raise ValueError(f"{file}: steps.{place}.question: {error}") from None
            typer.echo(
                f"step {place + 1}: {ANSWER_LETTERS[right]}, {step.question.choices[right].text}. {answer.sentence}"
            )


def link_problems(lesson: Lesson) -> list[str]:
    """A sentence for each link of a lesson that no page can open; a note on standard error where no app is there."""
    try:
        problems: Callable[[Lesson], list[str]] = importlib.import_module(LINKS).problems
    except ModuleNotFoundError:
        typer.echo("The links were not checked: the app is not installed here.", err=True)
        return []
    return problems(lesson)
