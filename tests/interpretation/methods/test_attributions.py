"""Attributions of the label, against captum, finite differences and completeness."""

from __future__ import annotations

import math
import re

import pytest
import torch
from captum.attr import FeatureAblation, IntegratedGradients, Saliency

from mfm_core.interpretation.methods.integrated_gradients import integrated_gradients
from mfm_core.interpretation.methods.leave_one_out import leave_one_out
from mfm_core.interpretation.methods.saliency import saliency
from tests.interpretation.conftest import sequence_model


@pytest.fixture
def inputs(generator):
    return {
        "language": torch.randn(6, 7, 31, generator=generator),
        "acoustic": torch.randn(6, 7, 5, generator=generator),
        "visual": torch.randn(6, 7, 2, generator=generator),
    }


@pytest.fixture
def mask(clips):
    return clips.mask[:6]


def label_of(model, mask):
    """The label as a function of the modalities, in captum's manner; it may repeat the samples."""

    def label(*xs):
        times = len(xs[0]) // len(mask)
        given = dict(zip(model.modalities, xs, strict=True))
        return model.decide(model.encode(given, mask.repeat(times, 1)).y)

    return label


def test_saliency_is_captums(spoken, inputs, mask):
    found = saliency(spoken, inputs, mask)
    leaves = tuple(x.clone().requires_grad_() for x in inputs.values())
    gradients = Saliency(label_of(spoken, mask)).attribute(leaves, target=0, abs=False)
    for values, gradient in zip(found.values(), gradients, strict=True):
        torch.testing.assert_close(values, gradient.norm(dim=2), rtol=1e-5, atol=1e-8)
        assert not values[~mask].any()


@pytest.mark.parametrize("n_steps", [3, 20])
def test_integrated_gradients_are_captums(spoken, inputs, mask, n_steps):
    found = integrated_gradients(spoken, inputs, mask, n_steps=n_steps)
    xs = tuple(torch.where(mask[:, :, None], x, 0) for x in inputs.values())
    theirs = IntegratedGradients(label_of(spoken, mask)).attribute(
        xs, target=0, n_steps=n_steps, method="gausslegendre"
    )
    for values, attribution in zip(found.values(), theirs, strict=True):
        torch.testing.assert_close(values, attribution.sum(dim=2).float(), rtol=1e-4, atol=1e-6)


def test_leaving_out_is_captums_ablation_of_steps(spoken, inputs, mask):
    found = leave_one_out(spoken, inputs, mask)
    xs = tuple(inputs.values())
    steps = tuple(torch.arange(7)[None, :, None].expand_as(x[:1]) + 7 * i for i, x in enumerate(xs))
    theirs = FeatureAblation(label_of(spoken, mask)).attribute(xs, target=0, feature_mask=steps)
    for values, attribution in zip(found.values(), theirs, strict=True):
        torch.testing.assert_close(values[mask], attribution[..., 0][mask], rtol=1e-4, atol=3e-5)
        assert not values[~mask].any()


def test_integrated_gradients_add_up_to_the_score(spoken, inputs, mask):
    found = integrated_gradients(spoken, inputs, mask, n_steps=128)  # of a score with kinks
    with torch.no_grad():
        label = label_of(spoken, mask)
        difference = (label(*inputs.values()) - label(*(0 * x for x in inputs.values())))[:, 0]
    torch.testing.assert_close(sum(x.sum(dim=1) for x in found.values()), difference, rtol=1e-2, atol=1e-2)


def test_some_modalities_alone_are_attributed_to(spoken, inputs, mask):
    found = saliency(spoken, {"visual": inputs["visual"]}, mask)
    assert list(found) == ["visual"]
    assert found["visual"].any()


def test_padding_is_not_seen(spoken, inputs, mask):
    filled = {name: torch.where(mask[:, :, None], x, math.nan) for name, x in inputs.items()}
    for measure in (saliency, integrated_gradients, leave_one_out):
        clean, dirty = measure(spoken, inputs, mask), measure(spoken, filled, mask)
        assert all(torch.equal(clean[name], dirty[name]) for name in clean)


def test_of_classes_it_is_the_predicted_one_unless_one_is_named(inputs, mask):
    model = sequence_model(kind="classes", size=3)
    with torch.no_grad():
        predicted = label_of(model, mask)(*inputs.values()).argmax(dim=1)
    found = saliency(model, inputs, mask)["acoustic"]
    named = torch.stack([saliency(model, inputs, mask, target=k)["acoustic"] for k in range(3)])
    assert torch.equal(found, named[predicted, torch.arange(6)])
    assert not torch.equal(named[0], named[1])


def test_without_a_mask_all_steps_are_real(spoken, inputs):
    whole = saliency(spoken, inputs, torch.ones(6, 7, dtype=torch.bool))
    assert torch.equal(saliency(spoken, inputs)["visual"], whole["visual"])


@pytest.mark.parametrize("measure", [saliency, integrated_gradients, leave_one_out])
@pytest.mark.parametrize(
    ("target", "message"), [(1, "target: expected 0 to 0, got 1"), (-1, "target: expected 0 to 0, got -1")]
)
def test_a_target_that_is_not_there_is_refused(spoken, inputs, measure, target, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        measure(spoken, inputs, target=target)


def test_images_and_no_points_are_refused(spoken, inputs, tiny_model, pictures):
    message = "model: expected a model of sequences, got one of images, which have no steps"
    for measure in (saliency, integrated_gradients, leave_one_out):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            measure(tiny_model, pictures)
    with pytest.raises(ValueError, match=r"^n_steps: expected 1 or more, got 0$"):
        integrated_gradients(spoken, inputs, n_steps=0)
