"""The Jacobian of a recurrent decoder, propagated by hand."""

from __future__ import annotations

import torch
from torch import Tensor

from mfm_core.interpretation.one_thread import one_thread
from mfm_core.networks.recurrent import RecurrentDecoder
from mfm_core.networks.steps import put_back

# Carried at a time: what fits in the cache is faster than all at once, and of few directions more fit.
SAMPLES, SAMPLES_OF_FEW, FEW = 8, 16, 32


@one_thread()
def recurrent_flow(
    decoder: RecurrentDecoder,
    code: Tensor,
    mask: Tensor,
    part: slice,
    directions: Tensor | None = None,
    *,
    scale: Tensor | None = None,
) -> Tensor:
    """|d x^_t / d f|_F^2 at every real step, where f is a part of the code.

    With W the output layer and D_t = d h_t / d f, it is |W D_t|_F^2 = tr(D_t^T (W^T W) D_t), in which the size of x^ no
    longer occurs. Where x^ is smaller than the hidden state, W D_t itself is.

    Args:
        decoder: The decoder.
        code: Its input, ``(N, d_in)``.
        mask: Which steps are real, ``(N, T)``.
        part: Which columns of the code f is.
        directions: ``(size of f, k)``, to measure the derivatives along its columns alone; ``(N, size of f, k)`` for
            those of each sample.
        scale: What each feature of x^ is multiplied with before it is measured, ``(d_x,)``; None for 1.

    Returns:
        ``(N, T)``, 0 at steps that are not real.
    """
    n = len(code)
    weight, bias = decoder.recurrence()
    read: Tensor = decoder.out.weight if scale is None else scale[:, None] * decoder.out.weight
    squared = len(read) > read.shape[1]
    if squared:
        read = read.T @ read
    flow = code.new_zeros(n, mask.shape[1])
    if not mask.any():
        return flow
    steps = int(mask.sum(dim=1).max())
    moved = decoder.reading_matrices(steps)[:, None, :, part]  # (steps or 1, 1, 4 hidden, size of f)
    if directions is not None and directions.ndim == 2:
        moved = moved @ directions
    width = moved.shape[3] if directions is None else directions.shape[-1]
    together = SAMPLES if width >= FEW else SAMPLES_OF_FEW
    for at in range(0, n, together):
        rows = slice(at, at + together)
        inputs = decoder.read_at_every_step(code[rows], steps)
        states = _states(decoder.start(code[rows]), weight, bias, steps, inputs)
        own = moved @ directions[rows] if directions is not None and directions.ndim == 3 else moved
        found = _propagate(states, own, weight, read, squared=squared, again=inputs is not None)
        flow[rows, :steps] = found
    return put_back(flow.unsqueeze(2), mask).squeeze(2)


