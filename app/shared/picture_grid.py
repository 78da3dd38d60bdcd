"""A grid: pictures in rows and columns, with what the label head and independent judges read from them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.shared.turns import turn
from mfm_core import MFM, Latents

Judge = Callable[[Mapping[str, Tensor]], Tensor]
"""From pictures of one modality to the logits of the digits."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class PictureGrid:
    """Pictures of every modality in R rows and C columns.

    Attributes:
        pictures: Each modality, shape ``(R, C, channels, height, width)``, in [0, 1].
        rows: A label a row.
        columns: A label a column.
        label: Probabilities of the label head D(F_y), shape ``(R, C, n_labels)``.
        judged: Probabilities of the judge of each modality that has one, shape ``(R, C, n_labels)``.
    """

    pictures: Mapping[str, Array]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    label: Array
    judged: Mapping[str, Array] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """Digest of all that the grid holds, which tells it from every other."""
        found = hashlib.sha256(repr((self.rows, self.columns)).encode())
        for name, array in (*self.pictures.items(), ("", self.label), *self.judged.items()):
            found.update(f"{name} {array.shape} {array.dtype}".encode())
            found.update(np.ascontiguousarray(array).data)
        return found.hexdigest()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.rows), len(self.columns)


def decode_grid(
    model: MFM, latents: Latents, rows: tuple[str, ...], columns: tuple[str, ...], judges: Mapping[str, Judge]
) -> PictureGrid:
    """Decode latents and read the pictures.

    Args:
        model: The model.
        latents: R * C samples, row by row.
        rows: R labels.
        columns: C labels.
        judges: Judges by modality; a modality without one is not judged.

    Raises:
        ValueError: If the number of samples is not R * C.
    """
    if len(latents) != len(rows) * len(columns):
        raise ValueError(f"latents: expected {len(rows)} x {len(columns)} samples, got {len(latents)}")
    with turn(), torch.inference_mode():
        generated = model.decode(latents)
        judged = {name: judges[name]({name: x}) for name, x in generated.modalities.items() if name in judges}

    def arrange(x: Tensor) -> Array:
        return x.reshape(len(rows), len(columns), *x.shape[1:]).float().numpy()

    return PictureGrid(
        {name: arrange(x) for name, x in generated.modalities.items()},
        rows,
        columns,
        arrange(generated.label.softmax(1)),
        {name: arrange(logits.softmax(1)) for name, logits in judged.items()},
    )


def stack(parts: list[Latents]) -> Latents:
    """Samples of several latents, one after the other."""
    a = {name: torch.cat([part.a[name] for part in parts]) for name in parts[0].a}
    return Latents(torch.cat([part.y for part in parts]), a)
