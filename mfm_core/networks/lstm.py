"""The LSTM (Hochreiter and Schmidhuber 1997, with forget gates) that all sequences go through.

A step waits for the step before it with one matrix product and little else: what the gates read of the input is
computed for all steps at once, and while training so is every part of the gradient that needs no later step.
Sequences are time-major here, ``(T, N, d)``, so that a step is one block of memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


class LSTM(nn.Module):
    """The weights of an LSTM: what the gates i, f, g, o read of the input, and of the hidden state before.

    Args:
        d_in: Features of a step.
        hidden: Width.
    """

    def __init__(self, d_in: int, hidden: int) -> None:
        super().__init__()
        self.read = nn.Linear(d_in, 4 * hidden)
        self.step = nn.Linear(hidden, 4 * hidden, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(T, N, d_in) -> hidden states and cells after each step, (T, N, hidden) each."""
        if self.training and not torch.is_autocast_enabled(x.device.type):
            weights = self.read.weight, self.read.bias, self.step.weight
            hiddens, cells = _Reading.apply(x, *weights)  # type: ignore[no-untyped-call]
            return hiddens, cells
        return run_lstm(self.read(x), self.step.weight)


def unroll_lstm(first: Tensor, bias: Tensor, weight: Tensor, length: int, *, fast: bool = False) -> Tensor:
    """An LSTM that reads something at its first step only, from h = c = 0.

    Args:
        first: What the gates i, f, g, o of the first step get from outside, ``(N, 4 * hidden)``.
        bias: What they get at every later step, ``(4 * hidden,)``.
        weight: What they get from the hidden state before, ``(4 * hidden, hidden)``.
        length: T, how many steps.
        fast: For training: much faster, but only gradients of the first order can be taken, backwards.

    Returns:
        Hidden states after each step, ``(T, N, hidden)``.
    """
    if fast and not torch.is_autocast_enabled(first.device.type):
        hiddens: Tensor = _Unrolling.apply(first, bias, weight, length)  # type: ignore[no-untyped-call]
        return hiddens
    later = bias.to(first.dtype).expand(length - 1, *first.shape)
    return run_lstm(torch.cat([first.unsqueeze(0), later]), weight)[0]


def run_lstm(inputs: Tensor, weight: Tensor, *, fast: bool = False) -> tuple[Tensor, Tensor]:
    """An LSTM over all steps, from h = c = 0; unless ``fast`` it can be differentiated in any way and order.

    Args:
        inputs: What the gates i, f, g, o of each step get from outside, ``(T, N, 4 * hidden)``.
        weight: What they get from the hidden state before, ``(4 * hidden, hidden)``.
        fast: For training: much faster, but only gradients of the first order can be taken, backwards.

    Returns:
        Hidden states and cells after each step, ``(T, N, hidden)`` each.
    """
    if fast and not torch.is_autocast_enabled(inputs.device.type):
        hiddens, cells = _Running.apply(inputs, weight)  # type: ignore[no-untyped-call]
        return hiddens, cells
    hidden, cell, all_hidden, all_cells = None, None, [], []
    for gates in inputs.unbind():
        if hidden is not None:
            gates = gates + hidden @ weight.T
        i, f, g, o = gates.chunk(4, dim=1)
        new = i.sigmoid() * g.tanh()
        cell = new if cell is None else f.sigmoid() * cell + new
        hidden = o.sigmoid() * cell.tanh()
        all_hidden.append(hidden)
        all_cells.append(cell)
    return torch.stack(all_hidden), torch.stack(all_cells)


# While training, the gradient is written out by hand: autograd would keep a node for every operation on every gate of
# every step. What a step makes stays in the processor's cache until the step has done with it.


class _Reading(torch.autograd.Function):
    """:class:`LSTM` while it trains."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, read: Tensor, bias: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ANN401
        rows = x.flatten(0, 1)
        gates = torch.addmm(bias, rows, read.T).view(*x.shape[:2], len(bias))
        hiddens, cells, squashed = _run(gates, weight)
        ctx.save_for_backward(rows, read, weight, gates, hiddens, cells, squashed)
        ctx.set_materialize_grads(False)
        return hiddens, cells

    @staticmethod
    def backward(ctx: Any, *given: Tensor | None) -> tuple[Tensor | None, ...]:  # noqa: ANN401 (torch's own)
        rows, read, *states = ctx.saved_tensors
        of_hiddens, of_cells = given
        grad, grad_weight = _run_back(states, of_hiddens, of_cells)
        by_rows = grad.flatten(0, 1)
        grad_x = (by_rows @ read).view(*grad.shape[:2], read.shape[1]) if ctx.needs_input_grad[0] else None
        return grad_x, (rows.T @ by_rows).T, by_rows.sum(0), grad_weight


class _Running(torch.autograd.Function):
    """:func:`run_lstm` while it trains."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ANN401 (torch's own)
        gates = inputs.clone(memory_format=torch.contiguous_format)
        hiddens, cells, squashed = _run(gates, weight)
        ctx.save_for_backward(weight, gates, hiddens, cells, squashed)
        ctx.set_materialize_grads(False)
        return hiddens, cells

    @staticmethod
    def backward(ctx: Any, *given: Tensor | None) -> tuple[Tensor, Tensor]:  # noqa: ANN401 (torch's own)
        return _run_back(ctx.saved_tensors, *given)


