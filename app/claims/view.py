"""View of the page Claims as a value: everything that its link carries, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from app.shared.links import Linked, read_fields, unknown_parts, write_fields

Section = Literal["claims", "systems", "tables"]
ALL = "all"
Word = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,80}$")]


class ClaimsView(Linked):
    """View of the page.

    Attributes:
        section: The claims, the chart of systems, or the paper's tables.
        claim: The claim whose test is open.
        table: The table of results whose systems are shown.
        metric: The metric that is shown.
        subject: The trait or score of a label of several; ``all`` for their mean.
        system: The system whose rows are shown; ``all`` for every one.
        paper: The table of the paper.
    """

    section: Section = "claims"
    claim: Word = "multimodal"
    table: Word = ALL
    metric: Word = "a2"
    subject: Word = ALL
    system: Word = ALL
    paper: Literal["pom", "sentiment", "iemocap", "ablations"] = "sentiment"


@dataclass(frozen=True)
class ClaimsLinks:
    """How the links of the page are read and written, see ``app.shared.links.LinkCodec``.

    Attributes:
        claims: Keys of the claims.
        tables: Of each table of results its metrics, of each metric its subjects, and of each table its systems.
        systems: Of each table its systems.
    """

    claims: tuple[str, ...]
    tables: Mapping[str, Mapping[str, tuple[str, ...]]]
    systems: Mapping[str, tuple[str, ...]]

    def parse(self, params: Mapping[str, str]) -> tuple[ClaimsView, list[str]]:
        """The view of a link, and a sentence for each thing that was put right."""
        view, notices = read_fields(params, self._defaults(), lambda _: (0, 0), {"claim": self.claims})
        fitted = self.fit(view)
        if any(
            key in params and getattr(fitted, key) != getattr(view, key)
            for key in ("table", "metric", "subject", "system")
        ):
            notices.append("The link asks for results that are not stored here; those that are stored are shown.")
        return fitted, notices + unknown_parts(params, ClaimsView)

    def fit(self, view: ClaimsView) -> ClaimsView:
        """The nearest view that can be shown."""
        claim = view.claim if view.claim in self.claims else self.claims[0]
        if not self.tables:
            return view.model_copy(update={"claim": claim})
        table = view.table if view.table in self.tables else next(iter(self.tables))
        metrics = self.tables[table]
        metric = view.metric if view.metric in metrics else next(iter(metrics))
        subject = view.subject if view.subject in metrics[metric] else metrics[metric][0]
        system = view.system if view.system in self.systems[table] else ALL
        fields = {"claim": claim, "table": table, "metric": metric, "subject": subject, "system": system}
        return view.model_copy(update=fields)

    def link(self, view: ClaimsView) -> dict[str, str]:
        """The query parameters that open this view."""
        return write_fields(view, self._defaults())

    def _defaults(self) -> ClaimsView:
        return self.fit(ClaimsView(claim=self.claims[0]))
