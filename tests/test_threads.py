"""One model serves many sessions at once: threads that share it get what serial calls get, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import torch

from mfm_core import MFM, AggregatePosterior, directions, load_pretrained

N_THREADS = 8
N_REPEATS = 5


def encode_and_decode(model: MFM, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    pictures = {
        name: torch.rand(3 + seed % 3, *modality.shape, generator=generator)
        for name, modality in model.config.modalities.items()
    }
    present = [("svhn",), ("mnist",), ("svhn", "mnist")][seed % 3]
    with torch.inference_mode():
        generated = model.decode(model.encode({name: pictures[name] for name in present}))
    return torch.cat([generated.label.flatten(), *(x.flatten() for x in generated.modalities.values())])


def sample_and_decode(model: MFM, seed: int) -> torch.Tensor:
    latents = model.sample(4, generator=torch.Generator().manual_seed(seed))
    return model.decode(latents).modalities["svhn"].flatten()


def rank_directions(model: MFM, seed: int) -> torch.Tensor:
    latents = model.sample(2, generator=torch.Generator().manual_seed(seed))
    return directions(model, latents, factor="y", n_directions=2).vectors


@pytest.mark.parametrize("work", [encode_and_decode, sample_and_decode, rank_directions])
def test_threads_that_share_a_model_get_what_serial_calls_get(
    stored: Path, work: Callable[[MFM, int], torch.Tensor]
) -> None:
    model = load_pretrained(stored)
    serial = [[work(model, seed) for _ in range(N_REPEATS)] for seed in range(N_THREADS)]
    start = Barrier(N_THREADS)

    def session(seed: int) -> list[torch.Tensor]:
        start.wait(timeout=30)
        return [work(model, seed) for _ in range(N_REPEATS)]

    with ThreadPoolExecutor(N_THREADS) as pool:
        threaded = list(pool.map(session, range(N_THREADS)))
    for ours, theirs in zip(threaded, serial, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_a_model_can_be_loaded_by_many_threads_at_once(stored: Path) -> None:
    with ThreadPoolExecutor(N_THREADS) as pool:
        models = list(pool.map(load_pretrained, [stored] * N_THREADS))
    expected = sample_and_decode(models[0], 0)
    assert all(torch.equal(sample_and_decode(model, 0), expected) for model in models)


def test_threads_that_share_a_posterior_get_what_serial_calls_get(tiny_model: MFM) -> None:
    codes = tiny_model.sample(50, generator=torch.Generator().manual_seed(0))
    posterior = AggregatePosterior.fit(codes, n_components=2)

    def draw(seed: int) -> torch.Tensor:
        return posterior.sample(100, generator=torch.Generator().manual_seed(seed)).joint()

    serial = [draw(seed) for seed in range(N_THREADS)]
    with ThreadPoolExecutor(N_THREADS) as pool:
        assert all(torch.equal(a, b) for a, b in zip(pool.map(draw, range(N_THREADS)), serial, strict=True))
