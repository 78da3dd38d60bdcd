"""Parts of a link that set the sliders, held against the model that they are for, as the browser reads them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping

LONGEST_NAME = 24
"""Characters that a visitor may call a direction by."""


def sliders(sizes: Mapping[str, int], directions: int) -> frozenset[str]:
    """List the sliders of a model: ``svhn-1`` along a direction, ``svhn-raw1`` of a dimension.

    Args:
        sizes: Size of each block of Z.
        directions: How many ranked directions there are of a block at most.
    """
    ranked = {f"{factor}-{i + 1}" for factor, size in sizes.items() for i in range(min(size, directions))}
    return frozenset(ranked | {f"{factor}-raw{i + 1}" for factor, size in sizes.items() for i in range(size)})


def known_z(letters: str, sizes: Mapping[str, int]) -> str:
    """Take the letters of a Z, 16 bits a number; none where they are not of a model of these sizes."""
    try:
        content = base64.b64decode(letters + "=" * (-len(letters) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return ""
    return letters if len(content) == 2 * sum(sizes.values()) else ""


def known_locks(locks: str, known: Collection[str]) -> str:
    """Take the sliders among those locked that a model has: along directions, or of dimensions if there is one."""
    found = [one for one in dict.fromkeys(locks.split(".")) if one in known]
    raw = [one for one in found if "-raw" in one]
    return ".".join(raw or found)


def known_names(names: str, known: Collection[str]) -> str:
    """Take what the visitor calls sliders that a model has; names that are too long are cut."""
    parts = names.split("~")
    pairs = zip(parts[::2], parts[1::2], strict=False)
    found = {one: name[:LONGEST_NAME] for one, name in pairs if one in known and name}
    return "~".join(part for pair in found.items() for part in pair)
