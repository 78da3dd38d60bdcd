"""The origin of a model: its parameters and the steps of its trainings."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from mfm_core.storage.folder import StoredModel, model_folder
from mfm_core.storage.models import load_pretrained
from mfm_core.storage.origin import origin


@pytest.mark.parametrize("name", ["svhn_mnist", "svhn_mnist_eq4"])
def test_parameters_are_those_of_the_loaded_model(name: str) -> None:
    stored = StoredModel.of_folder(model_folder(name))
    found = origin(stored.model, stored.run)
    loaded = load_pretrained(name)
    assert found.parameters == sum(weight.numel() for weight in loaded.parameters())
    assert found.whitened == (("mnist",) if name == "svhn_mnist" else ())
    assert set(found.flows) == set(loaded.modalities)


def test_steps_are_of_each_training_in_order_and_unknown_where_one_is_not_stored() -> None:
    model = StoredModel.of_folder(model_folder("svhn_mnist_eq4")).model

    def run(steps: int, **more: JsonValue) -> dict[str, JsonValue]:
        return {"configuration": {"training": {"steps": steps}}, **more}

    assert origin(model, run(3, start=run(2, start=run(1)))).steps == (1, 2, 3)
    assert origin(model, run(3, start=None)).steps == (3,)
    assert origin(model, run(3, start={"date": "2026-11-26"})).steps == ()
    assert origin(model, {}).steps == ()
