from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.about.view import AboutLinks, AboutView

BOOK = AboutLinks(("svhn_mnist", "studio_balanced"))


@given(st.sampled_from(BOOK.models))
def test_a_link_opens_the_model_it_was_made_of(model: str) -> None:
    view = AboutView(model=model)
    assert BOOK.parse(BOOK.link(view)) == (view, [])


@given(st.dictionaries(st.one_of(st.just("model"), st.text(max_size=12)), st.text(max_size=60), max_size=4))
def test_any_link_gives_a_stored_model(params: dict[str, str]) -> None:
    view, notices = BOOK.parse(params)
    assert view.model in BOOK.models
    assert len(notices) <= 2


def test_a_model_that_is_gone_gives_the_first() -> None:
    assert AboutLinks(("other",)).fit(AboutView(model="svhn_mnist")) == AboutView(model="other")
