"""Numbers that tell what a stored file was made of, so that none is read beside anything else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mfm_core.storage.models import Codes


def block_bytes(codes: Codes) -> Iterator[bytes]:
    """The content of every block of codes, in order."""
    return (block.contiguous().numpy().tobytes() for block in codes.latents.blocks().values())


def number_of(contents: Iterable[bytes]) -> int:
    """A number of 64 bits, with its sign, that changes with any of the contents: the start of their SHA-256."""
    whole = hashlib.sha256()
    for content in contents:
        whole.update(content)
    return int.from_bytes(whole.digest()[:8], "little", signed=True)
