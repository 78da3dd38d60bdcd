"""View of the page Generate as a value: everything that its link carries, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from app.generate import slider_parts
from app.shared.links import NAME, Linked, declared_range, read_fields, unknown_parts, write_fields

Section = Literal["sample", "swap", "slide", "read", "translate"]
Source = Literal["posterior", "prior"]
Given = Literal["pair", "draw", "upload", "camera"]

FRAMES = 61
"""Frames of a sweep: 30 on either side of the middle."""

NOT_OF_THE_MODEL = {
    "z": "is no Z of the model on show; its first pair is shown",
    "locks": "names sliders that the model on show does not have; only others are locked",
    "names": "is not read as names of sliders of the model on show; the rest is taken",
}
"""Sentences on the parts of a link that set the sliders, where they are of another model or of none."""


class View(Linked):
    """View of the page.

    Attributes:
        section: The question asked.
        seed: What every draw on the page starts from.
        source: Where the draws come from: the aggregate posterior or the prior N(0, I).
        factor: The Z in question: ``y`` or a modality, for its Z_a.
        a: A held-out pair.
        b: Another.
        size: Rows and columns of the content x style matrix.
        path: What a slide moves along: ``direction-1``, ``dimension-1`` or ``pair`` (to pair ``b``).
        at: Frame of the slide, 0 to 60.
        given: The modality that a translation starts from.
        from_: Where the given picture comes from.
        z: All of Z as the sliders have it, see ``app.elements.latent_sliders``; empty for a pair as it is.
        model: The model that the sliders show; empty for the first.
        locks: The sliders that are locked.
        names: What the visitor calls directions.
        lab: A run of the page Lab whose model is shown; empty for the page's own.
        picture: A drawn or uploaded picture, packed (see ``app.shared.pictures``).
    """

    section: Section = "sample"
    seed: Annotated[int, Field(ge=0, le=999_999)] = 4
    source: Source = "prior"
    factor: Annotated[str, Field(pattern=NAME)] = "y"
    a: Annotated[int, Field(ge=0)] = 0
    b: Annotated[int, Field(ge=0)] = 1
    size: Annotated[int, Field(ge=2, le=10)] = 10
    path: Annotated[str, Field(pattern=r"^(pair|(direction|dimension)-[1-9]\d{0,3})$")] = "direction-1"
    at: Annotated[int, Field(ge=0, le=FRAMES - 1)] = 48
    given: Annotated[str, Field(pattern=NAME)] = "mnist"
    from_: Given = "pair"
    z: Annotated[str, Field(max_length=8_192, pattern=r"^[A-Za-z0-9_-]*$")] = ""
    model: Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9_]*$")] = ""
    locks: Annotated[str, Field(max_length=2_048, pattern=r"^[a-z0-9_.-]*$")] = ""
    names: Annotated[str, Field(max_length=2_048)] = ""
    lab: Annotated[str, Field(pattern=r"^([0-9a-f]{12})?$")] = ""
    picture: Annotated[str, Field(max_length=8_192, pattern=r"^[A-Za-z0-9_-]*$")] = ""


@dataclass(frozen=True)
class Allowed:
    """Values that a view may ask of the model in use.

    Attributes:
        modalities: Names of the modalities.
        sizes: Size of each block of Z.
        directions: How many ranked directions there are of each block.
        pairs: How many held-out pairs are stored.
        shown: The two pairs that a visitor meets first.
        photographs: Modalities whose pictures cannot be drawn by hand.
        sliders: Sizes of the blocks of Z of each model that the sliders can show.
    """

    modalities: tuple[str, ...]
    sizes: Mapping[str, int]
    directions: int
    pairs: int
    shown: tuple[int, int] = (0, 1)
    photographs: frozenset[str] = frozenset()
    sliders: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def parse(params: Mapping[str, str], limits: Allowed) -> tuple[View, list[str]]:
    """Read a view from query parameters, which anyone may have written.

    Args:
        params: Query parameters, as decoded from the address.
        limits: What the model in use allows.

    Returns:
        A view that is valid for the model, and a sentence for each thing that was put right. No sentence repeats what
        the link said.
    """
    allowed = {"factor": ("y", *limits.modalities), "given": limits.modalities, "model": ("", *limits.sliders)}

    def bounds(name: str) -> tuple[int, int]:
        return declared_range(View, name, max(limits.pairs - 1, 0))

    view, notices = read_fields(params, defaults_for(limits), bounds, allowed)
    notices += unknown_parts(params, View)
    fitted = fit(view, limits)
    if fitted.from_ != view.from_ and "from" in params:
        notices.append("The link's “from” is not possible for this modality; a held-out pair is shown.")
    if fitted.path != view.path and "path" in params:
        notices.append("The link's “path” does not exist for this Z; the first direction is shown.")
    for name, told in NOT_OF_THE_MODEL.items():
        if getattr(fitted, name) != getattr(view, name):
            notices.append(f"The link's “{name}” {told}.")
    return fitted, notices


def defaults_for(limits: Allowed) -> View:
    """The view a visitor finds who brings no link."""
    a, b = limits.shown
    return View(a=a, b=b, given=limits.modalities[-1])


def fit(view: View, limits: Allowed) -> View:
    """The view with only what there is: a path that its factor has, no photograph to be drawn, sliders of its model."""
    view = _of_the_model(view, limits)
    if view.from_ == "draw" and view.given in limits.photographs:
        view = view.model_copy(update={"from_": "pair"})
    kind, _, number = view.path.partition("-")
    most = {"direction": min(limits.directions, limits.sizes[view.factor]), "dimension": limits.sizes[view.factor]}
    if kind in most and int(number) > most[kind]:
        return view.model_copy(update={"path": "direction-1"})
    return view


def _of_the_model(view: View, limits: Allowed) -> View:
    """The view with those parts that set the sliders which fit the model that they show."""
    if not (view.z or view.model or view.locks or view.names):
        return view
    model = view.model if view.model in limits.sliders else ""
    sizes = limits.sliders.get(model, limits.sizes)
    known = slider_parts.sliders(sizes, limits.directions)
    parts = {
        "model": model,
        "z": slider_parts.known_z(view.z, sizes),
        "locks": slider_parts.known_locks(view.locks, known),
        "names": slider_parts.known_names(view.names, known),
    }
    return view.model_copy(update=parts)


def link(view: View, limits: Allowed) -> dict[str, str]:
    """The query parameters that open this view: what differs from the defaults."""
    return write_fields(view, defaults_for(limits))


@dataclass(frozen=True)
class GenerateLinks:
    """How the links of the page Generate are read and written, see ``app.shared.links.LinkCodec``.

    Attributes:
        limits: What a view may ask of the model in use.
        lab: The run of the page Lab that made this model; empty for another model.
    """

    limits: Allowed
    lab: str = ""

    def parse(self, params: Mapping[str, str]) -> tuple[View, list[str]]:
        """See ``parse``; a run whose model is not here is told."""
        view, notices = parse(params, self.limits)
        if view.lab not in ("", self.lab):
            notices.append("The model of this link is not here any more; the page's own is shown.")
        return self.fit(view), notices

    def fit(self, view: View) -> View:
        """See ``fit``."""
        return fit(view, self.limits).model_copy(update={} if view.lab == self.lab else {"lab": ""})

    def link(self, view: View) -> dict[str, str]:
        """See ``link``."""
        return link(view, self.limits)
