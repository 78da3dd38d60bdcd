"""The link that opens what is on the page."""

from __future__ import annotations

from app.elements.element import define
from app.shared.links import OWN_PARTS

mount = define("share")


def show() -> None:
    """A button that copies the address, without what is the visitor's own."""
    mount(data={"without": list(OWN_PARTS)}, key="share")
