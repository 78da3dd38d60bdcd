"""Forward-mode differentiation with torch.func, made safe for sessions that run at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

# torch.autograd.forward_ad keeps its one level of dual numbers for the whole process, not for each thread.
_ONE_AT_A_TIME = Lock()


@contextmanager
def forward_mode() -> Iterator[None]:
    """Where jvp and jacfwd, with vmap over their tangents, may be called; other threads wait for their turn."""
    with _ONE_AT_A_TIME, _AnyLayout():
        yield


class _AnyLayout(TorchFunctionMode):
    """Leaves out requests for a memory format: torch.func.vmap refuses them, and they change no number."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> object:
        """Call ``func``, but make tensors contiguous in the ordinary layout."""
        return args[0].contiguous() if func is torch.Tensor.contiguous else func(*args, **(kwargs or {}))
