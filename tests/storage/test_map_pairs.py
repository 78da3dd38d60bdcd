"""Pairs of a map: they come back as they were stored, and not beside other codes or judges."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from mfm_core import MFM, Codes, Latents
from mfm_core.config import ModelConfig
from mfm_core.files.tensors import read_header
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage.map_pairs import MapPairs, load_pairs, measured_pairs, save_pairs
from mfm_core.storage.models import MAP_PAIRS
from tests.conftest import make_codes
from tests.storage.test_browser import judge_of


@pytest.fixture
def codes(tiny_model: MFM) -> Codes:
    return make_codes(tiny_model, torch.Generator().manual_seed(0), n=10)


@pytest.fixture
def judges(tiny_config: ModelConfig) -> dict[str, Discriminative]:
    return {"mnist": judge_of(tiny_config.images["mnist"])}


@pytest.fixture
def pairs(tiny_model: MFM, codes: Codes, judges: dict[str, Discriminative]) -> MapPairs:
    """Those of the codes, and each again with the first one's style of SVHN."""
    latents = codes.latents
    a = {name: torch.cat([block, block]) for name, block in latents.a.items()}
    a["svhn"][len(codes) :] = latents.a["svhn"][0]
    both = Latents(torch.cat([latents.y, latents.y + 0.25]), a)
    return measured_pairs(tiny_model, both, codes.labels.repeat(2), judges)


def test_pairs_come_back_and_a_shared_block_is_stored_once(
    codes: Codes, judges: dict[str, Discriminative], pairs: MapPairs, tmp_path: Path
) -> None:
    assert load_pairs(tmp_path, codes, judges) is None
    save_pairs(pairs, codes, judges, tmp_path)
    found = load_pairs(tmp_path, codes, judges)
    assert found is not None
    for name, block in pairs.latents.blocks().items():
        assert torch.equal(found.latents.blocks()[name], block.half().float())
    assert torch.equal(found.labels, pairs.labels)
    assert list(found.colours) == sorted(pairs.colours)
    for name, column in pairs.colours.items():
        assert torch.equal(found.colours[name], column.half().float())
    assert read_header(tmp_path / MAP_PAIRS).specs["svhn"].shape[0] == len(codes)


def test_pairs_of_other_codes_or_judges_are_refused(
    codes: Codes, judges: dict[str, Discriminative], pairs: MapPairs, tmp_path: Path
) -> None:
    save_pairs(pairs, codes, judges, tmp_path)
    others = Codes(Latents(codes.latents.y + 1, codes.latents.a), codes.labels, codes.fingerprints)
    with pytest.raises(ValueError, match=f"{MAP_PAIRS}: expected pairs of the codes beside it"):
        load_pairs(tmp_path, others, judges)
    with pytest.raises(ValueError, match=f"{MAP_PAIRS}: expected pairs of the codes beside it"):
        load_pairs(tmp_path, codes, {})
    with pytest.raises(ValueError, match="pairs: expected those of the codes first"):
        save_pairs(pairs, others, judges, tmp_path)
    (tmp_path / MAP_PAIRS).write_bytes(b"no tensors")
    with pytest.raises(ValueError, match=re.escape(MAP_PAIRS)):
        load_pairs(tmp_path, codes, judges)
