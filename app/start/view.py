"""View of the page Start: where its sliders stand; a link with other parts is one of the page Generate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from app.generate.view import View
from app.shared.links import Linked, fields, read_fields, unknown_parts, write_fields


class StartView(Linked):
    """View of the page.

    Attributes:
        z: All blocks of Z, as the element writes them; empty for those of the first pair.
    """

    z: Annotated[str, Field(max_length=8_192, pattern=r"^[A-Za-z0-9_-]*$")] = ""


class StartLinks:
    """How the links of the page are read and written, see ``app.shared.links.LinkCodec``."""

    def parse(self, params: Mapping[str, str]) -> tuple[StartView, list[str]]:
        """The view of a link, and a sentence for each thing that was put right."""
        view, notices = read_fields(params, StartView(), lambda _: (0, 0), {})
        return view, notices + unknown_parts(params, StartView)

    def fit(self, view: StartView) -> StartView:
        """The view itself."""
        return view

    def link(self, view: StartView) -> dict[str, str]:
        """The query parameters that open a view."""
        return write_fields(view, StartView())


def of_generate(params: Mapping[str, str]) -> bool:
    """Whether a link without a page was made when Generate was the first one."""
    return any(name in fields(View) and name not in fields(StartView) for name in params)
