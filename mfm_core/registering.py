"""Parts that all registries share: built-in entries are the files of a package, and those from outside come after."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable


def import_files(package: str) -> None:
    """Import every file of a package, each of which enters what it has into a registry."""
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if not module.ispkg:
            importlib.import_module(f"{package}.{module.name}")


def load_before(entered: object, package: str, load: Callable[[], object]) -> None:
    """Load the built-in entries before one from outside enters, so that it cannot take the name of one to come.

    Args:
        entered: The function or the class that enters.
        package: The package of the built-in entries, whose own files enter while they are being imported.
        load: Loads them.
    """
    module = str(getattr(entered, "__module__", ""))
    if not module.startswith(f"{package}.") or not _is_being_imported(module):
        load()


def _is_being_imported(module: str) -> bool:
    """Whether a file has not been read to its end; only then does it enter what it has."""
    spec = getattr(sys.modules.get(module), "__spec__", None)
    return bool(getattr(spec, "_initializing", False))


def place_of(entered: object) -> tuple[object, object]:
    """Where a function or a class is defined: the same where a file is read again."""
    return getattr(entered, "__module__", None), getattr(entered, "__qualname__", None)


def check_takes(argument: str, function: Callable[..., object], what: str, *given: object, **named: object) -> None:
    """Check that a function can be called with some arguments, without calling it.

    Args:
        argument: What the message calls it.
        function: The function.
        what: What it is to be called with, for the message.
        given: Arguments by place; their values do not count.
        named: Arguments by name.

    Raises:
        ValueError: If it takes fewer or more.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some functions written in C tell none
        return
    try:
        signature.bind(*given, **named)
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise ValueError(f"{argument}: expected a function of {what}, got {name} ({error})") from None
