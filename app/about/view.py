"""View of the page About this model: one of the stored models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from app.shared.links import NAME, Linked, read_fields, unknown_parts, write_fields


class AboutView(Linked):
    """View of the page.

    Attributes:
        model: The model whose card is shown.
    """

    model: Annotated[str, Field(pattern=NAME)] = "svhn_mnist"


@dataclass(frozen=True)
class AboutLinks:
    """How the links of the page are read and written, see ``app.shared.links.LinkCodec``.

    Attributes:
        models: Names of the stored models, the one shown first in front.
    """

    models: tuple[str, ...]

    def parse(self, params: Mapping[str, str]) -> tuple[AboutView, list[str]]:
        """The view of a link, and a sentence for each thing that was put right."""
        view, notices = read_fields(params, self._defaults(), lambda _: (0, 0), {"model": self.models})
        return view, notices + unknown_parts(params, AboutView)

    def fit(self, view: AboutView) -> AboutView:
        """The nearest view that can be shown."""
        return view if view.model in self.models else self._defaults()

    def link(self, view: AboutView) -> dict[str, str]:
        """The query parameters that open this view."""
        return write_fields(view, self._defaults())

    def _defaults(self) -> AboutView:
        return AboutView(model=self.models[0]) if self.models else AboutView()
