"""A clip that the visitor brings, in the same lanes."""

from __future__ import annotations

from app.reel import Reel
from app.theatre import Theatre


def offer(shown: Theatre) -> None:
    """The choice between a held-out clip and one's own."""


def taken(shown: Theatre) -> tuple[Reel | None, Reel | None]:
    """The clip that was brought."""
    return None, None
