"""Writing of files: whole or not at all; what goes wrong with a disk is one sentence that names the file."""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what a disk refuses (it is full, or read-only) into one sentence.

    Args:
        path: The file that is written, or the folder that is made.

    Raises:
        OSError: If it could not be written; it has no error number.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise _sentence(path, error, "") from None


@contextmanager
def replaced(path: Path, unfinished: Path | None = None) -> Iterator[Path]:
    """Write a file so that a kill or a full disk at any moment leaves the old one or the new one, never half of one.

    Args:
        path: The file; its folder is there.
        unfinished: Where it is written to first, in the same folder. Without one, a hidden file that no other process
            and no other thread writes; a file of one writer may name a fixed one, so that kills leave at most one.

    Yields:
        Where to write to. It takes the place of ``path`` at the end, and is removed if that fails.

    Raises:
        OSError: If the file could not be written, in one sentence; it has no error number.
    """
    if unfinished is None:
        unfinished = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        yield unfinished
        unfinished.replace(path)
    except (OSError, SafetensorError) as error:
        kept = "; what was there before is kept"
        try:
            unfinished.unlink(missing_ok=True)
        except OSError:  # of a disk that was taken away, too
            kept += f", beside the unfinished {unfinished.name}"
        raise _sentence(path, error, kept) from None
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all, see :func:`replaced`.

    Args:
        path: The file; its folder is there.
        content: Bytes, or text that is stored as UTF-8.

    Raises:
        OSError: If the file could not be written, in one sentence; the old one is as it was.
    """
    with replaced(path) as unfinished:
        unfinished.write_bytes(content.encode() if isinstance(content, str) else content)


def write_once(path: Path, content: bytes) -> None:
    """Write a file whose name tells its content, and its folder, unless it is there."""
    if not path.exists():
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)


def write_packed_once(path: Path, content: bytes) -> None:
    """Write a file whose name tells its content as gzip, and its folder, unless it is there.

    Weights hardly get smaller, but a web server would pack what it serves anew for each visitor.
    """
    if not path.exists():
        write_once(path, gzip.compress(content, mtime=0))


def _sentence(path: Path, error: OSError | SafetensorError, kept: str) -> OSError:
    reason = str(error) if isinstance(error, SafetensorError) or error.strerror is None else error.strerror
    reason = reason.rpartition("error: ")[2].removesuffix(")").partition(" (os error")[0].lower()
    return OSError(f"{path}: could not be written: {reason}{kept}")
