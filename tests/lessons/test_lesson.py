"""Lessons as files: read with care, and told in one sentence what is wrong."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from mfm_core.__main__ import app
from mfm_core.lessons.lesson import MAX_LESSON_BYTES, Choice, Lesson, parse_lesson, read_lesson
from mfm_core.lessons.measure import Answer

LESSON = """
title = "A lesson"
about = "About something."

[[steps]]
title = "First"
text = "Look."
[steps.opens]
page = "generate"
link = { section = "swap", seed = 3 }
[steps.question]
ask = "How many?"
measure = { measure = "label_errors", model = "small" }
choices = [{ text = "few", below = 5 }, { text = "many", at_least = 5 }]
"""
NAMED = (
    LESSON.replace("label_errors", "worst_digit")
    .replace('text = "few", below = 5', 'text = "a two", equals = "2"')
    .replace('text = "many", at_least = 5', 'text = "a nine", equals = "9"')
)


def test_a_lesson_is_read_with_its_defaults() -> None:
    lesson = parse_lesson(LESSON.encode(), "a.toml")
    assert lesson.minutes == 10
    assert lesson.steps[0].opens.link == {"section": "swap", "seed": "3"}
    assert [type(measure).__name__ for measure in lesson.measures] == ["LabelErrors"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('about = "About something."', "", "about: expected this key, which is missing"),
        ('title = "A lesson"', 'title = ""', "title: expected text of at least 1 letters, got ''"),
        ('title = "A lesson"', 'title = "A"\ncolour = "red"', "colour: expected no such key (there are title, "),
        ("seed = 3", "seed = 3.5", "steps.0.opens.link.seed: expected text, got 3.5"),
        ('page = "generate"', 'page = "../x"', "steps.0.opens.page: expected text of the pattern"),
        ('model = "small"', 'model = "../small"', "steps.0.question.measure.label_errors.model: expected text of"),
        ("label_errors", "magic", "steps.0.question.measure: expected 'measure' to be one of 'swap_count', "),
        ("at_least = 5", "at_least = 6", "steps.0.question.choices: expected ranges that meet"),
        ("below = 5", "at_least = 0, below = 5", "steps.0.question.choices: expected ranges that meet"),
        ("at_least = 5", 'equals = "5"', "steps.0.question.choices: expected at_least and below rather than equals"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_field(old: str, new: str, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its text is compared below
        parse_lesson(LESSON.replace(old, new).encode(), "a.toml")
    assert str(caught.value).startswith(f"a.toml: {sentence}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"\xff\xfe", "a.toml: expected text in UTF-8, got other bytes"),
        (
            b"#" * (MAX_LESSON_BYTES + 1),
            f"a.toml: expected at most {MAX_LESSON_BYTES} bytes, got {MAX_LESSON_BYTES + 1}",
        ),
        (b"a=1\n" + b"#" * 5_000, "a.toml: line 2: expected at most 4000 characters, got 5000"),
        (b"a = ", "a.toml: expected TOML: "),
        (b"a = " + b"[\n" * 20_000, "a.toml: expected TOML"),
    ],
)
def test_what_is_no_text_of_toml_is_refused(text: bytes, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its text is compared below
        parse_lesson(text, "a.toml")
    assert str(caught.value).startswith(sentence)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_a_lesson_or_one_sentence(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"^a\.toml: "):
        parse_lesson(text, "a.toml")


def test_names_need_an_equals_each() -> None:
    assert parse_lesson(NAMED.encode(), "a.toml").steps[0].question is not None
    for old, new in (('equals = "9"', 'equals = "2"'), (', equals = "9"', ""), ('equals = "9"', 'equals="9",below=1')):
        with pytest.raises(ValueError, match=r"^a\.toml: steps\.0\.question\.choices: expected"):
            parse_lesson(NAMED.replace(old, new).encode(), "a.toml")


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=5, unique=True), st.floats(-100, 100))
def test_of_ranges_that_meet_exactly_one_is_right(bounds: list[int], value: float) -> None:
    edges = sorted(bounds)
    ranges = [Choice(text="low", below=edges[0]), Choice(text="high", at_least=edges[-1])]
    ranges += [Choice(text="mid", at_least=a, below=b) for a, b in pairwise(edges)]
    assert sum(choice.holds(value) for choice in ranges) == 1


def test_a_name_that_no_choice_has_is_told() -> None:
    question = parse_lesson(NAMED.encode(), "a.toml").steps[0].question
    assert question is not None
    assert question.right(Answer("9", "", {}, "", "")) == 1
    with pytest.raises(ValueError, match=r"^choices: expected one that equals '4', which is the answer, got none$"):
        question.right(Answer("4", "", {}, "", ""))


def test_a_lesson_of_too_many_steps_is_refused() -> None:
    step = LESSON[LESSON.index("[[steps]]") :]
    with pytest.raises(ValueError, match=r"^a\.toml: steps: expected at most 12 of them"):
        parse_lesson((LESSON + step * 12).encode(), "a.toml")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_lesson(tmp_path / "a.toml")


def check(path: Path, *options: str) -> tuple[int, str, str]:
    run = CliRunner().invoke(app, ["lesson", "check", str(path), *options])
    return run.exit_code, run.stdout, run.stderr


def test_the_command_checks_the_file_its_links_and_its_answers(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(LESSON, encoding="utf-8")
    assert check(path, "--no-answers") == (0, "A lesson: 1 steps, about 10 minutes\n", "")
    status, _, told = check(path)
    assert status == 1
    assert told.startswith(f"{path}: steps.0.question: ")
    path.write_text(LESSON.replace("section = ", "sections = "), encoding="utf-8")
    assert check(path, "--no-answers") == (1, "", f"{path}: steps.0.opens: 1 unknown part of the link was ignored.\n")
    path.write_text(LESSON.replace('"generate"', '"nowhere"'), encoding="utf-8")
    status, _, told = check(path, "--no-answers")
    assert (status, told) == (
        1,
        f"{path}: steps.0.opens: page: expected the folder of a page with links, such as "
        "generate or flow, got 'nowhere'\n",
    )


def test_a_lesson_is_frozen() -> None:
    lesson = parse_lesson(LESSON.encode(), "a.toml")
    assert Lesson.model_validate(lesson.model_dump()) == lesson
    with pytest.raises(ValueError, match="frozen"):
        lesson.title = "Another"  # type: ignore[misc]
