from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.generate.view import FRAMES, Allowed, GenerateLinks, View, defaults_for, fit, link, parse

SIZES = {"y": 8, "svhn": 32, "mnist": 16}
SLIDERS = {"svhn_mnist": SIZES, "svhn_mnist_eq4": {"y": 3, "svhn": 5, "mnist": 2}}
LIMITS = Allowed(("svhn", "mnist"), SIZES, directions=8, pairs=60, shown=(3, 7), sliders=SLIDERS)
NAMES = st.text(st.characters(exclude_characters="~", exclude_categories=["Cs"]), min_size=1, max_size=24)
KEYS = sorted(name.rstrip("_") for name in View.model_fields)


def letters(numbers: int) -> str:
    """A Z of so many numbers, all 0, as a link has it."""
    return base64.urlsafe_b64encode(bytes(2 * numbers)).decode().rstrip("=")


def paths(factor: str) -> st.SearchStrategy[str]:
    size = LIMITS.sizes[factor]
    return st.one_of(
        st.just("pair"),
        st.integers(1, min(size, LIMITS.directions)).map(lambda i: f"direction-{i}"),
        st.integers(1, size).map(lambda i: f"dimension-{i}"),
    )


@st.composite
def views(draw: st.DrawFn) -> View:
    factor = draw(st.sampled_from(["y", "svhn", "mnist"]))
    model = draw(st.sampled_from(["", "svhn_mnist_eq4"]))
    sizes = LIMITS.sliders[model or "svhn_mnist"]
    rows = [f"{factor}-{i + 1}" for factor, size in sizes.items() for i in range(min(size, 8))]
    return View(
        section=draw(st.sampled_from(["sample", "swap", "slide", "read", "translate"])),
        seed=draw(st.integers(0, 999_999)),
        source=draw(st.sampled_from(["posterior", "prior"])),
        factor=factor,
        a=draw(st.integers(0, 59)),
        b=draw(st.integers(0, 59)),
        size=draw(st.integers(2, 10)),
        path=draw(paths(factor)),
        at=draw(st.integers(0, FRAMES - 1)),
        given=draw(st.sampled_from(["svhn", "mnist"])),
        from_=draw(st.sampled_from(["pair", "draw", "upload"])),
        z=draw(st.sampled_from(["", letters(sum(sizes.values()))])),
        model=model,
        locks=".".join(draw(st.lists(st.sampled_from(rows), unique=True))),
        names="~".join(f"{row}~{name}" for row, name in draw(st.dictionaries(st.sampled_from(rows), NAMES)).items()),
        picture=draw(st.text("abcXYZ019-_", max_size=40)),
    )


@given(views())
def test_a_link_opens_the_view_it_was_made_of(view: View) -> None:
    assert parse(link(view, LIMITS), LIMITS) == (view, [])


def test_the_default_view_needs_no_parameters() -> None:
    assert link(defaults_for(LIMITS), LIMITS) == {}
    assert parse({}, LIMITS) == (defaults_for(LIMITS), [])


@given(st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=20)), st.text(max_size=60), max_size=8))
def test_any_link_gives_a_view_that_the_model_can_show(params: dict[str, str]) -> None:
    view, notices = parse(params, LIMITS)
    assert View.model_validate(view.model_dump()) == view
    assert fit(view, LIMITS) == view
    assert 0 <= view.a < LIMITS.pairs
    assert 0 <= view.b < LIMITS.pairs
    assert view.factor in LIMITS.sizes
    assert view.given in LIMITS.modalities
    assert len(notices) <= len(KEYS) + 2


@given(st.text(min_size=6, alphabet=st.characters(exclude_characters="0123456789 ")))
def test_no_notice_repeats_what_the_link_says(text: str) -> None:
    text = f"zq{text}"  # no word of our sentences
    _, notices = parse({"section": text, text: "1"}, LIMITS)
    assert notices
    assert all(text not in notice for notice in notices)


@pytest.mark.parametrize(
    ("params", "field", "value"),
    [
        ({"seed": "1000000"}, "seed", 999_999),
        ({"seed": "-4"}, "seed", 0),
        ({"size": "99"}, "size", 10),
        ({"at": "61"}, "at", 60),
        ({"a": "60"}, "a", 59),
    ],
)
def test_numbers_out_of_range_are_clamped_and_noted(params: dict[str, str], field: str, value: int) -> None:
    view, notices = parse(params, LIMITS)
    assert getattr(view, field) == value
    assert "out of range" in notices[0]


@pytest.mark.parametrize(
    "params",
    [
        {"seed": "9" * 5_000},
        {"seed": "1e3"},
        {"seed": "٣"},
        {"seed": "0\x1f"},
        {"seed": " 1"},
        {"factor": "audio"},
        {"factor": "y\n"},
        {"given": "y"},
        {"source": "<script>alert(1)</script>"},
        {"path": "direction-0"},
        {"path": "../../etc/passwd"},
        {"path": "dimension-9"},
        {"picture": "A" * 9_000},
        {"picture": "ä"},
        {"stranger": "svhn_mnist"},
        {"at": ""},
    ],
)
def test_what_cannot_be_read_gives_the_default_and_a_notice(params: dict[str, str]) -> None:
    view, notices = parse(params, LIMITS)
    assert len(notices) == 1
    assert view == defaults_for(LIMITS)


@pytest.mark.parametrize(
    ("params", "kept"),
    [
        ({"z": "!!!!", "model": "nope", "locks": "x", "names": "x"}, {}),
        ({"z": "AAAA", "model": "svhn_mnist_EQ4"}, {}),
        ({"z": letters(56), "model": "nope"}, {"z": letters(56)}),
        ({"model": "svhn_mnist_eq4", "z": letters(56)}, {"model": "svhn_mnist_eq4"}),
        ({"locks": "svhn-1.svhn-9.svhn-1"}, {"locks": "svhn-1"}),
        ({"locks": "svhn-1.y-raw8"}, {"locks": "y-raw8"}),
        ({"names": "svhn-1~smoke~svhn-99~x"}, {"names": "svhn-1~smoke"}),
        ({"names": "mnist-2~" + "long" * 9}, {"names": "mnist-2~" + "long" * 6}),
    ],
)
def test_each_part_of_the_sliders_that_is_not_of_their_model_is_named(
    params: dict[str, str], kept: dict[str, str]
) -> None:
    view, notices = parse(params | {"section": "slide"}, LIMITS)
    assert view == View.model_validate(defaults_for(LIMITS).model_dump() | kept | {"section": "slide"})
    changed = {name for name in params if params[name] != kept.get(name)}
    assert {name for name in params if any(f"“{name}”" in notice for notice in notices)} == changed
    assert len(notices) == len(changed)


def test_a_link_to_a_run_whose_model_is_not_shown_is_told_and_left_out() -> None:
    run, other = "0" * 12, "1" * 12
    view, notices = GenerateLinks(LIMITS, run).parse({"lab": run})
    assert (view.lab, notices) == (run, [])
    view, notices = GenerateLinks(LIMITS).parse({"lab": other})
    assert (view.lab, len(notices)) == ("", 1)
    assert "not here any more" in notices[0]
    assert GenerateLinks(LIMITS, run).fit(View(lab=other)).lab == ""