class _Unrolling(torch.autograd.Function):
    """:func:`unroll_lstm` while it trains."""

    @staticmethod
    def forward(ctx: Any, first: Tensor, bias: Tensor, weight: Tensor, length: int) -> Tensor:  # noqa: ANN401
        gates = first.new_empty(length, *first.shape)
        gates[0] = first
        hiddens, cells, squashed = _run(gates, weight, bias)
        ctx.save_for_backward(weight, gates, hiddens, cells, squashed)
        return hiddens

    @staticmethod
    def backward(ctx: Any, given: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401 (torch's own)
        grad, grad_weight = _run_back(ctx.saved_tensors, given, None)
        return grad[0], grad[1:].sum((0, 1)), grad_weight, None


def _run(gates: Tensor, weight: Tensor, bias: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """All steps; ``gates`` comes with what the gates get from outside, and ends with what they let through.

    tanh(x) is 2 sigmoid(2 x) - 1, which the vector units of a CPU compute six times as fast.

    Args:
        gates: ``(T, N, 4 * hidden)``; with a bias, only its first step need be filled.
        weight: ``(4 * hidden, hidden)``.
        bias: What the gates get from outside at every step but the first, ``(4 * hidden,)``; else it is in ``gates``.

    Returns:
        Hidden states, cells, and tanh of the cells, ``(T, N, hidden)`` each.
    """
    size, back = weight.shape[1], weight.T
    hiddens, cells, squashed = (gates.new_empty(*gates.shape[:2], size) for _ in range(3))
    parts = (part.unbind() for part in torch.split(gates, size, dim=2))
    hidden, cell, minus_one = None, None, gates.new_tensor(-1.0)
    for all_four, i, f, g, o, new_hidden, new_cell, squash in zip(
        gates.unbind(), *parts, hiddens.unbind(), cells.unbind(), squashed.unbind(), strict=True
    ):
        if hidden is not None:
            torch.addmm(all_four if bias is None else bias, hidden, back, out=all_four)
        g.add_(g)
        all_four.sigmoid_()
        torch.add(minus_one, g, alpha=2, out=g)
        torch.mul(i, g, out=new_cell)
        if cell is not None:
            new_cell.addcmul_(f, cell)
        torch.add(new_cell, new_cell, out=squash).sigmoid_()
        torch.add(minus_one, squash, alpha=2, out=squash)
        torch.mul(o, squash, out=new_hidden)
        hidden, cell = new_hidden, new_cell
    return hiddens, cells, squashed


def _run_back(made: Sequence[Tensor], of_hiddens: Tensor | None, of_cells: Tensor | None) -> tuple[Tensor, Tensor]:
    """Gradients by hidden states and cells -> by what the gates get from outside, and by the weight.

    Args:
        made: The weight, the gates, and what :func:`_run` returned.
        of_hiddens: Gradient by the hidden states, or None.
        of_cells: Gradient by the cells, or None.
    """
    if torch.is_grad_enabled():  # as it is where the gradient itself is to be differentiated
        raise RuntimeError("create_graph: expected a model in evaluation mode, got one that is training")
    weight, gates, hiddens, cells, squashed = made
    length, _, size = hiddens.shape
    grad = torch.empty_like(gates)
    from_hiddens, from_cells = ([None] * length if g is None else g.unbind() for g in (of_hiddens, of_cells))
    i, f, g, o = (part.unbind() for part in torch.split(gates, size, dim=2))
    d_i, d_f, d_g, d_o = (part.unbind() for part in torch.split(grad, size, dim=2))
    both, d_both = gates[..., : 2 * size].unbind(), grad[..., : 2 * size].unbind()  # i and f side by side
    steps, states, before = grad.unbind(), squashed.unbind(), cells.unbind()
    later, carry = None, None
    for t in reversed(range(length)):
        given = from_hiddens[t]
        hidden = torch.zeros_like(hiddens[t]) if given is None else given
        if later is not None:
            hidden = torch.addmm(hidden, later, weight)
        through_sigmoid(torch.mul(hidden, states[t], out=d_o[t]), o[t])
        cell = through_tanh(hidden * o[t], states[t])
        for more in (from_cells[t], carry):
            if more is not None:
                cell += more
        torch.mul(cell, g[t], out=d_i[t])
        if t:
            torch.mul(cell, before[t - 1], out=d_f[t])
        else:
            d_f[t].zero_()
        through_sigmoid(d_both[t], both[t])
        through_tanh(torch.mul(cell, i[t], out=d_g[t]), g[t])
        later, carry = steps[t], cell.mul_(f[t])
    return grad, grad[1:].flatten(0, 1).T @ hiddens[:-1].flatten(0, 1)


def through_sigmoid(grad: Tensor, made: Tensor) -> Tensor:
    """Gradient by what a sigmoid made -> gradient by what it read, in place."""
    out: Tensor = torch.ops.aten.sigmoid_backward.grad_input(grad, made, grad_input=grad)
    return out


def through_tanh(grad: Tensor, made: Tensor) -> Tensor:
    """The same of tanh."""
    out: Tensor = torch.ops.aten.tanh_backward.grad_input(grad, made, grad_input=grad)
    return out
