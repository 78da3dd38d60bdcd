"""The one call for all attributions."""

from __future__ import annotations

import pytest
import torch

import mfm_core as mfm
from mfm_core.interpretation.attribute import attribution_methods
from mfm_core.interpretation.methods.integrated_gradients import integrated_gradients
from mfm_core.interpretation.methods.leave_one_out import leave_one_out
from mfm_core.interpretation.methods.saliency import saliency
from tests.interpretation.conftest import sequence_model


@pytest.fixture
def inputs(generator):
    sizes = {"language": 31, "acoustic": 5, "visual": 2}
    return {name: torch.randn(4, 6, d, generator=generator) for name, d in sizes.items()}


@pytest.fixture
def mask():
    return torch.arange(6) < torch.tensor([[6], [3], [1], [4]])


@pytest.mark.parametrize("measure", [integrated_gradients, saliency, leave_one_out])
def test_each_method_is_the_function_of_its_name(inputs, mask, measure):
    model = sequence_model(kind="classes", size=3)
    for target in (None, 2):
        found = mfm.attribute(model, inputs, measure.__name__, mask=mask, target=target)
        expected = measure(model, inputs, mask, target=target)
        assert list(found) == list(inputs)
        assert all(torch.equal(found[name], expected[name]) for name in inputs)


def test_the_flow_is_that_of_f_y_at_what_was_encoded(spoken, inputs, mask):
    given = {name: inputs[name] for name in ("visual", "language")}
    found = mfm.attribute(spoken, given, method="gradient_flow", mask=mask)
    expected = mfm.gradient_flow(spoken, spoken.encode(given, mask), "y")
    assert list(found) == list(given)
    assert all(torch.equal(found[name], expected[name]) for name in given)


@pytest.mark.parametrize("method", attribution_methods())
def test_every_method_gives_a_number_a_step_and_none_to_padding(spoken, inputs, mask, method):
    for values in mfm.attribute(spoken, inputs, method=method, mask=mask).values():
        assert values.shape == mask.shape
        assert torch.isfinite(values).all()
        assert values[mask].any()
        assert not values[~mask].any()


def test_what_is_no_method_or_target_is_named(spoken, inputs):
    with pytest.raises(ValueError, match=r"^method: expected one of integrated_gradients, .*, got 'lime'$"):
        mfm.attribute(spoken, inputs, "lime")
    with pytest.raises(ValueError, match=r"^target: expected None, .*, got 0$"):
        mfm.attribute(spoken, inputs, "gradient_flow", target=0)
