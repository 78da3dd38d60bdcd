"""The multi-view gated memory of the Memory Fusion Network (section 3.3 there): the one part that waits for itself."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mfm_core.networks.lstm import through_sigmoid


def remember(
    seen: Tensor, proposed: Tensor, left_in: Tensor | None, first: Tensor, second: Tensor, *, fast: bool = False
) -> Tensor:
    """A memory that two gates keep and add to, from 0; each gate has one hidden layer.

    Args:
        seen: What the hidden layers of both gates, side by side, get from outside, ``(T, N, 2 * gate)``.
        proposed: What could be added, ``(T, N, memory)``.
        left_in: What dropout multiplies the hidden layers by, ``(T, N, 2 * gate)``; None for nothing.
        first: What the hidden layers read of the memory, ``(2 * gate, memory)``.
        second: What the gates read of their hidden layers and, in the last column, of a constant 1,
            ``(2, memory, gate + 1)``.
        fast: For training: much faster, but only gradients of the first order can be taken, backwards.

    Returns:
        The memory after each step, ``(T, N, memory)``.
    """
    if fast and not torch.is_autocast_enabled(seen.device.type):
        found: Tensor = _Remembering.apply(seen, proposed, left_in, first, second)  # type: ignore[no-untyped-call]
        return found
    memory, memories = torch.zeros_like(proposed[0]), []
    weights, biases = second[..., :-1], second[..., -1]
    for t in range(len(seen)):
        hidden = torch.relu(seen[t] + memory @ first.T)
        if left_in is not None:
            hidden = hidden * left_in[t]
        gates = (
            torch.nn.functional.linear(x, w, b) for x, w, b in zip(hidden.chunk(2, 1), weights, biases, strict=True)
        )
        kept, added = (gate.sigmoid() for gate in gates)
        memory = kept * memory + added * proposed[t]
        memories.append(memory)
    return torch.stack(memories)


class _Remembering(torch.autograd.Function):
    """:func:`remember` with a gradient written by hand."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 (torch's own)
        seen: Tensor,
        proposed: Tensor,
        left_in: Tensor | None,
        first: Tensor,
        second: Tensor,
    ) -> Tensor:
        length, n, size = proposed.shape
        width = seen.shape[2] // 2
        hidden, gates = torch.empty_like(seen), seen.new_empty(length, n, 2 * size)
        memories = torch.empty_like(proposed)
        weights, biases = [w.T for w in second[..., :-1]], second[..., -1].contiguous()
        halves = list(zip(torch.split(hidden, width, 2), torch.split(gates, size, 2), strict=True))
        memory = None
        for t, (units, both) in enumerate(zip(hidden.unbind(), gates.unbind(), strict=True)):
            if memory is None:
                units.copy_(seen[t])
            else:
                torch.addmm(seen[t], memory, first.T, out=units)
            units.relu_()
            if left_in is not None:
                units.mul_(left_in[t])
            for (h, g), w, b in zip(halves, weights, biases, strict=True):
                torch.addmm(b, h[t], w, out=g[t])
            both.sigmoid_()
            torch.mul(both[:, size:], proposed[t], out=memories[t])
            if memory is not None:
                memories[t].addcmul_(both[:, :size], memory)
            memory = memories[t]
        ctx.save_for_backward(proposed, left_in, first, second, hidden, gates, memories)
        return memories

    @staticmethod
    def backward(ctx: Any, given: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        if torch.is_grad_enabled():
            raise RuntimeError("create_graph: expected a model in evaluation mode, got one that is training")
        proposed, left_in, first, second, hidden, gates, memories = ctx.saved_tensors
        length, _, size = proposed.shape
        width = hidden.shape[2] // 2
        weights = second[..., :-1].contiguous()
        d_hidden, d_gates, d_proposed = torch.empty_like(hidden), torch.empty_like(gates), torch.empty_like(proposed)
        later, carry = None, torch.zeros_like(given[0])
        for t in reversed(range(length)):
            grad = given[t]
            if later is not None:
                grad = torch.addmm(grad, later, first).add_(carry)
            kept, added = torch.split(gates[t], size, 1)
            d_kept, d_added = torch.split(d_gates[t], size, 1)
            if t:
                torch.mul(grad, memories[t - 1], out=d_kept)
            else:
                d_kept.zero_()
            torch.mul(grad, proposed[t], out=d_added)
            torch.mul(grad, added, out=d_proposed[t])
            through_sigmoid(d_gates[t], gates[t])
            for w, d_gate, d_units in zip(weights, (d_kept, d_added), torch.split(d_hidden[t], width, 1), strict=True):
                torch.mm(d_gate, w, out=d_units)
            if left_in is not None:
                d_hidden[t].mul_(left_in[t])
            torch.ops.aten.threshold_backward.grad_input(d_hidden[t], hidden[t], 0, grad_input=d_hidden[t])
            later, carry = d_hidden[t], grad * kept
        d_first = d_hidden[1:].flatten(0, 1).T @ memories[:-1].flatten(0, 1)
        d_second = torch.empty_like(second)
        for k, (h, g) in enumerate(zip(torch.split(hidden, width, 2), torch.split(d_gates, size, 2), strict=True)):
            d_second[k, :, :-1] = g.flatten(0, 1).T @ h.flatten(0, 1)
            d_second[k, :, -1] = g.sum((0, 1))
        return d_hidden, d_proposed, None, d_first, d_second
