"""A folder of small models, as ``pretrained`` has large ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import mfm_core as mfm
from app.elements.wall import wall
from app.generate import digit_model
from app.shared.stored_models import stored_as
from mfm_core.config import ModelConfig
from mfm_core.networks.classifier import Discriminative

PAIRS = 60
CARD = "# A small model\n\n## Measured, seed 3\n\n| figure | value | n |\n|---|---|---|\n| accuracy | 50 % | 60 |\n"


def save_models(folder: Path, model: mfm.MFM) -> Path:
    """Store a model with codes of made-up pairs, six a digit, and its judges."""
    generator = torch.Generator().manual_seed(1)
    mfm.save_model(model, folder / digit_model.MODEL, run={}, card=CARD)
    prints = {name: torch.randint(-(2**62), 2**62, (PAIRS,), generator=generator) for name in model.modalities}
    codes = mfm.Codes(model.sample(PAIRS, generator=generator), torch.arange(PAIRS) % 10, prints)
    mfm.save_codes(codes, folder / digit_model.MODEL)
    for name, modality in model.config.modalities.items():
        judge = Discriminative(ModelConfig(modalities={name: modality}, features=12, hidden=10))
        mfm.save_model(judge, folder / f"judge_{name}", run={}, card="A judge.")
    return folder


@pytest.fixture(autouse=True)
def made_once_is_what_would_be_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold every wall and sprite that was kept against the same made anew: its key may lack nothing that it shows."""
    made_once = wall.made_once

    def held(make: Callable[[], object], *content: object) -> object:
        kept = made_once(make, *content)
        assert kept == make()
        return kept

    monkeypatch.setattr(wall, "made_once", held)


@pytest.fixture(scope="session")
def models(tiny_model: mfm.MFM, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_models(tmp_path_factory.mktemp("models"), tiny_model)


@pytest.fixture
def shown(models: Path, monkeypatch: pytest.MonkeyPatch) -> digit_model.DigitModel:
    monkeypatch.setenv("MFM_PRETRAINED", str(models))
    return digit_model.load(stored_as(digit_model.MODEL))
