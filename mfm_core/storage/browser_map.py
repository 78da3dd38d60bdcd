"""A map of held-out codes for a browser: the codes, their two principal axes, and what to colour them by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save
from torch import Tensor

from mfm_core.config import Config
from mfm_core.files.writing import write_packed_once
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage.codes import Codes
from mfm_core.storage.map_pairs import MapPairs, measured_pairs


class MapBlock(Config):
    """The principal plane of one block of Z.

    Attributes:
        mean: Of the codes ``(d,)``.
        axes: The two directions of most variance ``(2, d)``, orthonormal.
        shares: Share of the variance along each.
    """

    mean: tuple[float, ...]
    axes: tuple[tuple[float, ...], tuple[float, ...]]
    shares: tuple[float, float]


class BrowserMap(Config):
    """A map of codes.

    Attributes:
        format_version: Of this layout.
        file: A safetensors file, packed by gzip, with the codes of each block by its name, ``labels``, and ``colours``
            (n_colours, N).
        blocks: The plane of each block of Z.
        colours: What each row of ``colours`` measures.
        codes: How many pairs, the first in the file, are those of the model's codes; the others are further ones.
        umap: Whether the file holds a UMAP layout of each block too: ``umap.`` and its name, (n, 2), of the first n.
    """

    format_version: Literal[3] = 3
    file: str
    blocks: dict[str, MapBlock]
    colours: tuple[str, ...]
    codes: int
    umap: bool = False


def browser_map(
    model: MFM,
    codes: Codes,
    judges: Mapping[str, Discriminative],
    folder: Path,
    umap: Mapping[str, Tensor] | None = None,
    pairs: MapPairs | None = None,
) -> BrowserMap:
    """Lay out the codes of held-out pairs and write them into a folder.

    Args:
        model: An MFM of images whose label is one of several classes.
        codes: At least 3 pairs.
        judges: Classifiers of one modality each, by modality.
        folder: Where the file goes.
        umap: The stored layout of the codes, see :func:`mfm_core.storage.umap_layout.load_umap`.
        pairs: The pairs of the map, those of the codes first; by default those of the codes alone.

    Raises:
        ValueError: If there are fewer pairs, or the model is not as said.
        OSError: If the folder cannot be written.
    """
    if len(codes) < 3:
        raise ValueError(f"codes: expected at least 3 pairs, got {len(codes)}")
    if not model.config.images or model.config.label.kind != "classes":
        raise ValueError("model: expected an MFM of images whose label is of kind 'classes'")
    pairs = pairs or measured_pairs(model, codes.latents, codes.labels, judges)
    blocks = pairs.latents.blocks()
    tensors = {name: block.half() for name, block in blocks.items()} | {"labels": pairs.labels.half()}
    tensors |= {f"umap.{name}": at.half() for name, at in (umap or {}).items()}
    content = save(tensors | {"colours": torch.stack(list(pairs.colours.values())).half()})
    name = f"{hashlib.sha256(content).hexdigest()[:24]}.safetensors.gz"
    write_packed_once(folder / name, content)
    planes = {key: plane(block) for key, block in blocks.items()}
    return BrowserMap(file=name, blocks=planes, colours=tuple(pairs.colours), codes=len(codes), umap=bool(umap))


def plane(block: Tensor) -> MapBlock:
    """The two directions of most variance of codes ``(N, d)``, ``d`` at least 2."""
    # scikit-learn takes half a second to import, and most users of the package never draw a map.
    from sklearn.decomposition import PCA

    fitted = PCA(n_components=2, svd_solver="full").fit(block.double().numpy())
    first, second = (tuple(round(x, 5) for x in axis) for axis in fitted.components_.tolist())
    shares = fitted.explained_variance_ratio_.tolist()
    return MapBlock(
        mean=tuple(round(x, 5) for x in fitted.mean_.tolist()),
        axes=(first, second),
        shares=(round(shares[0], 4), round(shares[1], 4)),
    )
