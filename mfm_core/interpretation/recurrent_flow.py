"""The Jacobian of a recurrent decoder, propagated by hand."""

from __future__ import annotations

import torch
from torch import Tensor

from mfm_core.networks.lstm import run_lstm
from mfm_core.networks.recurrent import RecurrentDecoder
from mfm_core.networks.steps import put_back

# Carried at a time: what fits in the cache is faster than all at once.
SAMPLES = 8


def recurrent_flow(decoder: RecurrentDecoder, code: Tensor, mask: Tensor, tangents: Tensor) -> Tensor:
    """Sum over the tangents of |d x^_t along it|^2 at every real step.

    With W the output layer and D_t = d h_t / d f, it is |W D_t|_F^2 = tr(D_t^T (W^T W) D_t), in which the size of x^ no
    longer occurs. Where x^ is smaller than the hidden state, W D_t itself is.

    Args:
        decoder: The decoder.
        code: Its input, ``(N, d_in)``.
        mask: Which steps are real, ``(N, T)``.
        tangents: ``(d_in, k)``, the same for all samples.

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
    moved = decoder.start.weight @ tangents
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
    (n, _), (_, hidden) = first.shape, weight.shape
    later = bias.expand(steps - 1, n, -1)
    hiddens, cells = run_lstm(torch.cat([first.unsqueeze(0), later]), weight, fast=True)
    gates = torch.cat([first.unsqueeze(0), bias + hiddens[:-1] @ weight.T])  # (steps, N, 4 hidden)
    i, f, g, o = gates.chunk(4, dim=2)
    i, f, g, o, squashed = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid(), cells.tanh()
    before = torch.cat([torch.zeros_like(cells[:1]), cells[:-1]])
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
            flow[t - 1] = (measured * (d_h if squared else measured)).sum(dim=(1, 2))
            torch.addcmul(from_cell, keep, d_c, out=d_c)
            torch.mul(slope_o, from_output, out=d_h)
        d_h.addcmul_(slope_c, d_c)
    last = read @ d_h
    flow[-1] = (last * (d_h if squared else last)).sum(dim=(1, 2))
    return flow.T.clamp(min=0)  # rounding may leave less where nothing moves
