"""Recurrent networks: against torch's own cells, step by step, over real steps only."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from mfm_core.networks.lstm import LSTM, run_lstm, unroll_lstm
from mfm_core.networks.recurrent import RecurrentDecoder, RecurrentEncoder
from mfm_core.networks.steps import in_front, last_real, put_back, to_front

masks = st.integers(1, 6).flatmap(
    lambda length: st.lists(st.lists(st.booleans(), min_size=length, max_size=length), min_size=1, max_size=5)
)


@given(masks)
def test_real_steps_come_to_the_front_and_go_back(rows: list[list[bool]]) -> None:
    mask = torch.tensor(rows)
    x = torch.arange(1.0, mask.numel() * 2 + 1).view(*mask.shape, 2)
    front = to_front(torch.where(mask.unsqueeze(2), x, torch.nan), mask)
    for sample, row in enumerate(rows):
        steps = [t for t, is_real in enumerate(row) if is_real]
        wanted = torch.zeros(len(row), 2)
        wanted[: len(steps)] = x[sample, steps]
        assert torch.equal(front[sample], wanted)
        assert in_front(mask)[sample].tolist() == [t < len(steps) for t in range(len(row))]
        if steps:
            assert torch.equal(last_real(front.transpose(0, 1), mask)[sample], x[sample, steps[-1]])
    assert torch.equal(put_back(front, mask), torch.where(mask.unsqueeze(2), x, 0))


def lstm_of_torch(ours: LSTM) -> nn.LSTM:
    theirs = nn.LSTM(ours.read.in_features, ours.step.in_features).to(ours.read.weight.dtype)
    theirs.load_state_dict(
        {
            "weight_ih_l0": ours.read.weight,
            "weight_hh_l0": ours.step.weight,
            "bias_ih_l0": ours.read.bias,
            "bias_hh_l0": torch.zeros_like(ours.read.bias),
        }
    )
    return theirs


@pytest.mark.parametrize("training", [True, False])
def test_the_lstm_is_that_of_torch(training: bool, generator: torch.Generator) -> None:
    ours = LSTM(3, 4).double().train(training)
    x = torch.randn(6, 5, 3, generator=generator, dtype=torch.float64)
    hiddens, cells = ours(x)
    wanted, _ = lstm_of_torch(ours)(x)
    torch.testing.assert_close(hiddens, wanted)
    for t in range(6):
        torch.testing.assert_close(cells[t], lstm_of_torch(ours)(x[: t + 1])[1][1][0])


@pytest.mark.parametrize("read", ["hiddens", "cells", "both", "one cell"])
@pytest.mark.parametrize("length", [1, 2, 6])
def test_the_gradient_written_by_hand_is_that_of_autograd(read: str, length: int, generator: torch.Generator) -> None:
    lstm = LSTM(2, 3).double()
    x = torch.randn(length, 5, 2, generator=generator, dtype=torch.float64, requires_grad=True)
    weigh_hiddens, weigh_cells = torch.randn(2, length, 5, 3, generator=generator, dtype=torch.float64)

    def gradients() -> tuple[Tensor, ...]:
        hiddens, cells = lstm(x)
        of_hiddens, of_cells = (hiddens * weigh_hiddens).sum(), (cells * weigh_cells).sum()
        total = {"hiddens": of_hiddens, "cells": of_cells, "both": of_hiddens + of_cells, "one cell": cells[0, 2].sum()}
        leaves = [x, *lstm.parameters()]
        found = torch.autograd.grad(total[read], leaves, allow_unused=True, materialize_grads=True)
        return hiddens, cells, *found

    lstm.train()
    ours = gradients()
    lstm.eval()
    for by_hand, by_autograd in zip(ours, gradients(), strict=True):
        torch.testing.assert_close(by_hand, by_autograd)


@pytest.mark.parametrize("length", [1, 2, 6])
def test_the_gradient_of_the_unrolled_lstm_is_that_of_autograd(length: int, generator: torch.Generator) -> None:
    shapes = [(5, 12), (12,), (12, 3)]
    leaves = [torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True) for shape in shapes]
    weigh = torch.randn(length, 5, 3, generator=generator, dtype=torch.float64)

    def gradients(fast: bool) -> tuple[Tensor, ...]:
        hiddens = unroll_lstm(*leaves, length, fast=fast)
        found = torch.autograd.grad((hiddens * weigh).sum(), leaves, allow_unused=True, materialize_grads=True)
        return hiddens, *found

    for by_hand, by_autograd in zip(gradients(True), gradients(False), strict=True):
        torch.testing.assert_close(by_hand, by_autograd)


def test_in_evaluation_any_derivative_can_be_taken_and_while_training_the_first(generator: torch.Generator) -> None:
    lstm, x = LSTM(3, 4).double(), torch.randn(5, 2, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: lstm.eval()(x)[0][-1], x)
    tangent = torch.func.jvp(lambda x: lstm.eval()(x)[0], (x.detach(),), (torch.ones_like(x),))[1]
    assert tangent.abs().sum() > 0
    with pytest.raises(RuntimeError, match=r"^create_graph: expected a model in evaluation mode"):
        torch.autograd.grad(lstm.train()(x)[0].sum(), x, create_graph=True)


def test_the_encoder_reads_real_steps_only_and_ends_with_a_linear_layer(
    real: Tensor, generator: torch.Generator
) -> None:
    encoder = RecurrentEncoder(3, 4).double()
    x = torch.randn(*real.shape, 3, generator=generator, dtype=torch.float64)
    found = encoder(torch.where(real.unsqueeze(2), x, torch.nan), real)
    theirs = lstm_of_torch(encoder.lstm)
    for sample, row in enumerate(real):
        hidden = theirs(x[sample, row].unsqueeze(1))[1][0][0]
        torch.testing.assert_close(found[[sample]], encoder.read_out(hidden))


@pytest.mark.parametrize("training", [True, False])
def test_the_decoder_is_the_published_one(training: bool, generator: torch.Generator) -> None:
    """An LSTM cell that reads the code at its first step, and its own last hidden state at every later one."""
    cell, out = nn.LSTMCell(5, 5).double(), nn.Linear(5, 3).double()
    decoder = RecurrentDecoder(5, 3).double().train(training)
    decoder.load_state_dict(
        {
            "start.weight": cell.weight_ih,
            "start.bias": cell.bias_ih + cell.bias_hh,
            "step.weight": cell.weight_ih + cell.weight_hh,
            "out.weight": out.weight,
            "out.bias": out.bias,
        }
    )
    code = torch.randn(4, 5, generator=generator, dtype=torch.float64)
    hidden, state, wanted = code, torch.zeros_like(code), []
    for t in range(7):
        hidden, state = cell(hidden, (torch.zeros_like(code) if t == 0 else hidden, state))
        wanted.append(out(hidden))
    torch.testing.assert_close(decoder(code, torch.ones(4, 7, dtype=torch.bool)), torch.stack(wanted, dim=1))


def test_feeding_back_what_was_generated_is_one_more_input_of_the_gates(generator: torch.Generator) -> None:
    decoder = RecurrentDecoder(5, 3, "output").double()
    assert decoder.feed is not None
    code = torch.randn(4, 5, generator=generator, dtype=torch.float64)
    gates, state, wanted = decoder.start(code), torch.zeros_like(code), []
    for _ in range(6):
        i, f, g, o = gates.chunk(4, dim=1)
        state = f.sigmoid() * state + i.sigmoid() * g.tanh()
        hidden = o.sigmoid() * state.tanh()
        wanted.append(decoder.out(hidden))
        gates = decoder.step(hidden) + decoder.feed(wanted[-1]) + decoder.start.bias
    torch.testing.assert_close(decoder(code, torch.ones(4, 6, dtype=torch.bool)), torch.stack(wanted, dim=1))


@pytest.mark.parametrize("feedback", ["hidden", "output"])
def test_the_real_steps_are_the_steps_of_the_recursion_and_the_rest_is_0(
    feedback: str, real: Tensor, generator: torch.Generator
) -> None:
    decoder = RecurrentDecoder(5, 3, feedback).double()  # type: ignore[arg-type]
    code = torch.randn(len(real), 5, generator=generator, dtype=torch.float64)
    found, whole = decoder(code, real), decoder(code, torch.ones_like(real))
    for sample, row in enumerate(real):
        torch.testing.assert_close(found[sample, row], whole[sample, : row.sum()])
        assert (found[sample, ~row] == 0).all()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("feedback", ["hidden", "output"])
def test_every_weight_of_encoder_and_decoder_takes_part(
    training: bool, feedback: str, real: Tensor, generator: torch.Generator
) -> None:
    encoder = RecurrentEncoder(3, 4).train(training)
    decoder = RecurrentDecoder(4, 3, feedback).train(training)  # type: ignore[arg-type]
    x = torch.where(real.unsqueeze(2), torch.randn(*real.shape, 3, generator=generator), torch.nan)
    decoder(encoder(x, real), real).square().sum().backward()
    for name, parameter in [*encoder.named_parameters(), *decoder.named_parameters()]:
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_no_sequences_are_none() -> None:
    none = torch.zeros(0, 7, dtype=torch.bool)
    assert RecurrentEncoder(3, 4)(torch.zeros(0, 7, 3), none).shape == (0, 4)
    assert RecurrentDecoder(4, 3)(torch.zeros(0, 4), none).shape == (0, 7, 3)


@pytest.mark.parametrize("length", [1, 2, 6])
def test_the_gradient_of_the_fast_run_is_that_of_autograd(length: int, generator: torch.Generator) -> None:
    shapes = [(length, 5, 12), (12, 3)]
    leaves = [torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True) for shape in shapes]
    weigh = torch.randn(2, length, 5, 3, generator=generator, dtype=torch.float64)

    def gradients(fast: bool) -> tuple[Tensor, ...]:
        states = torch.stack(run_lstm(*leaves, fast=fast))
        found = torch.autograd.grad((states * weigh).sum(), leaves, allow_unused=True, materialize_grads=True)
        return states, *found

    for by_hand, by_autograd in zip(gradients(True), gradients(False), strict=True):
        torch.testing.assert_close(by_hand, by_autograd)
    hiddens, cells = run_lstm(*leaves, fast=True)
    (of_cells,) = torch.autograd.grad(cells.sum(), leaves[:1])
    assert bool(of_cells.abs().sum() > 0)
    assert hiddens.shape == cells.shape
