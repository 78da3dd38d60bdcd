"""The link that opens what is on the page."""

from __future__ import annotations

from app.elements.element import define

mount = define("share")


def show() -> None:
    """A button that copies the address."""
    mount(key="share")
