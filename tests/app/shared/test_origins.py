"""Sentences on how stored models differ in size and training."""

from __future__ import annotations

from app.generate import slider_models
from app.generate.slider_models import CONTRAST
from app.shared import origins
from mfm_core.storage.origin import Origin


def test_models_of_other_sizes_are_told_apart_and_equal_ones_are_not() -> None:
    said = origins.confounded(["svhn_mnist", "svhn_mnist_eq4"])
    for name in ("svhn_mnist", "svhn_mnist_eq4"):
        found = origins.of_model(name)
        assert f"{found.parameters:,} parameters and {sum(found.steps):,} training steps" in said
    assert origins.confounded(["svhn_mnist_eq4", "svhn_mnist_published_code"]) == ""
    assert origins.confounded(["svhn_mnist"]) == ""


def test_the_sliders_say_it_of_the_model_beside_their_own() -> None:
    assert slider_models.load(CONTRAST).note.endswith(origins.confounded([CONTRAST, "svhn_mnist"]))
    assert "training steps" not in slider_models.load("svhn_mnist").note


def test_what_was_not_stored_is_not_told() -> None:
    assert origins.extent(Origin(7_000, (), {}, ())) == "7,000 parameters"
    assert origins.flows(Origin(7_000, (), {"svhn": 0}, ())) == "no flow behind its encoders of Z_a"
