"""Writing of files: what goes wrong with a disk is said in one sentence that names the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError


@contextmanager
def written_whole(path: Path, unfinished: Path | None = None) -> Iterator[None]:
    """Turn what a disk refuses (it is full, or read-only) into one sentence.

    Args:
        path: The file that is written, or the folder that is made.
        unfinished: A file that it is written to first, so that the last one stays whole; removed if that fails.

    Raises:
        OSError: If the file could not be written; it has no error number.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = str(error) if isinstance(error, SafetensorError) or error.strerror is None else error.strerror
        reason = reason.rpartition("error: ")[2].removesuffix(")").partition(" (os error")[0].lower()
        kept = ""
        if unfinished is not None:
            kept = "; what was there before is kept"
            try:
                unfinished.unlink(missing_ok=True)
            except OSError:  # of a disk that was taken away, too
                kept = f"; what was there before is kept, beside the unfinished {unfinished.name}"
        raise OSError(f"{path}: could not be written: {reason}{kept}") from None
