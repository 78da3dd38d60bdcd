"""Sequences: scikit-learn scales as we do, and padding has no say in anything."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from mfm_core import Dataset
from mfm_core.data.scaling import Scaling, fit_scaling
from mfm_core.data.sequences import observed_samples, of_length, real_steps, standardised

SPLIT = np.array(["train"] * 6 + ["validation"] * 2 + ["test"] * 4)


def raw(seed: int = 0) -> Dataset:
    """Twelve sequences of up to 7 steps, padded on the left or on the right, one feature of them constant."""
    generator = torch.Generator().manual_seed(seed)
    mask = torch.zeros(12, 7, dtype=torch.bool)
    for i, n in enumerate(torch.randint(1, 8, (12,), generator=generator).tolist()):
        mask[i, slice(0, n) if i % 2 else slice(7 - n, 7)] = True
    modalities = {}
    for name, d in {"language": 4, "visual": 3}.items():
        x = 100 * torch.randn(1, 1, d, generator=generator) + torch.randn(12, 7, d, generator=generator).exp()
        x[:, :, -1] = 0.1
        modalities[name] = torch.where(mask.unsqueeze(2), x, 0.0)
    return Dataset("toy", modalities, torch.zeros(12, 1), SPLIT, mask=mask)


def test_standardising_agrees_with_scikit_learn_fitted_to_the_real_training_steps() -> None:
    dataset = raw()
    assert dataset.mask is not None
    scaled, training = standardised(dataset), torch.from_numpy(SPLIT == "train")
    for name, x in dataset.modalities.items():
        oracle = StandardScaler().fit(x[training][dataset.mask[training]].double().numpy())
        expected = np.clip(oracle.transform(x[dataset.mask].double().numpy()), -5, 5)
        expected[:, -1] = 0  # scikit-learn leaves the rounding error of a constant
        np.testing.assert_allclose(scaled.modalities[name][dataset.mask], expected, atol=2e-4)
        assert scaled.scaling is not None
        np.testing.assert_allclose(scaled.scaling[name].mean, oracle.mean_, rtol=1e-6)
        assert (scaled.modalities[name][~dataset.mask] == 0).all()
        assert scaled.modalities[name].abs().max() <= 5


@given(st.integers(0, 100), st.floats(-1e6, 1e6))
def test_what_lies_in_padding_and_in_other_splits_does_not_change_the_scaling(seed: int, noise: float) -> None:
    dataset = raw(seed)
    assert dataset.mask is not None
    x, other = dataset.modalities["language"], dataset.modalities["language"].clone()
    other[~dataset.mask] = noise
    assert torch.equal(fit_scaling(x, dataset.mask).mean, fit_scaling(other, dataset.mask).mean)
    scaling = fit_scaling(x, dataset.mask)
    assert torch.equal(scaling.apply(x, dataset.mask), scaling.apply(other, dataset.mask))
    held_out = torch.from_numpy(SPLIT != "train")
    changed = Dataset("toy", {"language": x + noise * held_out[:, None, None]}, dataset.labels, SPLIT, dataset.mask)
    before, after = standardised(dataset).scaling, standardised(changed).scaling
    assert before is not None
    assert after is not None
    assert torch.equal(before["language"].std, after["language"].std)


def test_a_step_without_a_face_is_neither_counted_nor_moved() -> None:
    x = torch.tensor([[[1.0, 2.0], [0.0, 0.0], [3.0, 6.0]]])
    mask = torch.ones(1, 3, dtype=torch.bool)
    scaling = fit_scaling(x, mask)
    assert scaling.mean.tolist() == [2, 4]
    assert scaling.apply(x, mask)[0].tolist() == [[-1, -1], [0, 0], [1, 1]]


def test_a_modality_that_training_lacks_is_not_scaled_by_other_splits() -> None:
    dataset = raw()
    assert dataset.mask is not None
    language = dataset.modalities["language"] * torch.from_numpy(SPLIT != "train")[:, None, None]
    modalities = {"language": language, "visual": dataset.modalities["visual"]}
    found = standardised(Dataset("toy", modalities, dataset.labels, SPLIT, dataset.mask))
    assert found.scaling is not None
    assert torch.equal(found.modalities["language"], language), "even what is far from 0 is not clipped"
    assert torch.equal(found.scaling["language"].restore(language, dataset.mask), language)
    assert torch.equal(found.modalities["visual"], standardised(dataset).modalities["visual"])


def test_restoring_undoes_what_was_not_clipped() -> None:
    dataset = raw()
    assert dataset.mask is not None
    x = dataset.modalities["language"]
    scaling = fit_scaling(x, dataset.mask)
    back = scaling.restore(scaling.apply(x, dataset.mask), dataset.mask)
    inside = ((x - scaling.mean).abs() <= 5 * scaling.std) | (scaling.std == 0)
    torch.testing.assert_close(back[inside], x[inside], rtol=1e-4, atol=1e-4)


def test_a_step_is_real_where_any_modality_says_something() -> None:
    language, visual = torch.zeros(2, 3, 2), torch.zeros(2, 3, 1)
    language[0, 0, 1], visual[0, 2, 0] = 1, -1
    both = {"language": language, "visual": visual}
    assert real_steps(both).tolist() == [[True, False, True], [False, False, False]]
    assert {name: x.tolist() for name, x in observed_samples(both).items()} == {
        "language": [True, False],
        "visual": [True, False],
    }


@pytest.mark.parametrize(("n", "expected"), [(0, [0, 0, 0]), (2, [0, 1, 2]), (3, [1, 2, 3]), (5, [3, 4, 5])])
def test_the_last_steps_are_kept_and_short_sequences_padded_on_the_left(n: int, expected: list[int]) -> None:
    assert of_length(torch.arange(1.0, n + 1), 3).tolist() == expected


def test_scalings_refuse_what_they_are_not_of() -> None:
    with pytest.raises(ValueError, match=re.escape("x: expected 2 features a step, got 3")):
        Scaling(torch.zeros(2), torch.ones(2)).apply(torch.zeros(1, 4, 3), torch.ones(1, 4, dtype=torch.bool))
    with pytest.raises(ValueError, match=re.escape("x: expected a real step other than zeros to fit a scaling to")):
        fit_scaling(torch.zeros(5, 3, 2), torch.ones(5, 3, dtype=torch.bool))
    with pytest.raises(ValueError, match=re.escape("dataset: expected sequences with a mask, got toy without")):
        standardised(Dataset("toy", {}, torch.zeros(1, 1), np.array(["train"])))
