"""The stored UMAP layout: of these codes and no others, and neighbours stay together."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load
from sklearn.manifold import trustworthiness

from mfm_core import MFM, Codes, Latents, load_codes, load_pretrained
from mfm_core.storage.browser_map import browser_map
from mfm_core.storage.folder import PRETRAINED
from mfm_core.storage.umap_layout import UMAP, load_umap, save_umap, umap_layout
from tests.conftest import make_codes


@pytest.fixture
def codes(tiny_model: MFM) -> Codes:
    return make_codes(tiny_model, torch.Generator().manual_seed(0), n=30)


def made_up(codes: Codes) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {name: torch.rand(len(codes), 2, generator=generator).half() for name in codes.latents.blocks()}


def test_a_layout_comes_back_and_goes_onto_the_map(tiny_model: MFM, codes: Codes, tmp_path: Path) -> None:
    assert load_umap(tmp_path, codes) is None
    save_umap(layout := made_up(codes), codes, tmp_path)
    found = load_umap(tmp_path, codes)
    assert found is not None
    assert all(torch.equal(found[name], at) for name, at in layout.items())
    described = browser_map(tiny_model, codes, {}, tmp_path, found)
    assert described.umap
    tensors = load(gzip.decompress((tmp_path / described.file).read_bytes()))
    assert all(torch.equal(tensors[f"umap.{name}"], at) for name, at in layout.items())
    assert not browser_map(tiny_model, codes, {}, tmp_path).umap


def test_the_layout_of_other_codes_is_refused(codes: Codes, tmp_path: Path) -> None:
    save_umap(made_up(codes), codes, tmp_path)
    others = Codes(Latents(codes.latents.y + 1, codes.latents.a), codes.labels, codes.fingerprints)
    with pytest.raises(ValueError, match=f"{UMAP}: expected the layout of the codes beside it, got that of others"):
        load_umap(tmp_path, others)
    (tmp_path / UMAP).write_bytes(b"no tensors")
    with pytest.raises(ValueError, match=re.escape(UMAP)):
        load_umap(tmp_path, codes)


def test_few_codes_are_refused(codes: Codes) -> None:
    with pytest.raises(ValueError, match="codes: expected at least 20, got 5"):
        umap_layout(codes[:5])


@pytest.mark.parametrize("name", ["svhn_mnist", "svhn_mnist_eq4"])
def test_the_shipped_layouts_keep_neighbours_together_better_than_two_principal_axes(name: str) -> None:
    if not (PRETRAINED / name / UMAP).exists():
        pytest.skip(f"{name}: no layout is stored")
    load_pretrained(name)
    shipped = load_codes(name)
    layout = load_umap(PRETRAINED / name, shipped)
    assert layout is not None
    for block, codes in shipped.latents.blocks().items():
        some = slice(0, 700)
        principal = torch.pca_lowrank(codes, 2, niter=4)[0]
        kept, plain = (
            trustworthiness(codes[some], at[some].float(), n_neighbors=10) for at in (layout[block], principal)
        )
        assert kept > plain
