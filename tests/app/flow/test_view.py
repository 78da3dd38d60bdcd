from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow import clip_source
from app.flow.view import UNCHANGED, FlowAllowed, FlowLinks, FlowView

THREE = ("language", "acoustic", "visual")
LIMITS = {
    "studio_balanced": FlowAllowed(THREE, (7, 9, 4), frozenset({"good", "don't"})),
    "studio_face_led": FlowAllowed(THREE, (7, 9, 4), frozenset({"good", "don't"})),
    "ict_mmmo": FlowAllowed(THREE, (20, 1)),
    "cmu_mosi": FlowAllowed(("language", "timing", "acoustic"), (3,)),
}
BOOK = FlowLinks(tuple(LIMITS), LIMITS.__getitem__, clip_source.clips_of)
KEYS = sorted(name.rstrip("_") for name in FlowView.model_fields)


@st.composite
def views(draw: st.DrawFn) -> FlowView:
    model = draw(st.sampled_from(BOOK.models))
    limits = LIMITS[model]
    clip = draw(st.integers(0, len(limits.lengths) - 1))
    edits = draw(st.booleans()) and limits.words
    return BOOK.fit(
        FlowView(
            model=model,
            clip=clip,
            from_=draw(st.sampled_from(["stored", "upload"])),
            factor=draw(st.sampled_from(["y", *limits.modalities])),
            axis=draw(st.sampled_from(["step", "time"])),
            scale=draw(st.sampled_from(["own", "common"])),
            beside=draw(st.sampled_from(["nothing", "model", "clip"])),
            second_model=draw(st.sampled_from(BOOK.models)),
            second_clip=draw(st.integers(0, 5)),
            truth=draw(st.sampled_from(["hidden", "shown", "locked"])),
            step=draw(st.integers(0, limits.lengths[clip] - 1)),
            word=draw(st.sampled_from(["", *sorted(limits.words)])) if edits else "",
            tone=draw(st.sampled_from(["same", "lowered", "plain", "raised"])) if edits else "same",
            face=draw(st.sampled_from(["same", "frown", "rest", "smile"])) if edits else "same",
        )
    )


@given(views())
def test_a_link_opens_the_view_it_was_made_of(view: FlowView) -> None:
    assert BOOK.parse(BOOK.link(view)) == (view, [])


def test_the_default_view_needs_no_parameters() -> None:
    assert BOOK.link(BOOK.defaults()) == {}
    assert BOOK.parse({}) == (BOOK.defaults(), [])


@given(st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=20)), st.text(max_size=60), max_size=10))
def test_any_link_gives_a_view_that_can_be_shown(params: dict[str, str]) -> None:
    view, notices = BOOK.parse(params)
    assert FlowView.model_validate(view.model_dump()) == view
    assert BOOK.fit(view) == view
    limits = LIMITS[view.model]
    assert view.clip < len(limits.lengths)
    assert view.second_clip < len(limits.lengths)
    assert view.factor in ("y", *limits.modalities)
    assert view.word in ("", *limits.words)
    assert len(notices) <= len(KEYS) + 3


@given(st.text(min_size=6, alphabet=st.characters(exclude_characters="0123456789 ")).filter(lambda t: t not in KEYS))
def test_no_notice_repeats_what_the_link_says(text: str) -> None:
    text = f"zq{text}"  # no word of our sentences
    _, notices = BOOK.parse({"model": text, "word": text, text: "1"})
    assert notices
    assert all(text not in notice for notice in notices)


@pytest.mark.parametrize(
    ("params", "field", "value"),
    [
        ({"clip": "3"}, "clip", 2),
        ({"clip": "-1"}, "clip", 0),
        ({"second_clip": "99999999999"}, "second_clip", 2),
        ({"step": "8"}, "step", 6),
        ({"step": "4000"}, "step", 6),
        ({"clip": "2", "step": "5"}, "step", 3),
    ],
)
def test_numbers_out_of_range_are_clamped_and_noted(params: dict[str, str], field: str, value: int) -> None:
    view, notices = BOOK.parse(params)
    assert getattr(view, field) == value
    assert "out of range" in notices[0]


@pytest.mark.parametrize(
    "params",
    [
        {"model": "svhn_mnist"},
        {"model": "../../etc"},
        {"clip": "1e3"},
        {"clip": "٣"},
        {"factor": "timing"},
        {"word": "evil"},
        {"word": "<script>"},
        {"word": "good\n"},
        {"tone": "loud"},
        {"face": "grin"},
        {"truth": "yes"},
        {"from": "nowhere"},
        {"axis": ""},
    ],
)
def test_what_cannot_be_read_gives_the_default_and_a_notice(params: dict[str, str]) -> None:
    view, notices = BOOK.parse(params)
    assert len(notices) == 1
    assert view == BOOK.defaults()


def test_a_what_if_of_a_model_without_one_is_dropped_with_a_notice() -> None:
    view, notices = BOOK.parse({"model": "ict_mmmo", "tone": "raised"})
    assert not view.changed
    assert ["what-if" in notice for notice in notices] == [True]


def test_only_models_of_the_same_clips_are_set_side_by_side() -> None:
    assert BOOK.peers("studio_balanced") == ("studio_face_led",)
    assert BOOK.peers("ict_mmmo") == ()
    assert BOOK.fit(FlowView(model="ict_mmmo", beside="model")).beside == "nothing"
    assert BOOK.fit(FlowView(beside="model", second_model="ict_mmmo")).second_model == "studio_face_led"


def test_a_view_is_changed_only_by_the_what_if() -> None:
    assert not FlowView(step=3, truth="shown").changed
    assert FlowView(word="good").changed
    assert FlowView(tone="plain").changed
    assert not FlowView(word="good").model_copy(update=dict(UNCHANGED)).changed
