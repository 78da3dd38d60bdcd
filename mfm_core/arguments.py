"""Checks of single arguments: converted where the meaning is plain, else refused in one sentence."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

_T = TypeVar("_T")
_F = TypeVar("_F", bound=Callable[..., Any])
MAX_SEED = 2**32 - 1
"""The highest that NumPy takes for all of its generators."""


def expect(argument: str, given: object, kind: type[_T]) -> _T:
    """``given``, if it is of this kind.

    Raises:
        ValueError: If it is of another.
    """
    if not isinstance(given, kind):
        hint = "; its attribute model is one" if isinstance(getattr(given, "model", None), kind) else ""
        raise ValueError(f"{argument}: expected {_article(kind.__name__)}, got {kind_of(given)}{hint}")  # noqa: TRY004
    return given


def whole_number(argument: str, given: object, lowest: int | None = None, what: str = "") -> int:
    """``given`` as an int.

    Args:
        argument: What the message calls it.
        given: A whole number of any type, NumPy's too.
        lowest: The lowest that is allowed; None for any.
        what: What is counted.

    Raises:
        ValueError: If it is not a whole number, or too low.
    """
    try:
        if isinstance(given, bool):
            raise TypeError
        number = operator.index(given)  # type: ignore[arg-type]
    except TypeError:
        said = repr(given) if isinstance(given, float | bool) else kind_of(given)
        raise ValueError(f"{argument}: expected a whole number, got {said}") from None
    if lowest is not None and number < lowest:
        raise ValueError(f"{argument}: expected {lowest} or more{what and f' {what}'}, got {number}")
    return number


def function_or(argument: str, given: _F | None, default: _F) -> _F:
    """A function that was given, or ``default`` for None.

    Raises:
        ValueError: If what was given is no function.
    """
    if given is None:
        return default
    if not callable(given):
        raise ValueError(f"{argument}: expected a function or None, got {kind_of(given)}")  # noqa: TRY004
    return given


def seed_number(given: object) -> int:
    """A seed as an int that every generator takes.

    Raises:
        ValueError: If it is not a whole number of 0 to 2^32 - 1.
    """
    if (number := whole_number("seed", given, 0)) > MAX_SEED:
        raise ValueError(f"seed: expected {MAX_SEED} or less, got {number}")
    return number


def path_of(argument: str, given: object) -> Path:
    """``given`` as a path.

    Raises:
        ValueError: If it is neither text nor a path.
    """
    if not isinstance(given, str | PathLike):
        raise ValueError(f"{argument}: expected text or a path, got {kind_of(given)}")  # noqa: TRY004
    return Path(given)


def text_of(argument: str, given: object, *, may_be_empty: bool = False) -> str:
    """``given``, if it is text, and not empty.

    Raises:
        ValueError: If it is not.
    """
    if not isinstance(given, str) or not (given or may_be_empty):
        raise ValueError(f"{argument}: expected text, got {'none' if given == '' else kind_of(given)}")
    return given


def floats(argument: str, given: object, device: torch.device | None = None) -> Tensor:
    """A tensor or NumPy array of finite floating-point numbers as float32.

    Raises:
        ValueError: If it is anything else.
    """
    x = tensor(argument, given, device)
    if not x.is_floating_point():
        raise ValueError(f"{argument}: expected floating-point values, got {x.dtype}")
    x = x.to(torch.float32)
    check_finite(argument, x)
    return x


def tensor(argument: str, given: object, device: torch.device | None = None) -> Tensor:
    """A tensor, or a NumPy array as one, on a device.

    Raises:
        ValueError: If it is anything else, or elsewhere.
    """
    if isinstance(given, np.ndarray):
        if given.dtype.kind not in "biuf":
            raise ValueError(f"{argument}: expected an array of numbers, got {given.dtype}")
        # A copy, for an array may be read-only, reversed, or of another machine's byte order.
        copy = torch.from_numpy(np.array(given, dtype=given.dtype.newbyteorder("=")))
        return copy if device is None else copy.to(device)
    if not isinstance(given, Tensor):
        raise ValueError(f"{argument}: expected a tensor or a NumPy array, got {kind_of(given)}")  # noqa: TRY004
    if device is not None:
        check_device(argument, given, device)
    return given


def import_modules(argument: str, names: Sequence[str]) -> None:
    """Import modules, which enter what they have into registries.

    Raises:
        ValueError: If there is no such module.
    """
    for name in names:
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            raise ValueError(f"{argument}: expected modules that can be imported, got {name!r} ({error})") from None


def check_finite(argument: str, x: Tensor, mask: Tensor | None = None) -> None:
    """Raise ValueError, naming the place, if ``x`` holds NaN or infinity, at a real step if there is a mask.

    Args:
        argument: What the message calls it.
        x: ``(N, d)``, ``(N, T, d)`` or any other shape.
        mask: Which steps of ``(N, T, d)`` are real; what the others hold does not count.
    """
    x = x.detach()
    if bool(x.sum().isfinite()):  # a sum of finite numbers may overflow, but is finite only if they all are
        return
    wrong = ~x.isfinite()
    if mask is not None:
        wrong &= mask.unsqueeze(2)
    if not bool(wrong.any()):
        return
    place = tuple(int(i) for i in wrong.nonzero()[0])
    named = {2: ("sample", "dimension"), 3: ("sample", "step", "feature"), 4: ("sample", "channel", "row", "column")}
    parts = named.get(x.ndim, ("place",) if x.ndim == 1 else ("sample",))
    where = ", ".join(f"{part} {i}" for part, i in zip(parts, place, strict=False))
    raise ValueError(f"{argument}: expected finite numbers, got {float(x[place])} at {where}")


def check_device(argument: str, x: Tensor, device: torch.device) -> None:
    """Raise ValueError unless ``x`` lies on ``device``."""
    if x.device != device:
        raise ValueError(f"{argument}: expected a tensor on {device}, where the model is, got one on {x.device}")


def kind_of(given: Any) -> str:  # noqa: ANN401
    """Describe a value, for a message."""
    return "None" if given is None else _article(type(given).__name__)


def _article(noun: str) -> str:
    if noun in ("Latents", "Factors"):
        return noun
    return f"{'an' if noun[0].lower() in 'aeio' or noun.startswith('MFM') else 'a'} {noun}"
