"""View of the page Dependency as a value: everything that its link carries, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from app.shared.links import NAME, Linked, declared_range, names_pattern, read_fields, unknown_parts, write_fields

Bandwidth = Literal["one", "median", "value"]
Kernel = Literal["averaged", "alignment"]

MOST_MODELS = 4
NAMES = names_pattern(MOST_MODELS)
NONE = "none"
"""Stands in a link in place of the models where all were cleared."""

FEWEST = 20
"""Clips below which no ratio is shown."""


class DependencyView(Linked):
    """View of the page.

    Attributes:
        models: Names of the models, with a dot between; ``none`` for none.
        seed: Which clips are taken, and what the permutations draw.
        kernel: Whether series are averaged over time first, or aligned.
        bandwidth: The median heuristic, the paper's 1.0 (at which most Gram matrices are nearly the identity and no
            ratio may be quoted), or ``value``.
        value: The bandwidth in hundredths, where it is chosen.
        n: Clips taken; 0 for all.
        gram: The modality whose Gram matrices are shown.
        of: The model whose Gram matrices and curves are shown: its place among ``models``.
    """

    models: Annotated[str, Field(pattern=NAMES, max_length=170)] = "studio_balanced"
    seed: Annotated[int, Field(ge=0, le=999_999)] = 1
    kernel: Kernel = "averaged"
    bandwidth: Bandwidth = "median"
    value: Annotated[int, Field(ge=5, le=5_000)] = 300
    n: Annotated[int, Field(ge=0, le=2_000)] = 0
    gram: Annotated[str, Field(pattern=NAME)] = "language"
    of: Annotated[int, Field(ge=0, le=MOST_MODELS - 1)] = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The models, one by one."""
        return () if self.models == NONE else tuple(self.models.split("."))

    @property
    def about(self) -> str:
        """The model whose Gram matrices and curves are shown; there has to be one."""
        return self.names[min(self.of, len(self.names) - 1)]


@dataclass(frozen=True)
class DependencyAllowed:
    """Values that a view may ask of one model.

    Attributes:
        modalities: Names of the modalities.
        clips: How many held-out clips are stored.
    """

    modalities: tuple[str, ...]
    clips: int


@dataclass(frozen=True)
class DependencyLinks:
    """How the links of the page are read and written, see ``app.shared.links.LinkCodec``.

    Attributes:
        models: Names of the models that can be shown.
        first: Those shown to a visitor who brings no link.
        limits: What may be asked of a model.
    """

    models: tuple[str, ...]
    first: tuple[str, ...]
    limits: Callable[[str], DependencyAllowed]

    def parse(self, params: Mapping[str, str]) -> tuple[DependencyView, list[str]]:
        """The view of a link, and a sentence for each thing that was put right."""

        def bounds(name: str) -> tuple[int, int]:
            return declared_range(DependencyView, name, 0)

        view, notices = read_fields(params, self.defaults(), bounds, {})
        notices += unknown_parts(params, DependencyView)
        fitted = self.fit(view)
        if "models" in params and fitted.models != view.models:
            notices.append("The link's “models” are not all stored here; those that are stored are shown.")
        if "n" in params and fitted.n != view.n:
            notices.append(f"The link's “n” is out of range; {fitted.n or 'all'} is shown.")
        for name in ("gram", "of"):
            if name in params and getattr(fitted, name) != getattr(view, name):
                notices.append(f"The link's “{name}” does not exist for these models; the first is shown.")
        return fitted, notices

    def fit(self, view: DependencyView) -> DependencyView:
        """The nearest view that can be shown."""
        if view.models == NONE:
            return view.model_copy(update={"of": 0})
        names = tuple(dict.fromkeys(name for name in view.names if name in self.models)) or self.first
        of = view.of if view.of < len(names) else 0
        limits = [self.limits(name) for name in names]
        most = max(one.clips for one in limits)
        n = 0 if view.n >= most else view.n if view.n == 0 else max(view.n, min(FEWEST, most))
        gram = view.gram if view.gram in limits[of].modalities else limits[of].modalities[0]
        return view.model_copy(update={"models": ".".join(names), "of": of, "n": 0 if n >= most else n, "gram": gram})

    def link(self, view: DependencyView) -> dict[str, str]:
        """The query parameters that open this view."""
        return write_fields(view, self.defaults())

    def defaults(self) -> DependencyView:
        """The view a visitor finds who brings no link."""
        return DependencyView(models=".".join(self.first[:MOST_MODELS]), gram=self.limits(self.first[0]).modalities[0])
