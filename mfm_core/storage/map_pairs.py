"""Held-out pairs of a map of codes, more than a model's own codes, stored beside it with what colours them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor

from mfm_core.files.tensors import TensorSpec, read_header, read_tensors, write_tensors
from mfm_core.interpretation.picture_attributes import attributes_of
from mfm_core.latents import Latents
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.printing import short_repr
from mfm_core.storage.codes import Codes
from mfm_core.storage.identity import block_bytes, number_of
from mfm_core.storage.models import MAP_PAIRS

BATCH = 128
MAX_PAIRS = 100_000
COLOUR, ROWS = "colours.", "rows."


@dataclass(frozen=True)
class MapPairs:
    """Pairs of a map.

    Attributes:
        latents: Z of N pairs.
        labels: Their classes, ``(N,)`` int64.
        colours: What is measured of their generated pictures, by its name, each ``(N,)``.
    """

    latents: Latents
    labels: Tensor
    colours: Mapping[str, Tensor]

    __repr__ = short_repr

    def __len__(self) -> int:
        return len(self.labels)


def measured_pairs(model: MFM, latents: Latents, labels: Tensor, judges: Mapping[str, Discriminative]) -> MapPairs:
    """Measure an attribute of each modality's generated pictures, and how sure its judge is of the label.

    Args:
        model: An MFM of images whose label is one of several classes.
        latents: Of N pairs.
        labels: Their classes, ``(N,)`` int64.
        judges: Classifiers of one modality each, by modality.
    """
    found: dict[str, list[Tensor]] = {}
    with torch.inference_mode():
        for start in range(0, len(labels), BATCH):
            part = slice(start, start + BATCH)
            for name, pictures in model.decode(latents[part]).modalities.items():
                attribute, measure = next(iter(attributes_of(pictures.shape[1]).items()))
                found.setdefault(f"{attribute}, {name}", []).append(measure(pictures))
                if name in judges:
                    sure = judges[name]({name: pictures}).softmax(1).gather(1, labels[part, None])[:, 0]
                    found.setdefault(f"judge's confidence, {name}", []).append(sure)
    return MapPairs(latents, labels, {name: torch.cat(parts) for name, parts in found.items()})


def save_pairs(pairs: MapPairs, codes: Codes, judges: Mapping[str, Discriminative], folder: Path) -> None:
    """Store pairs beside a model, as float16, each block of Z that several of them share once.

    Args:
        pairs: The pairs; the first are those of ``codes``.
        codes: Of the model.
        judges: By which the pairs were measured.
        folder: Of the model.

    Raises:
        ValueError: If the first pairs are others.
        OSError: If the file cannot be written.
    """
    if not torch.equal(pairs.latents[: len(codes)].y, codes.latents.y):
        raise ValueError("pairs: expected those of the codes first, got others")
    tensors = {"labels": pairs.labels.to(torch.uint8), "of": torch.tensor([_identity(codes, judges)])}
    for name, block in pairs.latents.blocks().items():
        tensors[name], rows = torch.unique(block.half(), dim=0, return_inverse=True)
        tensors[ROWS + name] = rows.int()
    tensors |= {COLOUR + name: column.half() for name, column in pairs.colours.items()}
    write_tensors(tensors, folder / MAP_PAIRS)


def load_pairs(folder: Path, codes: Codes, judges: Mapping[str, Discriminative]) -> MapPairs | None:
    """Load the pairs that are stored beside a model; None where none are.

    Raises:
        ValueError: If the file is damaged, or of other codes or judges.
    """
    path = folder / MAP_PAIRS
    if not path.is_file():
        return None
    blocks = codes.latents.blocks()
    tensors = read_tensors(path, _expected(path, {name: block.shape[1] for name, block in blocks.items()}))
    if int(tensors["of"]) != _identity(codes, judges):
        raise ValueError(f"{path}: expected pairs of the codes beside it and of the stored judges, got others")
    found = {}
    for name in blocks:
        rows, most = tensors[ROWS + name].long(), len(tensors[name])
        if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < most:
            raise ValueError(
                f"{path}: {ROWS}{name}: expected 0 to {most - 1}, got {int(rows.min())} to {int(rows.max())}"
            )
        found[name] = tensors[name].float()[rows]
    colours = {name.removeprefix(COLOUR): x.float() for name, x in tensors.items() if name.startswith(COLOUR)}
    return MapPairs(Latents(found.pop("y"), found), tensors["labels"].long(), colours)


def _expected(path: Path, sizes: Mapping[str, int]) -> dict[str, TensorSpec]:
    """Expected tensors, for as many pairs, distinct blocks and colours as the header tells."""
    specs = read_header(path).specs
    n = specs["labels"].shape[0] if "labels" in specs and specs["labels"].shape else 0
    if n > MAX_PAIRS:
        raise ValueError(f"{path}: labels: expected at most {MAX_PAIRS} pairs, got {n}")
    expected = {"labels": TensorSpec((n,), torch.uint8), "of": TensorSpec((1,), torch.int64)}
    for name, size in sizes.items():
        distinct = specs[name].shape[0] if name in specs and specs[name].shape else 0
        expected[name] = TensorSpec((distinct, size), torch.float16)
        expected[ROWS + name] = TensorSpec((n,), torch.int32)
    return expected | {name: TensorSpec((n,), torch.float16) for name in specs if name.startswith(COLOUR)}


def _identity(codes: Codes, judges: Mapping[str, Discriminative]) -> int:
    of_judges = (
        content
        for name, judge in sorted(judges.items())
        for content in (name.encode(), *(x.contiguous().numpy().tobytes() for x in judge.state_dict().values()))
    )
    return number_of(chain(block_bytes(codes), of_judges))