def _propagate(
    states: tuple[Tensor, ...], moved: Tensor, weight: Tensor, read: Tensor, *, squared: bool, again: bool
) -> Tensor:
    """The Jacobian's recursion along the states of an LSTM.

    The cell's derivative is d_c' = f d_c + (slope_i W_i + slope_f W_f + slope_g W_g) d_h, where the slopes scale rows:
    the sum of the three matrices, made for each sample at each step, multiplies d_h once instead of three times. Where
    the gates read the code at every step, what they read of it is added, scaled by the same slopes.

    Args:
        states: What :func:`_states` returns.
        moved: Derivatives of the gates i, f, g, o by f where they read the code, ``(steps, N, 4 hidden, k)``; the
            first two may be 1, for what all have in common.
        weight: Hidden state to gates.
        read: What the Jacobian of the hidden state is multiplied with to be measured, ``(r, hidden)``: W, or W^T W.
        squared: Whether ``read`` is W^T W.
        again: Whether the gates read the code at every step, or at the first only.

    Returns:
        ``(N, steps)``.
    """
    i, f, g, o, c, squashed = states
    steps, n, hidden = c.shape
    before = torch.cat([torch.zeros_like(c[:1]), c[:-1]])
    slopes = (i * (1 - i) * g, f * (1 - f) * before, i * (1 - g * g), f, o * (1 - o) * squashed, o * (1 - squashed**2))
    by_step = [slope.unsqueeze(3).unbind() for slope in slopes]  # each (N, hidden, 1)

    k = moved.shape[3]
    w_i, w_f, w_g, w_o = weight.chunk(4)
    # What multiplies d_h: of the cell's derivative, made anew at each step, of the output gate's, and of the measure.
    factors = moved.new_empty(n, 2 * hidden + len(read), hidden)
    of_cell = factors[:, :hidden]
    factors[:, hidden : 2 * hidden] = w_o
    factors[:, 2 * hidden :] = read
    product = moved.new_empty(n, factors.shape[1], k)
    from_cell, from_output = product[:, :hidden], product[:, hidden : 2 * hidden]
    measured = product[:, 2 * hidden :]
    d_h, d_c = moved.new_zeros(2, n, hidden, k)
    flow = moved.new_empty(steps, n)
    for t, (slope_i, slope_f, slope_g, keep, slope_o, slope_c) in enumerate(zip(*by_step, strict=True)):
        m_i, m_f, m_g, m_o = moved[min(t, len(moved) - 1)].chunk(4, dim=1)
        if t > 0:
            torch.mul(slope_i, w_i, out=of_cell).addcmul_(slope_f, w_f).addcmul_(slope_g, w_g)
            torch.bmm(factors, d_h, out=product)
            torch.mul(measured, d_h if squared else measured, out=measured)
            torch.sum(measured, dim=(1, 2), out=flow[t - 1])
            torch.addcmul(from_cell, keep, d_c, out=d_c)
            torch.mul(slope_o, from_output, out=d_h)
        if t == 0 or again:
            d_c.addcmul_(slope_i, m_i).addcmul_(slope_f, m_f).addcmul_(slope_g, m_g)
            d_h.addcmul_(slope_o, m_o)
        d_h.addcmul_(slope_c, d_c)
    last = read @ d_h
    flow[-1] = (last * (d_h if squared else last)).sum(dim=(1, 2))
    return flow.T.clamp(min=0)  # rounding may leave less where nothing moves


def _states(
    first: Tensor, weight: Tensor, bias: Tensor, steps: int, inputs: Tensor | None = None
) -> tuple[Tensor, ...]:
    """Gates i, f, g, o, cell and its hyperbolic tangent after each step, ``(steps, N, hidden)`` each.

    Args:
        first: What the gates of the first step get from outside, ``(N, 4 hidden)``.
        weight: Hidden state to gates.
        bias: Of the gates at later steps.
        steps: How many.
        inputs: What the gates of every step get from outside, ``(steps, N, 4 hidden)``, in place of the two.
    """
    n, hidden = len(first), weight.shape[1]
    gates = first.new_empty(steps, n, 4 * hidden)
    cells, squashed = first.new_empty(2, steps, n, hidden)
    h = first.new_empty(n, hidden)
    i, f, g, o = gates.split(hidden, dim=2)  # type: ignore[no-untyped-call]
    states = gates.unbind(), gates[:, :, : 2 * hidden].unbind(), *(x.unbind() for x in (i, f, g, o, cells, squashed))
    before = None
    for t, (every, i_and_f, i_t, f_t, g_t, o_t, c, s) in enumerate(zip(*states, strict=True)):
        if before is None:
            every.copy_(first if inputs is None else inputs[0])
        else:
            torch.addmm(bias if inputs is None else inputs[t], h, weight.T, out=every)
        i_and_f.sigmoid_()
        o_t.sigmoid_()
        torch.mul(i_t, g_t.tanh_(), out=c)
        if before is not None:
            c.addcmul_(f_t, before)
        torch.mul(o_t, torch.tanh(c, out=s), out=h)
        before = c
    return i, f, g, o, cells, squashed
