"""The page Lessons: predict, see it measured, open a page and come back; alone, and as a class."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.generate.digit_model import DigitModel
from app.lessons import answers, catalogue
from app.lessons.sections import room
from app.shared.jobs import job_queue
from mfm_core.lessons.lesson import MAX_LESSON_BYTES
from tests.app.pages import MAIN, query, words_on

SWAP = catalogue.path_of("swap").read_bytes()


@pytest.fixture(autouse=True)
def small_models(shown: DigitModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every test of this file asks the small models."""
    monkeypatch.setenv("MFM_DATA", str(tmp_path))


@pytest.fixture(autouse=True)
def no_rooms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MFM_JOBS", str(tmp_path / "jobs"))


def read_on(page: AppTest) -> str:
    """The words of a page without their marks."""
    return re.sub(r"<[^>]+>", "", words_on(page))


def visit(**params: str) -> AppTest:
    page = AppTest.from_file(MAIN, default_timeout=60).run()
    return turn(page, "lessons", **params)


def turn(page: AppTest, folder: str, **params: str) -> AppTest:
    page.query_params.clear()
    page.switch_page(f"{folder}/page.py")
    for name, value in params.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception, page.exception
    return page


def measured(page: AppTest) -> AppTest:
    """The page once the answer was measured."""
    for _ in range(60):
        if page.success or page.info:
            return page
        page.run()
    raise AssertionError("no answer")


def test_the_list_begins_a_lesson() -> None:
    page = visit()
    assert [button.label for button in page.button if (button.key or "").startswith("begin_")] == [
        f"Begin lesson {n}" for n in range(1, 7)
    ]
    page.button(key="begin_word").click().run()
    assert query(page) == {"lesson": "word"}
    assert page.header[0].value == "Which word moved it?"


def test_a_prediction_is_asked_for_before_anything_is_measured() -> None:
    page = visit(lesson="swap")
    assert page.button(key="predict").disabled
    assert not page.get("page_link")
    assert not page.get("plotly_chart")
    page.radio(key="predicted_swap_1").set_value(1).run()
    page.button(key="predict").click().run()
    assert query(page) == {"lesson": "swap", "answers": "b"}
    measured(page)
    assert page.radio(key="predicted_swap_1").disabled
    assert "The judge of SVHN reads the digit" in read_on(page)
    assert page.get("plotly_chart")
    (link,) = page.get("page_link")
    assert dict(pair.split("=") for pair in link.proto.query_string.split("&")) == {
        "section": "swap",
        "factor": "y",
        "back": "swap.1.b",
    }


def test_the_answer_is_the_measured_one_whatever_was_predicted() -> None:
    texts = set()
    for letter in "abc":
        page = measured(visit(lesson="swap", answers=letter))
        boxes = [*page.success, *page.info]
        texts.add(boxes[0].value.rpartition(": ")[2])
    assert len(texts) == 1


def test_a_measurement_waits_for_that_of_another_visitor_and_says_so_and_is_left_with_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "key_of", lambda measure: "lesson that nobody asked before")
    queue, go_on = job_queue(), threading.Event()
    other = queue.ask("of another visitor", lambda _: go_on.wait(60), "another visitor")
    try:
        page = visit(lesson="swap", answers="b")
        _, bar = page.get("progress")  # the first is of the lesson
        assert bar.proto.text == "Measuring the answer on the stored model. Waiting: 1 before this."
        assert len(queue.line()) == 2
        page.button(key="all_lessons").click().run()
        assert queue.line() == [other]
    finally:
        go_on.set()


def test_steps_are_turned_and_all_predictions_are_counted_at_the_end() -> None:
    page = visit(lesson="swap", step="3", answers="aaa")
    page.button(key="step_next").click().run()
    assert query(page) == {"lesson": "swap", "step": "4", "answers": "aaa"}
    page.radio(key="predicted_swap_4").set_value(0).run()
    page.button(key="predict").click().run()
    for _ in range(60):
        if "of your predictions held" in words_on(page):
            break
        page.run()
    assert "of 4</b> of your predictions held" in words_on(page)
    page.button(key="step_before").click().run()
    assert query(page)["step"] == "3"


def test_a_page_that_a_step_opened_leads_back() -> None:
    page = turn(visit(lesson="swap", answers="b"), "generate", section="swap", factor="mnist", back="swap.1.b")
    (link,) = [one for one in page.get("page_link") if "back to the lesson" in one.proto.label]
    assert link.proto.label == "Lesson 2, step 1: back to the lesson"
    assert link.proto.query_string == "lesson=swap&step=1&answers=b"
    assert query(page) == {"section": "swap", "factor": "mnist", "back": "swap.1.b"}
    turn(page, "lessons", lesson="swap", step="1", answers="b")
    assert query(page) == {"lesson": "swap", "answers": "b"}


