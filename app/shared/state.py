"""The view of a session: read from the link, changed by controls, written back to the link, with the page's frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st

from app.shared import app_view
from app.shared.links import LinkCodec, Linked, declared_range, fields
from app.shared.page_frame import PageFrame, read_frame, without_frame

V = TypeVar("V", bound=Linked)
NOTHING: Mapping[str, str | int] = {}


def open_frame(page: str) -> PageFrame:
    """Find the frame of this run, before the page is shown: that of the link, or the page's own from before.

    Args:
        page: The page that is shown; as in ``open_view``, it keeps its frame while others are shown.
    """
    params = app_view.of_page(st.query_params.to_dict())
    kept: dict[str, PageFrame] = st.session_state.setdefault("frames", {})
    if page in kept and not params and st.session_state.get("page") != page:
        found, told = kept[page], list[str]()
    else:
        found, told = read_frame(params)
    kept[page] = found
    st.session_state.update(frame=found, frame_notices=told)
    return found


def frame() -> PageFrame:
    """The frame of the page that is shown."""
    found: PageFrame = st.session_state.get("frame", PageFrame())
    return found


def open_view(codec: LinkCodec, page: str) -> None:
    """Find the view of this run. It is read from the link unless the link is the one that we wrote ourselves.

    Args:
        codec: How the page reads and writes its links.
        page: The page that is shown; each keeps its own view while others are shown, although Streamlit clears the
            link.
    """
    params, before = app_view.of_page(st.query_params.to_dict()), st.session_state.get("page")
    turned = before != page
    known = st.session_state.get("kept", {}).get(page) if turned else st.session_state["view"]
    ours = (turned and not params) or (not turned and params == st.session_state["written"])
    if known is not None and ours:
        opened, notices = codec.fit(known), [] if turned else st.session_state["notices"]
    else:
        opened, notices = codec.parse(without_frame(params))
        notices = st.session_state.get("frame_notices", []) + notices
    framed, unknown = frame().of_page(fields(type(opened)))
    if turned and before is not None:
        st.session_state.setdefault("kept", {})[before] = st.session_state["view"]
    st.session_state.setdefault("frames", {})[page] = framed
    notices = notices + unknown + app_view.notices()
    st.session_state.update(page=page, codec=codec, view=opened, notices=notices, frame=framed)
    st.session_state.update(controls_before={} if turned else st.session_state.get("controls", {}), controls={})
    write_link()


def left(page: str) -> Any:  # noqa: ANN401 - each page has views of its own
    """The view in which a page was left for another; None of the page that is shown, and of one not seen yet."""
    return None if st.session_state.get("page") == page else st.session_state.get("kept", {}).get(page)


def renew(codec: LinkCodec) -> None:
    """Take another codec for the page that is shown, from a callback after which other views can be shown."""
    st.session_state["codec"] = codec


def seen(kind: type[V]) -> V:
    """The view as it is now.

    Raises:
        TypeError: If the page shows views of another kind.
    """
    current = st.session_state["view"]
    if not isinstance(current, kind):
        raise TypeError(f"view: expected {kind.__name__}, got {type(current).__name__}")
    return current


def change(**changed: str | int) -> None:
    """Change the view, for instance from a callback; fields that the frame holds stay as they are."""
    now: Linked = st.session_state["view"]
    free = {field: value for field, value in changed.items() if not held(field)}
    st.session_state["view"] = st.session_state["codec"].fit(type(now).model_validate(now.model_dump() | free))
    st.session_state["notices"] = []


def held(field: str) -> bool:
    """Whether the frame hides or locks the control of a field."""
    return field.rstrip("_") in frame().held


def hidden(field: str) -> bool:
    """Whether the frame hides the control of a field."""
    return field.rstrip("_") in frame().hide


def bounds(field: str, highest: int = 0) -> tuple[int, int]:
    """Lowest and highest value that a whole number of the view declares.

    Args:
        field: The field.
        highest: Its highest value where it declares none.
    """
    return declared_range(type(st.session_state["view"]), field, highest)


def controls() -> dict[str, str]:
    """The controls that the page shows or hides: what each is called, by its name in links.

    Those of the last run too: who asks from the sidebar comes before the page in this one.
    """
    before: dict[str, str] = st.session_state.get("controls_before", {})
    now: dict[str, str] = st.session_state.get("controls", {})
    return before | now


def offered(field: str, label: str) -> bool:
    """Note that a page has a control for a field; whether it is to be shown.

    Args:
        field: The field of the view.
        label: What the control is called.
    """
    st.session_state.setdefault("controls", {})[field.rstrip("_")] = label
    return not hidden(field)


def write_link() -> None:
    """Put the view into the address of the page."""
    written = st.session_state["codec"].link(st.session_state["view"]) | frame().link()
    whole = written | app_view.parts()
    if whole != st.query_params.to_dict():
        st.query_params.from_dict(whole)
    st.session_state["written"] = written


def address() -> dict[str, str]:
    """The query parameters that open the view as it is now, without a frame."""
    shown: dict[str, str] = st.session_state["codec"].link(st.session_state["view"])
    return shown


def notices() -> list[str]:
    """Corrections of the link or of what was given, until the visitor changes something."""
    found: list[str] = st.session_state["notices"]
    return found


def choose(
    label: str,
    field: str,
    options: Mapping[Any, str],
    *,
    hidden: bool = False,
    stretch: bool = False,
    resets: Mapping[str, str | int] = NOTHING,
) -> str:
    """A row of buttons for one field of the view.

    Args:
        label: What is chosen.
        field: The field.
        options: Its values, and what each is called.
        hidden: Whether the label is for screen readers only.
        stretch: Whether the row takes the width of the page.
        resets: Fields that another choice sets back, and to what.
    """
    if not offered(field, label):
        return str(getattr(st.session_state["view"], field))
    key = _place(field)
    st.segmented_control(
        label,
        list(options),
        format_func=lambda value: options[value],
        key=key,
        required=True,
        on_change=_take,
        args=(field, key, resets),
        label_visibility="collapsed" if hidden else "visible",
        width="stretch" if stretch else "content",
        wrap=True,
        disabled=held(field),
    )
    return str(getattr(st.session_state["view"], field))


def select(
    label: str,
    field: str,
    options: Mapping[Any, str],
    *,
    resets: Mapping[str, str | int] = NOTHING,
    description: str | None = None,
) -> str:
    """A list to choose one field of the view from; see ``choose`` for ``resets``."""
    if not offered(field, label):
        return str(getattr(st.session_state["view"], field))
    key = _place(field)
    names = list(options)
    st.selectbox(
        label,
        names,
        format_func=lambda value: options[value],
        key=key,
        on_change=_take,
        args=(field, key, resets),
        help=description,
        disabled=held(field),
    )
    return str(getattr(st.session_state["view"], field))


def choose_several(
    label: str, field: str, options: Sequence[str], chosen: Sequence[str], most: int, title: Callable[[str], str]
) -> None:
    """A list to choose up to ``most`` names from, for a field of the view that joins them by dots, in their order."""
    if not offered(field, label):
        return
    key = f"chosen_{field}"
    st.session_state[key] = list(chosen)

    def take() -> None:
        if wanted := st.session_state[key]:
            change(**{field: ".".join(name for name in options if name in wanted)})

    st.multiselect(
        label,
        options,
        format_func=title,
        max_selections=most,
        key=key,
        on_change=take,
        disabled=held(field),
        wrap=True,
    )


def toggle(
    label: str, field: str, off: str, on: str, *, description: str | None = None, disabled: bool = False
) -> None:
    """A switch between two values of a field of the view."""
    if not offered(field, label):
        return
    key = f"view_{field}"
    st.session_state[key] = getattr(st.session_state["view"], field) == on

    def take() -> None:
        change(**{field: on if st.session_state[key] else off})

    st.toggle(label, key=key, on_change=take, help=description, disabled=disabled or held(field))


def number(label: str, field: str, *, description: str | None = None) -> None:
    """A whole number of the view; one beyond the bounds that its field declares is told of, and the nearest taken."""
    if not offered(field, label):
        return
    key = _place(field)
    # Streamlit would only frame a number beyond its bounds in red, and keep the one before.
    st.number_input(
        label, step=1, key=key, on_change=_take_number, args=(label, field, key), help=description, disabled=held(field)
    )


def slide(label: str, field: str, highest: int = 0) -> None:
    """A small whole number of the view, on a slider; see ``bounds``."""
    if not offered(field, label):
        return
    key = _place(field)
    lowest, highest = bounds(field, highest)
    st.slider(label, lowest, highest, key=key, on_change=_take, args=(field, key), disabled=held(field))


def fraction(draw: Callable[..., object], label: str, field: str, parts: int, step: float) -> None:
    """A number of the view, of which its field holds whole parts.

    Args:
        draw: ``st.slider`` or ``st.number_input``.
        label: What the control is called; two fields ``{:g}`` in it are filled by the lowest and the highest value.
        field: The field.
        parts: Of a whole.
        step: Of the control.
    """
    lowest, highest = bounds(field)
    label = label.format(lowest / parts, highest / parts)
    if not offered(field, label):
        return
    key = f"view_{field}"
    st.session_state[key] = getattr(st.session_state["view"], field) / parts
    draw(
        label,
        lowest / parts,
        highest / parts,
        step=step,
        key=key,
        on_change=lambda: change(**{field: round(parts * st.session_state[key])}),
        disabled=held(field),
    )


def _place(field: str) -> str:
    """Set a control to what the view says, before it is drawn."""
    key = f"view_{field}"
    st.session_state[key] = getattr(st.session_state["view"], field)
    return key


def _take_number(label: str, field: str, key: str) -> None:
    asked, (lowest, highest) = int(st.session_state[key]), bounds(field)
    taken = min(max(asked, lowest), highest)
    change(**{field: taken})
    if taken != asked:
        notices().append(f"{label}: a whole number from {lowest:,} to {highest:,} is expected; {taken:,} is taken.")


def _take(field: str, key: str, resets: Mapping[str, str | int] = NOTHING) -> None:
    change(**(dict(resets) | {field: st.session_state[key]}))
