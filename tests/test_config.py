"""Configurations: what is wrong with one is told in a sentence, and pydantic's own use of them stays as it is."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

import mfm_core as mfm
from mfm_core.config import Config, ImageModality, LabelConfig, SequenceModality
from mfm_core.experiments.plan import TablePlan
from mfm_core.training.factorization import FactorizationConfig
from tests.systems.made_up import made_up

MFMConfig: Callable[..., mfm.MFMConfig] = mfm.MFMConfig
"""As a caller without a type checker has it."""
PICTURE: dict[str, Any] = {"shape": (5, 28, 28), "d_z": 8, "d_f": 16}
SIZES: dict[str, Any] = {"d_z": 2, "d_f": 2}


def test_terms_that_need_readers_are_left_out_of_a_system_unless_asked_for() -> None:
    config = MFMConfig(factorization={"style_kept": 1.0})
    assert config.factorization is not None
    assert [config.factorization.weight(key) for key in ("style_kept", "feature_match", "label_readback")] == [1, 0, 0]
    assert MFMConfig.model_validate(config.model_dump(mode="json")) == config
    with pytest.raises(
        ValueError, match=r"^factorization.feature_match: expected 0, for a system has no readers, .* 2"
    ):
        MFMConfig(factorization={"feature_match": 2.0})


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: MFMConfig(epochs=-1), "epochs: expected a number above 0, got -1"),
        (lambda: MFMConfig(epoch=1), "epoch: expected no such key (did you mean epochs?), got 1"),
        (lambda: LabelConfig(foo=1), "foo: expected no such key (there are kind, size), got 1"),
        (lambda: LabelConfig(**{"siz\x00e": 1}), "siz?e: expected no such key (did you mean size?), got 1"),
        (
            lambda: ImageModality(sahpe=(3, 28, 28), d_z=8, d_f=16),  # type: ignore[call-arg]
            "sahpe: expected no such key (did you mean shape?), got (3, 28, 28)",
        ),
        (
            lambda: MFMConfig(objective={"mdm": 1.0}),
            "objective.mdm: expected no such key (did you mean mmd?), got 1.0",
        ),
        (lambda: MFMConfig(mmd_y=math.nan), "mmd_y: expected a finite number, got nan"),
        (lambda: MFMConfig(mmd_y=-1), "mmd_y: expected a number of at least 0.0, got -1"),
        (lambda: MFMConfig(mmd_y=math.inf), "mmd_y: expected a finite number, got inf"),
        (lambda: MFMConfig(flow=-1), "flow: expected a number of at least 0, got -1"),
        (lambda: MFMConfig(learning_rate=math.nan), "learning_rate: expected a number of at most 1.0, got nan"),
        (
            lambda: MFMConfig(factorization=FactorizationConfig(feature_match=20.0)),
            "factorization.feature_match: expected 0, for a system has no readers, got 20.0",
        ),
        (
            lambda: MFMConfig(factorization=FactorizationConfig(label_readback={"a": 0.0}, feature_match=0.0)),
            "factorization.label_readback: expected 0, for a system has no readers, got {'a': 0.0}",
        ),
        (
            lambda: MFMConfig(model={"modalities": {"photo": PICTURE}}),
            "model.modalities.photo.shape.0: expected a number of at most 4, got 5",
        ),
        (lambda: ImageModality(**PICTURE), "shape.0: expected a number of at most 4, got 5"),
        (lambda: LabelConfig(kind="ranks"), "kind: expected 'classes' or 'scores', got 'ranks'"),
        (
            lambda: SequenceModality(d_x=1, d_z=1, d_f=1, step_width=2),
            "step_width: expected none with factors_at 'first', got 2",
        ),
        (lambda: TablePlan(dataset="pom", trials=0), "trials: expected a number of at least 1, got 0"),
        (lambda: mfm.SystemConfig(), "system: expected this key, which is missing"),
    ],
)
def test_what_is_wrong_is_one_sentence(make: Callable[[], Config], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$") as refused:
        make()
    assert not isinstance(refused.value, ValidationError)


def test_terms_that_need_readers_are_left_out_of_an_object_as_of_a_dict() -> None:
    given = {"noise": 0.2, "grey_kept": 3.0}
    made = MFMConfig(factorization=FactorizationConfig(**given))
    assert made == MFMConfig(factorization=given)
    assert MFMConfig(factorization=FactorizationConfig()) == MFMConfig(factorization={})
    assert made.factorization is not None
    assert [made.factorization.weight(key) for key in ("grey_kept", "flow", "label_readback")] == [3.0, 10.0, 0.0]
    assert MFMConfig(factorization=made.factorization) == made
    assert MFMConfig.model_validate_json(made.model_dump_json()) == made


def test_pydantic_builds_and_refuses_configurations_inside_others_as_ever() -> None:
    config = mfm.MFMConfig.model_validate({"model": {"modalities": {"x": {"kind": "sequence", "d_x": 1} | SIZES}}})
    assert isinstance(config.model, mfm.ModelConfig)
    assert mfm.MFMConfig.model_validate_json(config.model_dump_json()) == config
    with pytest.raises(ValidationError) as refused:
        mfm.MFMConfig.model_validate({"model": {"modalities": {"x": {"kind": "sequence", "d_x": 0} | SIZES}}})
    assert refused.value.errors()[0]["loc"][:3] == ("model", "modalities", "x")


@pytest.mark.parametrize("system", [name for name in mfm.system_names() if mfm.system_info(name).place is not None])
def test_no_number_of_a_system_may_be_negative_or_endless(system: str) -> None:
    config = mfm.system_info(system).config
    for key, value in config().model_dump().items():  # type: ignore[call-arg]
        if isinstance(value, float | int) and not isinstance(value, bool):
            for wrong in (-1, math.nan, math.inf):
                with pytest.raises(ValueError, match=rf"^{key}: expected .*, got {wrong}$"):
                    config(**{key: wrong})


def test_data_of_no_shape_that_a_system_reads_is_named() -> None:
    data = made_up(8, scores=True)
    assert data.mask is not None
    narrow = {"words": data.modalities["words"][:, :, :0]}
    with pytest.raises(ValueError, match=r"^dataset.modalities.words: expected .*, got \(0,\)$"):
        mfm.DataSpec.of(mfm.Dataset("narrow", narrow, data.labels, data.split, data.mask))
