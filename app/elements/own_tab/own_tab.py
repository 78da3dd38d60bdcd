"""A link that opens the page in a tab of its own, where a page of another site shows it in a frame.

There browsers keep the server's cookie back, and without it the server refuses every upload.
"""

from __future__ import annotations

from app.elements.element import define

mount = define("own_tab")
KEY = "own_tab"
SAID = "This page stands in a page of another site, where browsers let no file be handed over."


def offer(key: str) -> None:
    """Offer the link beside a control that takes a file; nothing is seen of it in a tab of its own.

    Args:
        key: Name of that control, for there may be several.
    """
    mount(data={"said": SAID, "link": "Open it in a tab of its own"}, key=f"{KEY}_{key}")
