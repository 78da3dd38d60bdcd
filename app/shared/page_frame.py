"""Frame of a page: what a link sets around it, whichever page it is. A title, controls held, a lesson to go back to."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from app.shared.links import NAME, Linked

LONGEST_TITLE = 80
MOST_NAMES = 20
BACK = re.compile(r"(?P<lesson>[a-z][a-z0-9_]{0,39})\.(?P<step>[1-9][0-9]?)\.(?P<answers>[a-f-]{0,12})")
PARTS = ("title", "hide", "lock", "back")
"""Query parameters that are the frame's; no view may have a field of these names."""


class PageFrame(Linked):
    """Frame of a page.

    Attributes:
        title: Shown above the page; empty for none.
        hide: Fields of the view whose controls are not shown.
        lock: Fields of the view whose controls are shown and cannot be used.
        back: The lesson that opened the page, its step and the answers so far, with dots between; empty for none.
    """

    title: str = ""
    hide: tuple[str, ...] = ()
    lock: tuple[str, ...] = ()
    back: str = ""

    @property
    def held(self) -> frozenset[str]:
        """Fields that the visitor cannot change."""
        return frozenset((*self.hide, *self.lock))

    def link(self) -> dict[str, str]:
        """The query parameters of the frame."""
        told = {"title": self.title, "hide": ",".join(self.hide), "lock": ",".join(self.lock), "back": self.back}
        return {name: value for name, value in told.items() if value}

    def of_page(self, fields: Collection[str]) -> tuple[PageFrame, list[str]]:
        """The frame with the names that a page has, and a sentence for each list that had others.

        Args:
            fields: What the controls of the page are called in links.
        """
        notices, kept = [], {}
        for part, names in (("hide", self.hide), ("lock", self.lock)):
            kept[part] = tuple(name for name in names if name in fields)
            if unknown := len(names) - len(kept[part]):
                controls = "a control" if unknown == 1 else f"{unknown} controls"
                notices.append(f"The link's “{part}” names {controls} that this page lacks.")
        return self.model_copy(update=kept), notices


def read_frame(params: Mapping[str, str]) -> tuple[PageFrame, list[str]]:
    """Read the frame of a link, which anyone may have written.

    Args:
        params: Query parameters, as decoded from the address; those of the page's view are left alone.

    Returns:
        The frame, and a sentence for each thing that was put right. No sentence repeats what the link said.
    """
    notices = []
    title = " ".join("".join(letter if letter.isprintable() else " " for letter in params.get("title", "")).split())
    if len(title) > LONGEST_TITLE:
        title = title[:LONGEST_TITLE].rstrip()
        notices.append(f"The link's “title” is longer than {LONGEST_TITLE} characters; the rest is left out.")
    lists = {}
    for part in ("hide", "lock"):
        names = list(dict.fromkeys(name for name in params.get(part, "").split(",") if name))
        lists[part] = tuple(name for name in names[:MOST_NAMES] if re.fullmatch(NAME, name))
        if len(lists[part]) < len(names):
            notices.append(f"The link's “{part}” could not be read in full; what could be read is used.")
    back = params.get("back", "")
    if back and not BACK.fullmatch(back):
        back = ""
        notices.append("The link's “back” could not be read; no lesson is gone back to.")
    return PageFrame(title=title, back=back, **lists), notices


def without_frame(params: Mapping[str, str]) -> dict[str, str]:
    """The query parameters that are the view's."""
    return {name: value for name, value in params.items() if name not in PARTS}
