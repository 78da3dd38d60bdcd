"""Arguments of the wrong kind to what stores, loads and measures: one sentence, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import mfm_core as mfm
from tests.systems.made_up import made_up

api: Any = mfm
"""As a caller without a type checker has it."""
DATA, LATENTS = made_up(12, scores=True), mfm.Latents(torch.zeros(2, 3))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: api.save(api.fit("majority", DATA), None), "folder: expected text or a path, got None"),
        (lambda: api.fit("majority", DATA, on_report=3), "on_report: expected a function or None, got an int"),
        (lambda: api.fit("majority", DATA, seed=True), "seed: expected a whole number, got True"),
        (lambda: api.train(api.MFMConfig(), DATA, on_validation="x"), "on_validation: expected a function or None, .*"),
        (
            lambda: api.fit(api.MFMConfig(terms={"conditional_mmd": 1.0}), DATA),
            "terms.conditional_mmd: expected 0 where the label is not of classes, got 1.0",
        ),
        (lambda: api.MFMConfig(terms={"conditional_mmd": float("nan")}), ".*expected a finite number, got nan"),
        (lambda: api.load(3), "name_or_folder: expected text or a path, got an int"),
        (lambda: api.load_pretrained(3), "name_or_folder: expected text or a path, got an int"),
        (lambda: api.load_codes(None), "name_or_folder: expected text or a path, got None"),
        (lambda: api.save_card("text", 3), "folder: expected text or a path, got an int"),
        (lambda: api.save_metrics({}, None), "folder: expected text or a path, got None"),
        (lambda: api.save_codes(None, "nowhere"), "codes: expected a Codes, got None"),
        (lambda: api.Codes(1, torch.zeros(2)), "latents: expected Latents, got an int"),
        (lambda: api.Codes(1, 2, 3), "latents: expected Latents, got an int"),
        (lambda: api.Codes(LATENTS, 2), "labels: expected a Tensor, got an int"),
        (lambda: api.Codes(LATENTS, 2, 3), "fingerprints: expected a dict, got an int"),
        (lambda: api.fit(3, DATA), "name_or_config: expected a name or a configuration, got an int"),
        (lambda: api.evaluate_predictions(DATA, [0.0] * 12), "predictions: expected a Tensor, got a list"),
        (
            lambda: api.evaluate_predictions(DATA, DATA.labels, neutral="x"),
            "neutral: expected a finite number or None, got 'x'",
        ),
        (
            lambda: api.evaluate_predictions(DATA, DATA.labels, neutral=float("nan")),
            "neutral: expected a finite number or None, got nan",
        ),
        (lambda: api.evaluate_predictions(torch.zeros(12, 1), DATA), "dataset: expected a Dataset, got a Tensor"),
        (lambda: api.evaluate_predictions(DATA, DATA.labels, seed="x"), "seed: expected a whole number, got a str"),
    ],
)
def test_a_wrong_kind_is_told_in_a_sentence(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        call()


def test_a_data_set_is_loaded_by_text() -> None:
    with pytest.raises(ValueError, match=r"^name: expected one of .*, got 3$"):
        api.load_dataset(3)
