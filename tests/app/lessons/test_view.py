"""Links of the page Lessons, and of the pages that lessons open."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.about.view import AboutLinks
from app.dependency import held_out_codes
from app.dependency.view import DependencyLinks
from app.flow import clip_source
from app.flow.view import FlowLinks
from app.generate import digit_model, slider_models
from app.generate.view import GenerateLinks
from app.lessons import catalogue
from app.lessons.states import link_of, problems, view_of
from app.lessons.view import LessonsLinks, LessonsView
from app.shared import stored_models
from app.shared.links import LinkCodec
from app.shared.page_frame import read_frame
from mfm_core.lessons.lesson import Lesson
from mfm_core.lessons.measure import ShippedModels

LESSONS = catalogue.shipped()
LINKS = LessonsLinks(LESSONS)
NAMES = ("lesson", "step", "answers", "room", "host")


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=30) | st.sampled_from([*LESSONS, "2", "ab-c", "7"])))
def test_any_link_gives_a_view_that_its_own_link_opens(params: dict[str, str]) -> None:
    view, notices = LINKS.parse(params)
    assert LINKS.parse(LINKS.link(view)) == (view, [])
    assert len(notices) <= 2 * len(NAMES)
    if view.lesson:
        assert 1 <= view.step <= len(LESSONS[view.lesson].steps)


@pytest.mark.parametrize(
    ("params", "fitted", "notices"),
    [
        (
            {"lesson": "swap", "step": "9"},
            {"lesson": "swap", "step": "4"},
            ["The link's “step” is out of range; 4 is shown."],
        ),
        ({"lesson": "nope"}, {}, ["The link's “lesson” could not be read; the default is shown."]),
        (
            {"lesson": "swap", "answers": "af-b"},
            {"lesson": "swap", "answers": "a--b"},
            ["The link's “answers” are not all possible in this lesson; the others are left out."],
        ),
        ({"room": " abcde"}, {"room": "ABCDE"}, []),
        ({"room": "ABC"}, {}, ["The link's “room” could not be read; the default is shown."]),
    ],
)
def test_what_a_link_says_wrongly_is_put_right_and_told(
    params: dict[str, str], fitted: dict[str, str], notices: list[str]
) -> None:
    view, told = LINKS.parse(params)
    assert LINKS.link(view) == fitted
    assert told == notices


def test_answers_are_letters_by_step() -> None:
    view = LessonsView(lesson="swap", answers=LessonsView().answered(3, 1))
    assert view.answers == "--b"
    assert [view.answer(step) for step in (1, 3, 4)] == [None, 1, None]
    assert view.answered(1, 0) == "a-b"


def codecs() -> dict[str, LinkCodec]:
    """The codecs of the pages with the models that are shipped."""
    models, _ = clip_source.playable()
    measurable = held_out_codes.measurable()
    return {
        "generate": GenerateLinks(
            replace(
                digit_model.load(stored_models.stored_as(digit_model.MODEL)).limits,
                sliders=slider_models.sizes((digit_model.MODEL, slider_models.CONTRAST)),
            )
        ),
        "flow": FlowLinks(
            clip_source.ordered(models), lambda name: clip_source.load(name).limits, clip_source.clips_of
        ),
        "dependency": DependencyLinks(measurable, measurable[:3], lambda name: held_out_codes.load(name).limits),
        "about": AboutLinks(stored_models.models()),
    }


def test_every_shipped_lesson_opens_pages_as_their_own_links_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MFM_PRETRAINED", raising=False)
    pages = codecs()
    for name, lesson in LESSONS.items():
        assert problems(lesson) == []
        for step in lesson.steps:
            codec = pages[step.opens.page]
            view, notices = codec.parse(step.opens.link)
            assert notices == [], (name, step.title)
            assert all(codec.link(view).get(key, value) == value for key, value in step.opens.link.items())


def test_lessons_stand_at_the_places_that_their_files_tell() -> None:
    def at(place: int | None) -> Lesson:
        return LESSONS["swap"].model_copy(update={"place": place})

    assert list(catalogue.in_order({"b": at(None), "c": at(2), "a": at(None), "d": at(1)})) == ["d", "c", "a", "b"]
    with pytest.raises(ValueError, match=r"^c: place: expected one that no other lesson has, got 2, of a$"):
        catalogue.in_order({"a": at(2), "c": at(2)})
    assert [lesson.place for lesson in LESSONS.values()] == list(range(1, len(LESSONS) + 1))
    assert [catalogue.called(name) for name in LESSONS] == [f"Lesson {i}" for i in range(1, len(LESSONS) + 1)]


@pytest.mark.parametrize("name", LESSONS)
def test_every_question_of_a_shipped_lesson_has_a_right_choice(name: str) -> None:
    models = ShippedModels()
    for step in LESSONS[name].steps:
        assert step.question is not None
        answer = step.question.measure.answer(models)
        assert 0 <= step.question.right(answer) < len(step.question.choices)
        assert answer.sentence.endswith((".", ")."))
        assert answer.counts


def test_the_way_back_is_read_as_it_was_written() -> None:
    state = LESSONS["swap"].steps[0].opens
    frame, notices = read_frame(link_of(state, "swap", 2, "ab"))
    assert (frame.back, notices) == ("swap.2.ab", [])


def test_a_link_that_no_page_has_is_a_problem() -> None:
    told = LESSONS["swap"].model_dump()
    told["steps"][0]["opens"] = {"page": "generate", "link": {"section": "swamp", "colour": "red", "seed": "-3"}}
    told["steps"][1]["opens"] = {"page": "shared", "link": {}}
    found = problems(Lesson.model_validate(told))
    assert found == [
        "steps.0.opens: The link's “section” could not be read; the default is shown.",
        "steps.0.opens: The link's “seed” is out of range; 0 is shown.",
        "steps.0.opens: 1 unknown part of the link was ignored.",
        "steps.1.opens: page: expected the folder of a page with links, such as generate or flow, got 'shared'",
    ]


def test_the_view_of_a_page_is_found_by_its_folder() -> None:
    assert view_of("lessons") is LessonsView
    assert view_of("nowhere") is None
