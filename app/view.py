"""What a visitor looks at, as a value: everything that the link of a page carries, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

Section = Literal["sample", "swap", "slide", "read", "translate"]
Source = Literal["posterior", "prior"]
Given = Literal["pair", "draw", "upload"]

FRAMES = 61
"""Frames of a sweep: 30 on either side of the middle."""

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")


class View(BaseModel):
    """What the page shows.

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
        picture: A drawn or uploaded picture, packed (see ``app.components.pictures``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    section: Section = "sample"
    seed: Annotated[int, Field(ge=0, le=999_999)] = 1
    source: Source = "prior"
    factor: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,31}$")] = "y"
    a: Annotated[int, Field(ge=0)] = 0
    b: Annotated[int, Field(ge=0)] = 1
    size: Annotated[int, Field(ge=2, le=10)] = 10
    path: Annotated[str, Field(pattern=r"^(pair|(direction|dimension)-[1-9]\d{0,3})$")] = "direction-1"
    at: Annotated[int, Field(ge=0, le=FRAMES - 1)] = 48
    given: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,31}$")] = "mnist"
    from_: Given = "pair"
    picture: Annotated[str, Field(max_length=8_192, pattern=r"^[A-Za-z0-9_-]*$")] = ""


@dataclass(frozen=True)
class Limits:
    """What a view may ask of the model in use.

    Attributes:
        modalities: Names of the modalities.
        sizes: Size of each block of Z.
        directions: How many ranked directions there are of each block.
        pairs: How many held-out pairs are stored.
        shown: The two pairs that a visitor meets first.
    """

    modalities: tuple[str, ...]
    sizes: Mapping[str, int]
    directions: int
    pairs: int
    shown: tuple[int, int] = (0, 1)


def parse(params: Mapping[str, str], limits: Limits) -> tuple[View, list[str]]:
    """Read a view from query parameters, which anyone may have written.

    Args:
        params: Query parameters, as decoded from the address.
        limits: What the model in use allows.

    Returns:
        A view that is valid for the model, and a sentence for each thing that was put right. No sentence repeats what
        the link said.
    """
    defaults = defaults_for(limits)
    known = {name.rstrip("_"): name for name in View.model_fields}
    view, notices = defaults, []
    unknown = sum(1 for key in params if key not in known)
    for key, name in known.items():
        if key not in params:
            continue
        value = _read(name, params[key], limits)
        if value is None:
            notices.append(f"The link's “{key}” could not be read; the default is shown.")
            continue
        view = view.model_copy(update={name: value})
        if isinstance(value, int) and value != int(params[key]):
            notices.append(f"The link's “{key}” is out of range; {value} is shown.")
    if unknown:
        noun = "part" if unknown == 1 else "parts"
        notices.append(f"{unknown} unknown {noun} of the link {'was' if unknown == 1 else 'were'} ignored.")
    fitted = fit(view, limits)
    if fitted.path != view.path and "path" in params:
        notices.append("The link's “path” does not exist for this Z; the first direction is shown.")
    return fitted, notices


def defaults_for(limits: Limits) -> View:
    """The view a visitor finds who brings no link."""
    a, b = limits.shown
    return View(a=a, b=b, given=limits.modalities[-1])


def fit(view: View, limits: Limits) -> View:
    """The view with its path on a direction or dimension that its factor has."""
    kind, _, number = view.path.partition("-")
    most = {"direction": min(limits.directions, limits.sizes[view.factor]), "dimension": limits.sizes[view.factor]}
    if kind in most and int(number) > most[kind]:
        return view.model_copy(update={"path": "direction-1"})
    return view


def link(view: View, limits: Limits) -> dict[str, str]:
    """The query parameters that open this view: what differs from the defaults."""
    defaults = defaults_for(limits)
    return {
        name.rstrip("_"): str(getattr(view, name))
        for name in View.model_fields
        if getattr(view, name) != getattr(defaults, name)
    }


def _read(name: str, text: str, limits: Limits) -> int | str | None:
    """One field from its text, clamped if it is a number out of range; None if it cannot be read."""
    info = View.model_fields[name]
    if info.annotation is int:
        if not WHOLE_NUMBER.fullmatch(text):
            return None
        lowest, highest = _range(name, limits)
        return min(max(int(text), lowest), highest)
    try:
        value = _adapter(name).validate_python(text)
    except ValidationError:
        return None
    allowed = {"factor": ("y", *limits.modalities), "given": limits.modalities}.get(name)
    return value if allowed is None or value in allowed else None


def _adapter(name: str) -> TypeAdapter[str]:
    info = View.model_fields[name]
    field: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
    return TypeAdapter(field)


def _range(name: str, limits: Limits) -> tuple[int, int]:
    bounds: dict[str, int] = {}
    for part in View.model_fields[name].metadata:
        for side in ("ge", "le"):
            if hasattr(part, side):
                bounds[side] = getattr(part, side)
    return bounds["ge"], bounds.get("le", max(limits.pairs - 1, 0))
