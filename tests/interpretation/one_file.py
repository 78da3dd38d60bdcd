"""The example of own interpretations as one file among the methods, and the guard that takes it out again."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mfm_core.interpretation import methods, registry

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_interpretation.py"
MODULE = f"{methods.__name__}.own"


@contextmanager
def added(folder: Path) -> Iterator[None]:
    """Have the file found among the methods, and nothing else changed; it is gone afterwards."""
    shutil.copy(EXAMPLE, folder / "own.py")
    known = dict(registry._interpretations) if registry.interpretations() else {}
    methods.__path__.append(str(folder))
    importlib.invalidate_caches()
    registry._load_all.cache_clear()
    try:
        yield
    finally:
        methods.__path__.remove(str(folder))
        sys.modules.pop(MODULE, None)
        registry._interpretations.clear()
        registry._interpretations.update(known)
        registry._load_all.cache_clear()
