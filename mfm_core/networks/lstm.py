"""The LSTM (Hochreiter and Schmidhuber 1997, with forget gates) that all sequences go through.

A step waits for the step before it with one matrix product and little else: what the gates read of the input is
computed for all steps at once, and while training so is every part of the gradient that needs no later step.
Sequences are time-major here, ``(T, N, d)``, so that a step is one block of memory.
"""

from __future__ import annotations

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
        return run_lstm(self.read(x), self.step.weight, fast=self.training)


def run_lstm(inputs: Tensor, weight: Tensor, *, fast: bool = False) -> tuple[Tensor, Tensor]:
    """An LSTM over all steps, from h = c = 0.

    Args:
        inputs: What the gates i, f, g, o of each step get from outside, ``(T, N, 4 * hidden)``.
        weight: What they get from the hidden state before, ``(4 * hidden, hidden)``.
        fast: For training: twice as fast, but only gradients of the first order can be taken, backwards.

    Returns:
        Hidden states and cells after each step, ``(T, N, hidden)`` each.
    """
    if fast and inputs.dtype == weight.dtype:  # under autocast they differ
        hiddens, cells = _Recurrence.apply(inputs, weight)  # type: ignore[no-untyped-call]
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


class _Recurrence(torch.autograd.Function):
    """:func:`run_lstm` with a gradient written by hand, whose intermediate results stay in the processor's cache.

    tanh(x) is 2 sigmoid(2 x) - 1, which the vector units of a CPU compute six times as fast.
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ANN401 (torch's own)
        size = weight.shape[1]
        gates = torch.empty_like(inputs, memory_format=torch.contiguous_format)
        hiddens, cells, squashed = (inputs.new_empty(*inputs.shape[:2], size) for _ in range(3))
        parts = (part.unbind() for part in torch.split(gates, size, dim=2))
        states = hiddens.unbind(), cells.unbind(), squashed.unbind()
        hidden, cell, minus_one = None, None, inputs.new_tensor(-1.0)
        for x, all_four, i, f, g, o, new_hidden, new_cell, squash in zip(
            inputs.unbind(), gates.unbind(), *parts, *states, strict=True
        ):
            if hidden is None:
                all_four.copy_(x)
            else:
                torch.addmm(x, hidden, weight.T, out=all_four)
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
        ctx.save_for_backward(weight, gates, squashed, hiddens, cells)
        ctx.set_materialize_grads(False)
        return hiddens, cells

    @staticmethod
    def backward(ctx: Any, *given: Tensor | None) -> tuple[Tensor, Tensor]:  # noqa: ANN401 (torch's own)
        if torch.is_grad_enabled():  # as it is where the gradient itself is to be differentiated
            raise RuntimeError("create_graph: expected a model in evaluation mode, got one that is training")
        weight, gates, squashed, hiddens, cells = ctx.saved_tensors
        length, _, size = hiddens.shape
        grad = torch.empty_like(gates)
        from_hiddens, from_cells = ([None] * length if g is None else g.unbind() for g in given)
        i, f, g, o = (part.unbind() for part in torch.split(gates, size, dim=2))
        d_i, d_f, d_g, d_o = (part.unbind() for part in torch.split(grad, size, dim=2))
        both, d_both = gates[..., : 2 * size].unbind(), grad[..., : 2 * size].unbind()  # i and f side by side
        steps, states, before = grad.unbind(), squashed.unbind(), (None, *cells.unbind()[:-1])
        later, carry = None, None
        for t in reversed(range(length)):
            given_hidden = from_hiddens[t]
            hidden = torch.zeros_like(hiddens[t]) if given_hidden is None else given_hidden
            if later is not None:
                hidden = torch.addmm(hidden, later, weight)
            _through_sigmoid(torch.mul(hidden, states[t], out=d_o[t]), o[t])
            cell = _through_tanh(hidden * o[t], states[t])
            for more in (from_cells[t], carry):
                if more is not None:
                    cell += more
            torch.mul(cell, g[t], out=d_i[t])
            if before[t] is None:
                d_f[t].zero_()
            else:
                torch.mul(cell, before[t], out=d_f[t])
            _through_sigmoid(d_both[t], both[t])
            _through_tanh(torch.mul(cell, i[t], out=d_g[t]), g[t])
            later, carry = steps[t], cell.mul_(f[t])
        return grad, grad[1:].flatten(0, 1).T @ hiddens[:-1].flatten(0, 1)


def _through_sigmoid(grad: Tensor, made: Tensor) -> Tensor:
    """Gradient by what a sigmoid made -> gradient by what it read, in place."""
    out: Tensor = torch.ops.aten.sigmoid_backward.grad_input(grad, made, grad_input=grad)
    return out


def _through_tanh(grad: Tensor, made: Tensor) -> Tensor:
    """The same of tanh."""
    out: Tensor = torch.ops.aten.tanh_backward.grad_input(grad, made, grad_input=grad)
    return out
