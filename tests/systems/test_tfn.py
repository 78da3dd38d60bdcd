"""The tensor fusion network, against an explicit outer product and its equations."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from mfm_core.systems.tfn import TensorFusionNetwork, TFNConfig, embedding_size, tensor_fusion
from tests.systems.oracle import SPEC, dense, randomised, real, run, sequences


@pytest.mark.parametrize("sizes", [(4,), (2, 3), (2, 1, 3), (1, 2, 2, 1)])
def test_the_tensor_holds_all_products(sizes: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(0)
    embeddings = [torch.randn(3, size, generator=generator) for size in sizes]
    found = tensor_fusion(embeddings)
    assert found.shape == (3, int(torch.tensor([size + 1 for size in sizes]).prod()))
    for sample in range(3):
        ones = [[*embedding[sample].tolist(), 1.0] for embedding in embeddings]
        wanted = [float(torch.tensor(entries).prod()) for entries in product(*ones)]
        torch.testing.assert_close(found[sample], torch.tensor(wanted))


@pytest.mark.parametrize(("modalities", "size"), [(1, 16), (2, 16), (3, 9), (4, 4), (5, 3), (6, 2)])
def test_the_tensor_is_bounded_whatever_the_number_of_modalities(modalities: int, size: int) -> None:
    config = TFNConfig()
    assert embedding_size(config, modalities) == size
    assert (size + 1) ** modalities <= config.tensor
    assert size == config.embedding or (size + 2) ** modalities > config.tensor


@pytest.mark.parametrize("training", [True, False])
def test_it_is_what_the_equations_say(training: bool) -> None:
    network = randomised(TensorFusionNetwork(TFNConfig(hidden=5, embedding=2, head=4, dropout=0), SPEC))
    network.train(training)
    (inputs, mask), wanted = sequences(), []
    for sample in range(len(mask)):
        tensor = torch.ones(1).double()
        for embed, x in zip(network.embed, inputs.values(), strict=True):
            steps = real(x, mask, sample)
            (memory,) = embed.recurrence.layers[0]
            read = torch.cat([run(memory, steps)[-1], torch.stack(steps).mean(0)])
            embedding = torch.clamp(dense(embed.layers, read), min=0)
            tensor = torch.outer(tensor, torch.cat([embedding, torch.ones(1)])).flatten()
        _, first, _, second, _, last = network.infer
        hidden = torch.clamp(first.weight @ tensor + first.bias, min=0)
        hidden = torch.clamp(second.weight @ hidden + second.bias, min=0)
        wanted.append(last.weight @ hidden + last.bias)
    torch.testing.assert_close(network(inputs, mask), torch.stack(wanted))
