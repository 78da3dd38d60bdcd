"""Links of pages: the fields of a view as text, read with care, for anyone may have written them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
NAME = r"^[^\W\d]\w{0,39}$"
"""Of models and modalities: an identifier, of the letters of any language."""
OWN_PARTS = ("mine", "host", "back")
"""Parts that no link to hand on carries: the visitor's token, the key of their room, their answers to a lesson."""


def names_pattern(most: int) -> str:
    """Pattern of one to ``most`` names with a dot between."""
    one = NAME.strip("^$")
    return rf"^{one}(\.{one}){{0,{most - 1}}}$"


class Linked(BaseModel):
    """Base of what a page shows, as a value: each field is a part of the link, without its trailing underscore."""

    model_config = ConfigDict(frozen=True, extra="forbid")


V = TypeVar("V", bound=Linked)
Range = Callable[[str], tuple[int, int]]
Allowed = Mapping[str, Collection[str]]


class LinkCodec(Protocol):
    """Codec of a page's links: how one is read, what can be shown, and how one is written."""

    def parse(self, params: Mapping[str, str]) -> tuple[Any, list[str]]:
        """The view of a link, and a sentence for each thing that was put right."""
        ...

    def fit(self, view: Any) -> Any:  # noqa: ANN401 - each page has views of its own
        """The nearest view that can be shown."""
        ...

    def link(self, view: Any) -> dict[str, str]:  # noqa: ANN401
        """The query parameters that open a view."""
        ...


def fields(view: type[Linked]) -> dict[str, str]:
    """The fields of a view by what they are called in a link."""
    return {name.rstrip("_"): name for name in view.model_fields}


def declared_range(view: type[Linked], name: str, highest: int) -> tuple[int, int]:
    """The bounds that a whole number was declared with; ``highest`` where none was."""
    bounds: dict[str, int] = {}
    for part in view.model_fields[name].metadata:
        for side in ("ge", "le"):
            if hasattr(part, side):
                bounds[side] = getattr(part, side)
    return bounds["ge"], bounds.get("le", highest)


def read_fields(
    params: Mapping[str, str],
    start: V,
    limits: Range,
    allowed: Allowed,
    only: Collection[str] | None = None,
    from_one: Collection[str] = (),
) -> tuple[V, list[str]]:
    """Read fields of a view from query parameters.

    Args:
        params: Query parameters, as decoded from the address.
        start: What is shown where the link says nothing.
        limits: Lowest and highest value of a whole number.
        allowed: Values of those fields whose values depend on what is stored.
        only: Fields to read; all where it is None.
        from_one: Fields that links count from 0, and controls from 1.

    Returns:
        The view, and a sentence for each thing that was put right. No sentence repeats what the link said.
    """
    view, notices = start, []
    for key, name in fields(type(start)).items():
        if key not in params or (only is not None and name not in only):
            continue
        value = _read(type(start), name, params[key], limits, allowed)
        if value is None:
            notices.append(f"The link's “{key}” could not be read; the default is shown.")
            continue
        view = view.model_copy(update={name: value})
        if isinstance(value, int) and value != int(params[key]):
            notices.append(out_of_range(key, value, from_one=name in from_one))
    return view, notices


def out_of_range(key: str, shown: int, *, from_one: bool = False) -> str:
    """Sentence of a number of a link that is out of range, with what is shown instead, as controls count it."""
    if from_one:
        return f"The link's “{key}” is out of range; number {shown + 1} is shown (links count from 0: {key}={shown})."
    return f"The link's “{key}” is out of range; {shown} is shown."


def unknown_parts(params: Mapping[str, str], view: type[Linked]) -> list[str]:
    """A sentence if the link has parts that no field of the view is called by."""
    unknown = sum(1 for key in params if key not in fields(view))
    if not unknown:
        return []
    return [
        f"{unknown} unknown {'part' if unknown == 1 else 'parts'} of the link "
        f"{'was' if unknown == 1 else 'were'} ignored."
    ]


def write_fields(view: Linked, defaults: Linked) -> dict[str, str]:
    """The query parameters that open this view: what differs from the defaults."""
    return {
        key: str(getattr(view, name))
        for key, name in fields(type(view)).items()
        if getattr(view, name) != getattr(defaults, name)
    }


def _read(view: type[Linked], name: str, text: str, limits: Range, allowed: Allowed) -> int | str | None:
    """One field from its text, clamped if it is a number out of range; None if it cannot be read."""
    if view.model_fields[name].annotation is int:
        if not WHOLE_NUMBER.fullmatch(text):
            return None
        lowest, highest = limits(name)
        return min(max(int(text), lowest), highest)
    try:
        value = _adapter(view, name).validate_python(text)
    except ValidationError:
        return None
    return value if name not in allowed or value in allowed[name] else None


@cache
def _adapter(view: type[Linked], name: str) -> TypeAdapter[str]:
    info = view.model_fields[name]
    field: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
    return TypeAdapter(field)