def test_a_lesson_of_ones_own_is_tried_and_kept_nowhere() -> None:
    page = visit()
    page.file_uploader(key="own_lesson_file").upload("mine.toml", SWAP.replace(b'"Swap"', b'"Mine <b>"'), "text/plain")
    page.run()
    page.button(key="begin_own").click().run()
    assert not page.exception
    assert query(page) == {"lesson": "own"}
    assert page.header[0].value == r"Mine \<b\>"
    other = visit(lesson="own")
    assert query(other) == {}
    assert [warning.value for warning in other.warning] == [
        "The link's “lesson” could not be read; the default is shown."
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            SWAP.replace(b"ask = ", b"asks = ", 1),
            "mine.toml: steps.0.question.asks: expected no such key (did you mean ask?), got ",
        ),
        (SWAP.replace(b'section = "swap"', b'section = "swamp"', 1), "mine.toml: steps.0.opens: The link's “section”"),
        (
            b"#" * (MAX_LESSON_BYTES + 1),
            f"The file has {MAX_LESSON_BYTES + 1} bytes, and a lesson at most {MAX_LESSON_BYTES}.",
        ),
    ],
)
def test_a_bad_file_is_told_by_name_and_field(text: bytes, said: str) -> None:
    page = visit()
    page.file_uploader(key="own_lesson_file").upload("mine.toml", text, "text/plain").run()
    assert not page.exception
    assert page.error[0].value.replace("\\", "").startswith(said)
    assert not [button for button in page.button if button.key == "begin_own"]


def test_a_class_predicts_in_a_room() -> None:
    teacher = visit(lesson="swap")
    teacher.button(key="open_room").click().run()
    code = query(teacher)["room"]
    assert code in words_on(teacher)
    assert teacher.code[0].value.endswith(f"?room={code}")
    assert query(teacher)["host"] not in teacher.code[0].value

    students = [visit(room=code) for _ in range(3)]
    for student, place in zip(students, (0, 2, 2), strict=True):
        assert "in how many does the judge read" in read_on(student)
        student.button(key=f"choice_1_{place}").click().run()
        assert "Your answer is counted" in words_on(student)
    students[0].button(key="choice_1_2").click().run()
    teacher.run()
    assert "3 answered" in words_on(teacher)
    assert not teacher.get("plotly_chart")  # first votes would lead the others
    teacher.toggle(key="room_bars").set_value(True).run()
    assert teacher.get("plotly_chart")
    assert list(room.rooms().look(code, "x").counts) == [0, 0, 3]

    teacher.button(key="step_next").click().run()
    students[0].run()
    assert "read the digit of the pair that gave the style?" in read_on(students[0])
    assert "Your answer is counted" not in words_on(students[0])

    teacher.button(key="close_room").click().run()
    assert "room" not in query(teacher)
    students[0].run()
    assert students[0].info[0].value.startswith("There is no room of this code now.")


def test_a_reload_keeps_an_answer_and_counts_none_twice() -> None:
    code, _ = room.rooms().open(room.Poll("Who?", ("you", "me")))
    student = visit(room=code)
    student.button(key="choice_1_0").click().run()
    link = query(student)
    again = visit(**link)
    assert "Your answer is counted" in words_on(again)
    again.button(key="choice_1_1").click().run()
    assert query(again) == link
    assert room.rooms().look(code, "x").counts == (0, 1)


def test_rooms_that_cannot_be_kept_are_told(tmp_path: Path) -> None:
    (tmp_path / "jobs").write_text("")
    teacher = visit(lesson="swap")
    teacher.button(key="open_room").click().run()
    assert teacher.warning[0].value.startswith("rooms: expected a folder that can be written")
    student = visit(room="ABCDE")
    assert student.info[0].value.startswith("There is no room of this code now.")


def test_who_knows_the_code_alone_is_no_host() -> None:
    teacher = visit(lesson="swap")
    teacher.button(key="open_room").click().run()
    code = query(teacher)["room"]
    guest = visit(lesson="swap", room=code, host="guessed")
    assert not [button for button in guest.button if button.key in ("close_room", "step_next")]
    assert guest.header[0].value == f"Room {code}"


def test_a_room_is_joined_by_its_code() -> None:
    code, _ = room.rooms().open(room.Poll("Who?", ("you", "me")))
    page = visit()
    page.text_input(key="room_code").set_value(code.lower()).run()
    assert query(page) == {"room": code}
    assert "Who?" in words_on(page)
    page.button(key="leave_room").click().run()
    page.text_input(key="room_code").set_value("1").run()
    assert page.warning[0].value.startswith("A code has 5 letters and digits")


def test_a_wrong_code_is_told_where_it_is_typed_and_can_be_typed_again() -> None:
    code, _ = room.rooms().open(room.Poll("Who?", ("you", "me")))
    page = visit()
    page.text_input(key="room_code").set_value("ZZZZZ").run()
    assert query(page) == {}
    assert page.warning[0].value.startswith("There is no room ZZZZZ now.")
    by_link = visit(room="ZZZZZ")
    assert [one.value for one in by_link.header] == ["Join your class"]
    by_link.text_input(key="room_code").set_value(code).run()
    assert query(by_link) == {"room": code}
    assert "Who?" in words_on(by_link)


def test_what_a_teacher_writes_is_shown_as_text() -> None:
    code, _ = room.rooms().open(room.Poll("<script>alert(1)</script>", ("<b>a</b>", "[x](javascript:1)")))
    page = visit(room=code)
    assert "<script>" not in words_on(page)
    assert [button.label for button in page.button if (button.key or "").startswith("choice_")] == [
        r"\<b\>a\</b\>",
        r"\[x\]\(javascript\:1\)",
    ]
