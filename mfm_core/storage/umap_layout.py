"""UMAP coordinates of held-out codes, stored beside a model: computed once with umap-learn, and read without it.

UMAP (McInnes, Healy and Melville, 2018) keeps neighbours together in two dimensions; distances between groups, and the
axes, mean nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from mfm_core.files.tensors import TensorSpec, read_tensors, write_tensors
from mfm_core.storage.codes import Codes
from mfm_core.storage.identity import block_bytes, number_of
from mfm_core.storage.models import UMAP

NEIGHBOURS = 15
MIN_DISTANCE = 0.1


def umap_layout(codes: Codes, *, seed: int = 0) -> dict[str, Tensor]:
    """Compute the layout of each block of Z.

    Args:
        codes: At least 20 samples.
        seed: Of UMAP.

    Returns:
        ``(N, 2)`` float16 by the name of the block, within [-1, 1].

    Raises:
        ImportError: If umap-learn is not installed.
        ValueError: If there are fewer codes.
    """
    if len(codes) < 20:
        raise ValueError(f"codes: expected at least 20, got {len(codes)}")
    from umap import UMAP as Reducer  # umap-learn is no requirement of the package

    found = {}
    for name, block in codes.latents.blocks().items():
        reducer = Reducer(n_neighbors=NEIGHBOURS, min_dist=MIN_DISTANCE, random_state=seed, n_jobs=1)
        at = torch.from_numpy(reducer.fit_transform(block.numpy())).float()
        at -= (at.amax(0) + at.amin(0)) / 2
        found[name] = (at / at.abs().amax()).half()
    return found


def save_umap(layout: Mapping[str, Tensor], codes: Codes, folder: Path) -> None:
    """Store a layout beside the codes that it is of."""
    write_tensors({**layout, "of": torch.tensor([number_of(block_bytes(codes))])}, folder / UMAP)


def load_umap(folder: Path, codes: Codes) -> dict[str, Tensor] | None:
    """The stored layout of codes; None where none is stored.

    Raises:
        ValueError: If the file is damaged, or the layout of other codes.
    """
    path = folder / UMAP
    if not path.is_file():
        return None
    blocks = codes.latents.blocks()
    specs = {name: TensorSpec((len(codes), 2), torch.float16) for name in blocks}
    found = read_tensors(path, specs | {"of": TensorSpec((1,), torch.int64)})
    if int(found.pop("of")) != number_of(block_bytes(codes)):
        raise ValueError(f"{path}: expected the layout of the codes beside it, got that of others; export it anew")
    return found
