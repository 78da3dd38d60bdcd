from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load

from mfm_core import MFM
from mfm_core.config import ModelConfig
from mfm_core.interpretation.picture_attributes import slant
from mfm_core.storage.browser_map import browser_map, plane
from tests.conftest import make_codes
from tests.storage.test_browser import judge_of


def test_the_plane_is_that_of_the_singular_value_decomposition(generator: torch.Generator) -> None:
    block = torch.randn(40, 5, generator=generator) * torch.tensor([0.3, 2.0, 0.5, 1.0, 0.1]) + 3
    found = plane(block)
    centred = block.double().numpy() - block.double().numpy().mean(0)
    _, values, vectors = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(np.array(found.axes) @ vectors[:2].T), np.eye(2), atol=1e-4)
    np.testing.assert_allclose(found.shares, (values**2 / (values**2).sum())[:2], atol=1e-4)
    np.testing.assert_allclose(found.mean, block.mean(0), atol=1e-4)


def test_the_file_holds_every_code_and_what_the_map_is_coloured_by(
    tiny_model: MFM, tiny_config: ModelConfig, tmp_path: Path
) -> None:
    codes = make_codes(tiny_model, torch.Generator().manual_seed(0), n=10)
    judge = judge_of(tiny_config.images["mnist"])
    found = browser_map(tiny_model, codes, {"mnist": judge}, tmp_path)
    assert found.codes == 10
    assert found.colours == ("brightness, svhn", "slant, mnist", "judge's confidence, mnist")
    tensors = load(gzip.decompress((tmp_path / found.file).read_bytes()))
    for name, block in codes.latents.blocks().items():
        torch.testing.assert_close(tensors[name].float(), block, atol=2e-3, rtol=1e-3)
    assert tensors["labels"].tolist() == codes.labels.tolist()
    pictures = tiny_model.decode(codes.latents).modalities["mnist"]
    torch.testing.assert_close(tensors["colours"][1].float(), slant(pictures), atol=2e-3, rtol=1e-3)
    sure = judge({"mnist": pictures}).softmax(1)[torch.arange(10), codes.labels]
    torch.testing.assert_close(tensors["colours"][2].float(), sure, atol=2e-3, rtol=1e-3)
    assert browser_map(tiny_model, codes, {"mnist": judge}, tmp_path) == found


def test_too_few_pairs_and_sequences_are_refused(tiny_model: MFM, sequence_model: MFM, tmp_path: Path) -> None:
    codes = make_codes(tiny_model, torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="codes: expected at least 3 pairs, got 2"):
        browser_map(tiny_model, codes[:2], {}, tmp_path)
    with pytest.raises(ValueError, match="model: expected an MFM of images"):
        browser_map(sequence_model, codes, {}, tmp_path)
