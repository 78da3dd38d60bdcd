"""View of the page Ablations as a value: everything that its link carries, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from app.shared.links import Linked, declared_range, names_pattern, read_fields, unknown_parts, write_fields
from mfm_core.experiments.variants import VARIANTS

MOST_COMPARED = 4
NAMES = names_pattern(MOST_COMPARED)


class AblationsView(Linked):
    """View of the page.

    Attributes:
        variants: Names of up to four variants, with a dot between.
        table: The table of results that their figures are of.
        models: Names of up to four stored models, with a dot between; empty for the first that can be compared.
        source: What goes through all of them: a real pair, or draws of the prior.
        pair: The held-out pair.
        draw: Seed of the draws.
    """

    variants: Annotated[str, Field(pattern=NAMES, max_length=170)] = "mfm.m_a.m_c.m_e"
    table: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,80}$")] = "cmu_mosi"
    models: Annotated[str, Field(pattern=rf"^$|{NAMES}", max_length=170)] = ""
    source: Literal["pair", "prior"] = "pair"
    pair: Annotated[int, Field(ge=0)] = 0
    draw: Annotated[int, Field(ge=0, le=99)] = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The variants, one by one."""
        return tuple(self.variants.split("."))

    @property
    def stored(self) -> tuple[str, ...]:
        """The stored models, one by one."""
        return tuple(self.models.split(".")) if self.models else ()


@dataclass(frozen=True)
class AblationsLinks:
    """How the links of the page are read and written, see ``app.shared.links.LinkCodec``.

    Attributes:
        tables: Names of the tables of results, the one shown first in front.
        models: Names of the stored models that can be compared.
        n_pairs: Held-out pairs that they have codes of.
        first_pair: The pair that is shown first.
    """

    tables: tuple[str, ...]
    models: tuple[str, ...] = ()
    n_pairs: int = 1
    first_pair: int = 0

    def parse(self, params: Mapping[str, str]) -> tuple[AblationsView, list[str]]:
        """The view of a link, and a sentence for each thing that was put right."""
        view, notices = read_fields(params, self._defaults(), self._range, {})
        fitted = self.fit(view)
        if fitted.variants != view.variants:
            notices.append("The link's “variants” are not all known; those that are known are shown.")
        if "table" in params and fitted.table != view.table:
            notices.append("The link's “table” has none of the variants here; the first that has is shown.")
        if fitted.models != view.models:
            notices.append("The link's “models” are not all stored here; those that are stored are shown.")
        return fitted, notices + unknown_parts(params, AblationsView)

    def fit(self, view: AblationsView) -> AblationsView:
        """The nearest view that can be shown."""
        names = [name for name in dict.fromkeys(view.names) if name in VARIANTS] or ["mfm"]
        table = view.table if view.table in self.tables or not self.tables else self.tables[0]
        models = [name for name in dict.fromkeys(view.stored) if name in self.models][:MOST_COMPARED]
        pair = min(view.pair, self.n_pairs - 1)
        changes = {
            "variants": ".".join(names[:MOST_COMPARED]),
            "table": table,
            "models": ".".join(models),
            "pair": pair,
        }
        return view.model_copy(update=changes)

    def link(self, view: AblationsView) -> dict[str, str]:
        """The query parameters that open this view."""
        return write_fields(view, self._defaults())

    def _defaults(self) -> AblationsView:
        return self.fit(AblationsView(pair=self.first_pair))

    def _range(self, name: str) -> tuple[int, int]:
        return declared_range(AblationsView, name, self.n_pairs - 1)
