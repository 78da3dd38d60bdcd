"""Data of the lab: small sets that are here, and sets that visitors bring, read as untrusted input."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from mfm_core.data import load_dataset
from mfm_core.data.dataset import Dataset
from mfm_core.data.notes import Notes
from mfm_core.data.registry import dataset_infos
from mfm_core.data.sequence_files import dataset_of
from mfm_core.files.npz import Array, Limits, read_archive, read_shapes
from mfm_core.lab.settings import UPLOAD
from mfm_core.problems import printable
from mfm_core.studio.clips import load_clips
from mfm_core.systems.base import DataSpec

FILE = "data.npz"
CLIPS = "shipped_clips"
LIMITS = Limits(4_000_000, 24_000_000, 28)
MAX_ROWS, MIN_ROWS, MAX_STEPS, MAX_FEATURES, MAX_STREAMS, MAX_CLASSES = 4_000, 60, 60, 300, 4, 30
LIMITS_SAID = (
    f"An .npz of at most {LIMITS.file_bytes // 1_000_000} MB with {MIN_ROWS} to {MAX_ROWS:,} samples. One array for "
    f"each of 2 to {MAX_STREAMS} modalities, by names of your own: all images (N, 1 or 3, height, width), in [0, 1] or "
    f"uint8, of 8 to 32 pixels a side; or all sequences (N, T, d) of at most {MAX_STEPS} steps and {MAX_FEATURES} "
    f"features, with a boolean mask (N, T) if some are shorter. And labels (N,): classes from 0, at most "
    f"{MAX_CLASSES}, or scores as floating-point numbers. A file of sequences with splits of its own, in the layout of "
    "imported sets, is taken too."
)
"""Limits of an upload, said before anything is uploaded."""
RESERVED = ("labels", "mask")


@dataclass(frozen=True)
class Offer:
    """A data set that the lab offers.

    Attributes:
        name: Its name.
        title: What it is called.
        about: What there is to know, in a sentence.
    """

    name: str
    title: str
    about: str


def offered() -> tuple[Offer, ...]:
    """The data sets that are here now."""
    clips = Offer(CLIPS, "Spoken clips, 30 shipped", "Too few to learn much from: held-out figures say how little.")
    here = [info for info in dataset_infos() if info.lab and info.is_here]
    shipped = [Offer(one.name, one.title, one.lab) for one in here if not (one.files or one.parts)]
    brought = [Offer(one.name, one.title, one.lab) for one in here if one.files or one.parts]
    return (*shipped, clips, *brought)


def load_lab_data(name: str, folder: Path) -> Dataset:
    """Load a data set of the lab, split into train, validation and test.

    Args:
        name: A name of :func:`offered`, or ``upload``.
        folder: Of the job, which holds an uploaded file.

    Raises:
        ValueError: If it is unknown, or the uploaded file is not as it has to be, in one sentence.
        FileNotFoundError: If a file is missing.
    """
    if name == UPLOAD:
        return read_upload(folder / FILE, FILE)
    if name == CLIPS:
        clips = load_clips("studio_clips").dataset("balanced")
        split = np.full(len(clips), "train", dtype="<U10")
        split[::4], split[1::4] = "test", "validation"
        return replace(clips, split=split)
    if name not in [offer.name for offer in offered()]:
        raise ValueError(
            f"data: expected one of {', '.join(offer.name for offer in offered())} or upload, got {name!r}"
        )
    return load_dataset(name)


def read_upload(content: bytes | Path, name: str) -> Dataset:
    """Check and read a visitor's data set: its size before anything is read, shapes and types before it is unpacked.

    Args:
        content: The file or what is in it, see :data:`LIMITS_SAID`.
        name: What messages call it.

    Returns:
        The data set; its ``notes`` tell what was masked or left out.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, too large, or not of this layout, in one sentence.
    """
    name = printable(name)
    source = content if isinstance(content, Path) else io.BytesIO(content)
    shapes = read_shapes(source, LIMITS, name)
    if "labels" not in shapes and "y_train" in shapes:
        data = dataset_of("own", read_archive(source, LIMITS, name), name)
        streams = {key: tuple(x.shape) for key, x in data.modalities.items()}
        _check_shapes({"labels": tuple(data.labels.shape), **streams}, name)
    else:
        _check_shapes(shapes, name)
        data = _without_splits(read_archive(source, LIMITS, name), name)
    spec = DataSpec.of(data)
    if spec.classes and spec.label.size > MAX_CLASSES:
        raise ValueError(f"{name}: labels: expected at most {MAX_CLASSES} classes, got {spec.label.size}")
    if spec.classes and len(torch.unique(data.part("train").labels)) < 2:
        raise ValueError(f"{name}: labels: expected at least 2 classes among the samples, got 1")
    if not spec.classes and bool((data.part("train").labels.std(0) == 0).any()):
        raise ValueError(f"{name}: labels: expected scores that vary, got a constant")
    return data


def _without_splits(arrays: dict[str, Array], name: str) -> Dataset:
    """The data set of arrays that have no splits of their own, which are drawn."""
    labels, mask = arrays.pop("labels"), arrays.pop("mask", None)
    images = next(iter(arrays.values())).ndim == 4
    streams = {key: _pixels(x) if images else x for key, x in arrays.items()}
    try:
        return Dataset.from_arrays(streams, labels, mask=mask, name="own", notes=Notes())
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _pixels(x: Array) -> Array:
    """Pixels in [0, 1]; bytes are divided by 255."""
    return x.astype(np.float32) / np.float32(255) if x.dtype == np.uint8 else x


def _check_shapes(shapes: dict[str, tuple[int, ...]], name: str) -> None:
    """Raise ValueError unless the arrays that a file announces are within the limits."""
    streams = {key: shape for key, shape in shapes.items() if key not in RESERVED}
    if "labels" not in shapes or not 2 <= len(streams) <= MAX_STREAMS:
        got = ", ".join(f"{key[:40]!r}" for key in list(shapes)[:6]) or "none"
        raise ValueError(f"{name}: expected labels and 2 to {MAX_STREAMS} modalities, got the arrays {got}")
    n = shapes["labels"][0] if shapes["labels"] else 0
    if not MIN_ROWS <= n <= MAX_ROWS:
        raise ValueError(f"{name}: labels: expected {MIN_ROWS} to {MAX_ROWS} samples, got {n}")
    for key, shape in streams.items():
        if len(shape) == 4:
            fits = shape[1] in (1, 3) and all(8 <= side <= 32 for side in shape[2:])
            limit = "1 or 3 channels of 8 to 32 pixels a side"
        else:
            fits = len(shape) == 3 and 1 <= shape[1] <= MAX_STEPS and 1 <= shape[2] <= MAX_FEATURES
            limit = f"images, or 1 to {MAX_STEPS} steps of 1 to {MAX_FEATURES} features"
        if not fits or shape[0] != n:
            raise ValueError(f"{name}: {key[:40]!r}: expected {n} samples, {limit}, got shape {shape}")
