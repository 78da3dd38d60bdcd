from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.dependency.view import FEWEST, DependencyAllowed, DependencyLinks, DependencyView

LIMITS = {
    "studio_balanced": DependencyAllowed(("language", "acoustic", "visual"), 400),
    "studio_face_led": DependencyAllowed(("language", "acoustic", "visual"), 400),
    "ict_mmmo": DependencyAllowed(("language", "acoustic", "visual"), 40),
    "pom": DependencyAllowed(("acoustic", "visual"), 12),
}
BOOK = DependencyLinks(tuple(LIMITS), ("studio_balanced", "studio_face_led"), LIMITS.__getitem__)
KEYS = sorted(DependencyView.model_fields)


@st.composite
def views(draw: st.DrawFn) -> DependencyView:
    names = draw(st.lists(st.sampled_from(BOOK.models), min_size=1, max_size=4, unique=True))
    return BOOK.fit(
        DependencyView(
            models=".".join(names),
            seed=draw(st.integers(0, 999_999)),
            kernel=draw(st.sampled_from(["averaged", "alignment"])),
            bandwidth=draw(st.sampled_from(["one", "median", "value"])),
            value=draw(st.integers(5, 5_000)),
            n=draw(st.integers(0, 2_000)),
            gram=draw(st.sampled_from(["language", "acoustic", "visual"])),
            of=draw(st.integers(0, 3)),
        )
    )


@given(views())
def test_a_link_opens_the_view_it_was_made_of(view: DependencyView) -> None:
    assert BOOK.parse(BOOK.link(view)) == (view, [])


def test_the_default_view_needs_no_parameters() -> None:
    assert BOOK.link(BOOK.defaults()) == {}
    assert BOOK.parse({}) == (BOOK.defaults(), [])


@given(st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=20)), st.text(max_size=200), max_size=8))
@example({"models": "none"})
def test_any_link_gives_a_view_that_can_be_shown(params: dict[str, str]) -> None:
    view, notices = BOOK.parse(params)
    assert DependencyView.model_validate(view.model_dump()) == view
    assert BOOK.fit(view) == view
    assert set(view.names) <= set(LIMITS)
    assert len(set(view.names)) == len(view.names)
    assert not view.names or view.gram in LIMITS[view.about].modalities  # a link may ask for no model at all
    assert view.n == 0 or view.n >= FEWEST
    assert len(notices) <= len(KEYS) + 3


@given(st.text(min_size=6, alphabet=st.characters(exclude_characters="0123456789 ")))
def test_no_notice_repeats_what_the_link_says(text: str) -> None:
    text = f"zq{text}"  # no word of our sentences
    _, notices = BOOK.parse({"models": text, "kernel": text, text: "1"})
    assert notices
    assert all(text not in notice for notice in notices)


@pytest.mark.parametrize(
    ("params", "field", "value"),
    [
        ({"n": "100000"}, "n", 0),
        ({"n": "3"}, "n", FEWEST),
        ({"n": "-7"}, "n", 0),
        ({"value": "1"}, "value", 5),
        ({"seed": "1000000"}, "seed", 999_999),
        ({"of": "9"}, "of", 0),
        ({"of": "3"}, "of", 0),
        ({"models": "pom"}, "gram", "acoustic"),
        ({"models": "pom.nothing_there"}, "models", "pom"),
    ],
)
def test_what_is_out_of_range_is_put_right(params: dict[str, str], field: str, value: object) -> None:
    view, notices = BOOK.parse(params)
    assert getattr(view, field) == value
    assert notices or params == {"models": "pom"}


@pytest.mark.parametrize(
    "params",
    [
        {"models": "a.b.c.d.e"},
        {"models": "..."},
        {"models": "../../etc/passwd"},
        {"models": "nothing_there"},
        {"models": "a" * 5_000},
        {"kernel": "<script>alert(1)</script>"},
        {"bandwidth": "1.0"},
        {"value": "3.5"},
        {"n": "nan"},
        {"gram": "y\n"},
    ],
)
def test_what_cannot_be_read_gives_the_default_and_a_notice(params: dict[str, str]) -> None:
    view, notices = BOOK.parse(params)
    assert len(notices) == 1
    assert view == BOOK.defaults()
