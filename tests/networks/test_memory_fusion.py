"""The Memory Fusion Network, against the equations of its paper written out for one sample and one step at a time."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from mfm_core import ModelConfig
from mfm_core.networks.gated_memory import remember
from mfm_core.networks.memory_fusion import MemoryFusion

Inputs = dict[str, Tensor]


def layers(network: nn.Sequential, x: Tensor, left_in: float) -> Tensor:
    """D(x): a hidden layer of rectified units, of which dropout leaves in none (0) or all (1)."""
    first, last = network[0], network[3]
    hidden = torch.clamp(first.weight @ x + first.bias, min=0)
    return last.weight @ (left_in * hidden) + last.bias


def by_the_equations(fusion: MemoryFusion, inputs: Inputs, mask: Tensor, left_in: float = 1.0) -> Tensor:
    """Zadeh et al. 2018, sections 3.1 to 3.4."""
    outputs = []
    for sample in range(len(mask)):
        hidden = {name: torch.zeros(view.step.in_features).double() for name, view in fusion.views.items()}
        cell = {name: h.clone() for name, h in hidden.items()}
        memory = torch.zeros(fusion.size).double()
        for t in mask[sample].nonzero().flatten().tolist():
            before = torch.cat(list(cell.values()))
            for name, view in fusion.views.items():
                gates = view.read.weight @ inputs[name][sample, t] + view.read.bias + view.step.weight @ hidden[name]
                i, f, g, o = gates.chunk(4)
                cell[name] = f.sigmoid() * cell[name] + i.sigmoid() * g.tanh()
                hidden[name] = o.sigmoid() * cell[name].tanh()
            both = torch.cat([before, *cell.values()])  # c^[t-1, t]
            scores = layers(fusion.attend, both, left_in)
            attended = both * torch.exp(scores) / torch.exp(scores).sum()  # c^ = c^[t-1, t] * a
            proposed = torch.tanh(layers(fusion.propose, attended, left_in))  # u^
            state = torch.cat([attended, memory])
            kept, added = (torch.sigmoid(layers(gate, state, left_in)) for gate in fusion.gates)  # gamma_1, gamma_2
            memory = kept * memory + added * proposed
        outputs.append(fusion.read_out.weight @ torch.cat([*hidden.values(), memory]) + fusion.read_out.bias)
    return torch.stack(outputs)


def network(config: ModelConfig, dropout: float = 0.0) -> MemoryFusion:
    memory = config.memory.model_copy(update={"dropout": dropout})
    fusion = MemoryFusion(config.model_copy(update={"memory": memory}), 3).double()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in fusion.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / parameter.shape[-1] ** 0.5)
    return fusion


@pytest.mark.parametrize("training", [True, False])
def test_it_is_what_the_equations_say(
    sequence_config: ModelConfig, sequences: Inputs, real: Tensor, training: bool
) -> None:
    fusion, inputs = network(sequence_config).train(training), {name: x.double() for name, x in sequences.items()}
    hidden_padding = {name: torch.where(real.unsqueeze(2), x, torch.nan) for name, x in inputs.items()}
    found = fusion(fusion.features(hidden_padding, real), real)
    torch.testing.assert_close(found, by_the_equations(fusion, inputs, real))


def test_without_a_mask_all_steps_are_real(sequence_config: ModelConfig, sequences: Inputs) -> None:
    fusion, inputs = network(sequence_config), {name: x.double() for name, x in sequences.items()}
    wanted = by_the_equations(fusion, inputs, torch.ones(6, 7, dtype=torch.bool))
    torch.testing.assert_close(fusion(fusion.features(inputs)), wanted)


def test_dropout_leaves_out_hidden_units_of_every_part_while_training(
    sequence_config: ModelConfig, sequences: Inputs, real: Tensor
) -> None:
    inputs = {name: x.double() for name, x in sequences.items()}
    whole = network(sequence_config, dropout=1.0)
    features = whole.features(inputs, real)
    torch.testing.assert_close(whole(features, real), by_the_equations(whole, inputs, real, left_in=0.0))
    torch.testing.assert_close(whole.eval()(features, real), by_the_equations(whole, inputs, real))
    some = network(sequence_config, dropout=0.5)
    assert not torch.equal(some(features, real), some(features, real))


@pytest.mark.parametrize("dropped", [True, False])
@pytest.mark.parametrize("length", [1, 2, 6])
def test_the_gradient_of_the_memory_is_that_of_autograd(length: int, dropped: bool, generator: torch.Generator) -> None:
    shapes = [(length, 5, 8), (length, 5, 3), (8, 3), (2, 3, 5)]
    leaves = [torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True) for shape in shapes]
    left_in = 2 * torch.randint(2, (length, 5, 8), generator=generator).double() if dropped else None
    weigh = torch.randn(length, 5, 3, generator=generator, dtype=torch.float64)

    def gradients(fast: bool) -> tuple[Tensor, ...]:
        memories = remember(*leaves[:2], left_in, *leaves[2:], fast=fast)
        found = torch.autograd.grad((memories * weigh).sum(), leaves, allow_unused=True, materialize_grads=True)
        return memories, *found

    for by_hand, by_autograd in zip(gradients(True), gradients(False), strict=True):
        torch.testing.assert_close(by_hand, by_autograd)


def test_the_gates_keep_units_at_the_rate_and_the_mean_of_dropout(sequence_config: ModelConfig) -> None:
    left_in = network(sequence_config, dropout=0.25).left_in(torch.zeros(20, 500, 12))
    assert left_in is not None
    assert left_in.unique().tolist() == pytest.approx([0, 4 / 3])
    assert float(left_in.mean()) == pytest.approx(1.0, abs=0.01)


def test_features_of_a_modality_come_from_it_alone(
    sequence_config: ModelConfig, sequences: Inputs, real: Tensor
) -> None:
    fusion, inputs = network(sequence_config).eval(), {name: x.double() for name, x in sequences.items()}
    features = fusion.features(inputs, real)
    assert {name: tuple(x.shape) for name, x in features.items()} == {
        "language": (6, 8, 6),
        "acoustic": (6, 8, 5),
        "visual": (6, 8, 4),
    }
    for name, x in inputs.items():
        assert torch.equal(fusion.features({name: x}, real)[name], features[name])
        assert not torch.allclose(fusion(features | {name: -features[name]}, real), fusion(features, real))
    summaries = fusion.summaries(features)
    assert {name: tuple(x.shape) for name, x in summaries.items()} == {
        "language": (6, 6),
        "acoustic": (6, 5),
        "visual": (6, 4),
    }


def test_every_weight_takes_part(sequence_config: ModelConfig, sequences: Inputs, real: Tensor) -> None:
    fusion = network(sequence_config).float()
    fusion(fusion.features(sequences, real), real).square().sum().backward()
    for name, parameter in fusion.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name
