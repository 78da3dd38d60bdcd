"""Select-additive learning: the network against loops, what is selected against a search, and what it is good for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from scipy.optimize import minimize

import mfm_core as mfm
from mfm_core.systems.sal_cnn import ConvolutionalNetwork, SALCNNConfig, identities, select
from tests.systems.oracle import SPEC, dense, randomised, real, sequences


def test_it_is_what_the_equations_say() -> None:
    network = randomised(ConvolutionalNetwork(SALCNNConfig(channels=3, kernels=(1, 3), features=4, head=5), SPEC))
    (inputs, mask), wanted = sequences(), []
    for sample in range(len(mask)):
        found = []
        for filters, x in zip(network.filters, inputs.values(), strict=True):
            steps = real(x, mask, sample)
            for convolve in filters:
                width = convolve.kernel_size[0]
                padded = [*steps, *[torch.zeros_like(steps[0])] * (width - 1)]
                answers = [
                    (convolve.weight * torch.stack(padded[t : t + width], dim=1)).sum((1, 2)) + convolve.bias
                    for t in range(len(steps))
                ]
                found.append(torch.clamp(torch.stack(answers).amax(0), min=0))
        joined = network.join[1]
        features = torch.tanh(joined.weight @ torch.cat(found) + joined.bias)
        wanted.append(dense(network.head, features))
    torch.testing.assert_close(network(inputs, mask), torch.stack(wanted))


def test_what_is_selected_minimises_the_cost_of_selection() -> None:
    rng = np.random.default_rng(0)
    identity, features = np.array([0, 0, 0, 1, 1, 2]), rng.normal(size=(6, 2))
    features[:3, 0] += 2
    centred = features - features.mean(0)
    sparsity = 0.8

    def cost(table: np.ndarray) -> float:  # a sample's share of the penalty is that of its identity's entry
        h = table.reshape(3, 2)[identity]
        return float(((centred - h) ** 2).sum() + sparsity * np.abs(h).sum())

    found = minimize(cost, np.zeros(6), method="Powell", options={"xtol": 1e-8, "ftol": 1e-12, "maxiter": 10_000})
    chosen = select(torch.from_numpy(features).float(), torch.from_numpy(identity), sparsity)
    np.testing.assert_allclose(chosen[identity].numpy(), found.x.reshape(3, 2)[identity], atol=1e-4)
    assert bool((chosen[:3] == 0).any())
    assert bool((chosen[3] == 0).all())


def test_identities_are_the_videos_of_the_names() -> None:
    assert identities(None) is None
    assert identities(("a[0]", "b[0]", "c")) is None
    found = identities(("a[0]", "b[1]", "a[2]", "b[10]"))
    assert found is not None
    assert found.tolist() == [0, 1, 0, 1]
    others = identities(("b[7]", "c[0]"), ("a[0]", "b[1]", "a[2]"))
    assert others is not None
    assert others.tolist() == [1, 2]


def confounded(n: int = 600) -> mfm.Dataset:
    """A feature tells the label weakly; another is loud, and belongs to speakers who favour one label.

    In the test samples speakers are new and favour none.
    """
    rng = np.random.default_rng(0)
    test = np.arange(n) % 3 == 2
    speaker = rng.integers(12, size=n) + 12 * test
    favours = np.arange(24) % 2
    y = np.where(rng.random(n) < np.where(test, 0.5, 0.9), favours[speaker], 1 - favours[speaker])
    words, tone = rng.normal(size=(n, 6, 4)), rng.normal(size=(n, 6, 3))
    words[:, :, 0] += 0.5 * (2 * y - 1)[:, None]
    tone[:, :, 0] += 3 * (2 * favours[speaker] - 1)[:, None]
    split = np.where(test, "test", np.where(np.arange(n) % 6 == 0, "validation", "train"))
    ids = [f"speaker{s}[{i}]" for i, s in enumerate(speaker)]
    return mfm.Dataset.from_arrays({"words": words, "tone": tone}, y, split=split, ids=ids)


def test_what_belongs_to_speakers_is_relied_on_less() -> None:
    data = confounded()
    train, validation, test = (data.part(split) for split in ("train", "validation", "test"))

    negated = replace(test, modalities=test.modalities | {"tone": -test.modalities["tone"]})

    def reliance(train: mfm.Dataset, noise: float) -> float:
        """How much the log odds change with what belongs to the speaker, by how much they vary at all."""
        system = mfm.fit(SALCNNConfig(noise=noise), train, validation, seed=0)
        odds, others = (system.predict(data).diff(dim=1) for data in (test, negated))
        return float((odds - others).abs().mean() / odds.std())

    plain, unnamed, selected = reliance(train, 0.0), reliance(replace(train, ids=None), 3.0), reliance(train, 3.0)
    assert selected <= 0.8 * plain, (selected, plain)
    assert selected <= 0.8 * unnamed, (selected, unnamed)
