"""View of the page Lab as a value: everything that its link carries, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from app.shared.links import Linked, declared_range, read_fields, unknown_parts, write_fields
from mfm_core.lab.settings import MAX_MINUTES, LabSettings, switches

NO_TERMS = "none"
JobName = Annotated[str, Field(pattern=r"^([0-9a-f]{12})?$")]


class LabView(Linked):
    """View of the page.

    Attributes:
        job: The run that is shown; empty for none.
        beside: A second run beside it.
        data: The data set of a new run.
        weight: Lambda.
        independence: How the distance to the prior is measured.
        terms: The terms added to Eq. 4, with a dot between; ``none`` for none.
        d_y: Size of Z_y.
        d_a: Size of each Z_a.
        minutes: How long it may train.
        seed: Of everything random.
    """

    job: JobName = ""
    beside: JobName = ""
    data: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")] = "digits8"
    weight: Annotated[int, Field(ge=0, le=1_000)] = 100
    independence: Literal["joint", "per_block", "published_code", "none"] = "joint"
    terms: Annotated[str, Field(pattern=r"^[a-z0-9_.]{1,400}$")] = Field(default_factory=lambda: ".".join(switches()))
    d_y: Annotated[int, Field(ge=1, le=32)] = 8
    d_a: Annotated[int, Field(ge=1, le=32)] = 8
    minutes: Annotated[int, Field(ge=1, le=int(MAX_MINUTES))] = 2
    seed: Annotated[int, Field(ge=0, le=999_999)] = 0

    @property
    def settings(self) -> LabSettings:
        """Settings of a new run."""
        return LabSettings.model_validate(
            {
                "data": self.data,
                "minutes": self.minutes,
                "d_y": self.d_y,
                "d_a": self.d_a,
                "mmd": self.weight,
                "independence": self.independence,
                "terms": [term for term in switches() if term in self.terms.split(".")],
                "seed": self.seed,
            }
        )


@dataclass(frozen=True)
class LabLinks:
    """How the links of the page are read and written, see ``app.shared.links.LinkCodec``.

    Attributes:
        data: Names of the data sets that are offered, the one shown first in front.
    """

    data: tuple[str, ...]

    def parse(self, params: Mapping[str, str]) -> tuple[LabView, list[str]]:
        """The view of a link, and a sentence for each thing that was put right."""
        allowed = {"data": self.data}
        view, notices = read_fields(params, self._defaults(), _bounds, allowed)
        fitted = self.fit(view)
        if not set(view.terms.split(".")) <= {*switches(), NO_TERMS}:
            notices.append("The link's “terms” are not all known; those that are known are taken.")
        return fitted, notices + unknown_parts(params, LabView)

    def fit(self, view: LabView) -> LabView:
        """The nearest view that can be shown."""
        terms = [term for term in switches() if term in view.terms.split(".")]
        data = view.data if view.data in self.data else self.data[0]
        beside = "" if view.beside == view.job else view.beside
        return view.model_copy(update={"terms": ".".join(terms) or NO_TERMS, "data": data, "beside": beside})

    def link(self, view: LabView) -> dict[str, str]:
        """The query parameters that open this view."""
        return write_fields(view, self._defaults())

    def _defaults(self) -> LabView:
        return self.fit(LabView())


def _bounds(name: str) -> tuple[int, int]:
    return declared_range(LabView, name, 0)
