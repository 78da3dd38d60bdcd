"""The C library's allocator: what is freed goes back to the system, so that memory does not grow by its holes."""

from __future__ import annotations

import ctypes
import platform
from functools import cache

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
"""Parameters of mallopt, as glibc numbers them in malloc.h."""
SETTINGS = {ARENA_MAX: 2, MMAP_THRESHOLD: 1_048_576, TRIM_THRESHOLD: 8_388_608}
"""Value of each parameter: a count of arenas, and bytes."""


@cache
def give_back_what_is_freed() -> bool:
    """Set the allocator of this process, once.

    By itself glibc has up to eight arenas a processor, one for each of the first threads that allocate, and every run
    of a session is a thread: what one run frees in its arena is of no use to the next, which has another. And once a
    large piece is freed, glibc cuts pieces of up to that size (32 MB at most) out of arenas. So holes grow between what
    is kept, and the process keeps them. With few arenas the holes are filled again, and with a fixed threshold a piece
    of 1 MB or more has pages of its own, which go back when it is freed. A threshold of 128 kB leaves fewer holes
    still, but the system takes 20 ms longer to hand out the pages of a request for pictures.

    Arenas from before stay, and Streamlit's own threads have some eight before it runs the app. ``MALLOC_ARENA_MAX=2``
    in the environment keeps it at two from the start, as ``deploy/Dockerfile`` has it.

    Returns:
        Whether it was set; it is not where the C library is not glibc, which alone has these parameters.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all(mallopt(parameter, value) == 1 for parameter, value in SETTINGS.items())
