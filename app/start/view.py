"""View of the page Start: it has nothing to choose, so a link with parts is one of the page Generate."""

from __future__ import annotations

from collections.abc import Mapping

from app.generate.view import View
from app.shared.links import Linked, fields, unknown_parts


class StartView(Linked):
    """View of the page; it has no fields."""


class StartLinks:
    """How the links of the page are read and written, see ``app.shared.links.LinkCodec``."""

    def parse(self, params: Mapping[str, str]) -> tuple[StartView, list[str]]:
        """The view of a link, and a sentence if it has parts."""
        return StartView(), unknown_parts(params, StartView)

    def fit(self, view: StartView) -> StartView:
        """The view itself."""
        return view

    def link(self, view: StartView) -> dict[str, str]:
        """No query parameters."""
        del view
        return {}


def of_generate(params: Mapping[str, str]) -> bool:
    """Whether a link without a page was made when Generate was the first one."""
    return any(name in fields(View) for name in params)
