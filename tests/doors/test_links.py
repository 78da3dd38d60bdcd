"""Links: whatever anyone writes into an address, each page opens a view that it can show, and repeats none of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ablations.view import AblationsLinks, AblationsView
from app.about.view import AboutLinks, AboutView
from app.claims.view import ClaimsLinks, ClaimsView
from app.dependency.view import DependencyAllowed, DependencyLinks, DependencyView
from app.flow import clip_source
from app.flow.view import FlowAllowed, FlowLinks, FlowView
from app.generate.view import Allowed, GenerateLinks, View
from app.lab.view import LabLinks, LabView
from app.lessons import catalogue
from app.lessons.view import LessonsLinks, LessonsView
from app.shared.links import LinkCodec, Linked
from app.shared.page_frame import PARTS, read_frame, without_frame
from app.shared.pictures import UnreadablePictureError, unpack
from app.start.view import StartLinks, StartView
from tests.doors.doors import HTML, at_most, door, one_sentence

STREAMS = ("language", "acoustic", "visual")
FLOW = {name: FlowAllowed(STREAMS, (7, 9), frozenset({"good"})) for name in ("studio_balanced", "studio_face_led")}
DEPENDENCY = {"studio_balanced": DependencyAllowed(STREAMS, 400), "pom": DependencyAllowed(("acoustic",), 12)}
GENERATE = Allowed(("svhn", "mnist"), {"y": 8, "svhn": 32, "mnist": 16}, directions=8, pairs=60, shown=(3, 7))
PAGES: dict[str, tuple[LinkCodec, type[Linked]]] = {
    "start": (StartLinks(), StartView),
    "generate": (GenerateLinks(GENERATE), View),
    "flow": (FlowLinks(tuple(FLOW), FLOW.__getitem__, clip_source.clips_of), FlowView),
    "dependency": (DependencyLinks(tuple(DEPENDENCY), ("pom",), DEPENDENCY.__getitem__), DependencyView),
    "claims": (ClaimsLinks(("swap",), {"t": {"mae": ("a", "b")}}, {"t": ("mfm",)}), ClaimsView),
    "ablations": (AblationsLinks(("t",), ("svhn_mnist",), 50), AblationsView),
    "lab": (LabLinks(("digits8", "upload")), LabView),
    "lessons": (LessonsLinks(catalogue.shipped()), LessonsView),
    "about": (AboutLinks(("svhn_mnist", "pom")), AboutView),
}
TEXTS = st.one_of(
    st.text(max_size=40),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from([HTML, "../../etc/passwd", "٣", "1e9", "0x10", "1_0", "\x00", "y", "svhn", "pom", "a" * 20_000]),
)


@pytest.mark.parametrize("page", PAGES)
@given(data=st.data())
@door
def test_any_link_opens_a_view_that_can_be_shown(page: str, data: st.DataObject) -> None:
    codec, kind = PAGES[page]
    keys = [name.rstrip("_") for name in kind.model_fields]
    keyed = st.one_of(st.sampled_from(keys), st.text(max_size=9)) if keys else st.text(max_size=9)
    params = data.draw(st.dictionaries(keyed, TEXTS, max_size=8))
    with at_most(20_000_000):
        view, notices = codec.parse(params)
    assert kind.model_validate(view.model_dump()) == view
    assert codec.fit(view) == view
    for notice in notices:
        assert "<" not in notice
        assert len(notice) < 300
    again = codec.link(view)
    assert sum(map(len, again.values())) < 40_000
    assert codec.parse(again)[0] == view


@given(st.dictionaries(st.one_of(st.sampled_from(PARTS), st.text(max_size=9)), TEXTS, max_size=8))
@door
def test_any_frame_of_a_link_is_read_and_repeats_nothing(params: dict[str, str]) -> None:
    with at_most(20_000_000):
        frame, notices = read_frame(params)
    assert all("<" not in notice and len(notice) < 300 for notice in notices)
    assert read_frame(frame.link()) == (frame, [])
    assert without_frame(params).keys() == params.keys() - set(PARTS)


@given(st.one_of(TEXTS, st.text("ABCabc019-_", max_size=200)))
@door
def test_any_picture_of_a_link_is_read_or_refused(text: str) -> None:
    try:
        with at_most(50_000_000):
            picture = unpack(text, (1, 28, 28))
    except UnreadablePictureError as error:
        one_sentence(error)
        return
    assert picture.shape == (1, 28, 28)
    assert 0 <= picture.min() <= picture.max() <= 1
