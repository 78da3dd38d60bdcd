"""The Jacobian of a recurrent decoder, propagated by hand."""

from __future__ import annotations

import torch
from torch import Tensor

from mfm_core.interpretation.one_thread import one_thread
from mfm_core.networks.recurrent import RecurrentDecoder
from mfm_core.networks.steps import put_back

# Carried at a time: what fits in the cache is faster than all at once.
SAMPLES = 8


@one_thread()
def recurrent_flow(
    decoder: RecurrentDecoder, code: Tensor, mask: Tensor, part: slice, directions: Tensor | None = None
) -> Tensor:
    """|d x^_t / d f|_F^2 at every real step, where f is a part of the code.

    With W the output layer and D_t = d h_t / d f, it is |W D_t|_F^2 = tr(D_t^T (W^T W) D_t), in which the size of x^ no
    longer occurs. Where x^ is smaller than the hidden state, W D_t itself is.

    Args:
        decoder: The decoder.
        code: Its input, ``(N, d_in)``.
        mask: Which steps are real, ``(N, T)``.
        part: Which columns of the code f is.
        directions: ``(size of f, k)``, to measure the derivatives along its columns alone.

    Returns:
        ``(N, T)``, 0 at steps that are not real.
    """
    n = len(code)
    weight: Tensor = decoder.step.weight
    bias: Tensor = decoder.start.bias
    if decoder.feed is not None:  # what is generated is linear in the hidden state, so its way back can be too
        weight = weight + decoder.feed.weight @ decoder.out.weight
        bias = bias + decoder.feed.weight @ decoder.out.bias
    read: Tensor = decoder.out.weight
    squared = len(read) > read.shape[1]
    if squared:
        read = read.T @ read
    moved: Tensor = decoder.start.weight[:, part]
    if directions is not None:
        moved = moved @ directions
    flow = code.new_zeros(n, mask.shape[1])
    if not mask.any():
        return flow
    steps = int(mask.sum(dim=1).max())
    for at in range(0, n, SAMPLES):
        rows = slice(at, at + SAMPLES)
        flow[rows, :steps] = _propagate(decoder.start(code[rows]), moved, weight, bias, read, steps, squared=squared)
    return put_back(flow.unsqueeze(2), mask).squeeze(2)


def _propagate(
    first: Tensor, moved: Tensor, weight: Tensor, bias: Tensor, read: Tensor, steps: int, *, squared: bool
) -> Tensor:
    """Run the recursion, then its Jacobian.

    The cell's derivative is d_c' = f d_c + (slope_i W_i + slope_f W_f + slope_g W_g) d_h, where the slopes scale rows:
    the sum of the three matrices, made for each sample at each step, multiplies d_h once instead of three times.

    Args:
        first: Gates i, f, g, o before their nonlinearities at the first step, ``(N, 4 hidden)``.
        moved: Their derivatives there, ``(4 hidden, k)``, the same for all samples.
        weight: Hidden state to gates.
        bias: Of the gates at later steps.
        read: What the Jacobian of the hidden state is multiplied with to be measured, ``(r, hidden)``: W, or W^T W.
        steps: How many.
        squared: Whether ``read`` is W^T W.

    Returns:
        ``(N, steps)``.
    """
    n, hidden = len(first), weight.shape[1]
    i, f, g, o, c, squashed = _states(first, weight, bias, steps)
    before = torch.cat([torch.zeros_like(c[:1]), c[:-1]])
    slopes = (i * (1 - i) * g, f * (1 - f) * before, i * (1 - g * g), f, o * (1 - o) * squashed, o * (1 - squashed**2))
    by_step = [slope.unsqueeze(3).unbind() for slope in slopes]  # each (N, hidden, 1)

    w_i, w_f, w_g, w_o = weight.chunk(4)
    # What multiplies d_h: of the cell's derivative, made anew at each step, of the output gate's, and of the measure.
    factors = torch.cat([torch.empty_like(w_o), w_o, read]).repeat(n, 1, 1)  # (N, 2 hidden + r, hidden)
    of_cell = factors[:, :hidden]
    product = first.new_empty(n, factors.shape[1], moved.shape[1])
    from_cell, from_output = product[:, :hidden], product[:, hidden : 2 * hidden]
    measured = product[:, 2 * hidden :]
    m_i, _, m_g, m_o = moved.chunk(4)
    d_c = d_h = first.new_zeros(n, hidden, moved.shape[1])
    flow = first.new_empty(steps, n)
    for t, (slope_i, slope_f, slope_g, keep, slope_o, slope_c) in enumerate(zip(*by_step, strict=True)):
        if t == 0:
            d_c = slope_i * m_i + slope_g * m_g
            d_h = slope_o * m_o
        else:
            torch.mul(slope_i, w_i, out=of_cell).addcmul_(slope_f, w_f).addcmul_(slope_g, w_g)
            torch.bmm(factors, d_h, out=product)
            torch.mul(measured, d_h if squared else measured, out=measured)
            torch.sum(measured, dim=(1, 2), out=flow[t - 1])
            torch.addcmul(from_cell, keep, d_c, out=d_c)
            torch.mul(slope_o, from_output, out=d_h)
        d_h.addcmul_(slope_c, d_c)
    last = read @ d_h
    flow[-1] = (last * (d_h if squared else last)).sum(dim=(1, 2))
    return flow.T.clamp(min=0)  # rounding may leave less where nothing moves


def _states(first: Tensor, weight: Tensor, bias: Tensor, steps: int) -> tuple[Tensor, ...]:
    """Gates i, f, g, o, cell and its hyperbolic tangent after each step, ``(steps, N, hidden)`` each."""
    n, hidden = len(first), weight.shape[1]
    gates = first.new_empty(steps, n, 4 * hidden)
    cells, squashed = first.new_empty(2, steps, n, hidden)
    h = first.new_empty(n, hidden)
    i, f, g, o = gates.split(hidden, dim=2)  # type: ignore[no-untyped-call]
    states = gates.unbind(), gates[:, :, : 2 * hidden].unbind(), *(x.unbind() for x in (i, f, g, o, cells, squashed))
    before = None
    for every, i_and_f, i_t, f_t, g_t, o_t, c, s in zip(*states, strict=True):
        if before is None:
            every.copy_(first)
        else:
            torch.addmm(bias, h, weight.T, out=every)
        i_and_f.sigmoid_()
        o_t.sigmoid_()
        torch.mul(i_t, g_t.tanh_(), out=c)
        if before is not None:
            c.addcmul_(f_t, before)
        torch.mul(o_t, torch.tanh(c, out=s), out=h)
        before = c
    return i, f, g, o, cells, squashed
