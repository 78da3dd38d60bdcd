"""Lock of the one process that works on a store: it is passed on to that process at birth, and ends with it."""

from __future__ import annotations

import os
from pathlib import Path


def take_lock(path: Path) -> int | None:
    """Take the lock of a file (POSIX ``flock``); whoever holds the descriptor, or a copy of it, holds the lock.

    Args:
        path: The file; made if need be.

    Returns:
        The descriptor, or None where somebody holds the lock.
    """
    import fcntl  # not on Windows, where everything but jobs works

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock of a file; looking takes it from nobody."""
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
