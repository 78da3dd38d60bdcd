"""Arrays of one's own as a data set: converted and checked, each problem in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mfm_core.arguments import check_finite, kind_of
from mfm_core.config import check_modality_name
from mfm_core.data.notes import Notes, known_labels, observed
from mfm_core.printing import short_repr

SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}


class Checked(NamedTuple):
    """Arrays of one's own, converted and checked.

    Attributes:
        modalities: Each as float32, zeros at steps that are not observed.
        labels: Classes ``(N,)`` int64, or scores ``(N, size)`` float32, NaN where not finite.
        mask: The real steps of sequences, boolean ``(N, T)``; None of images.
        known: Which samples have a label, boolean ``(N,)``.
        lost: By modality, the samples of which no step is left, for none is finite, boolean ``(N,)``.
    """

    modalities: dict[str, Tensor]
    labels: Tensor
    mask: Tensor | None
    known: npt.NDArray[np.bool_]
    lost: dict[str, Tensor]

    def __repr__(self) -> str:
        return short_repr(self)


def checked_arrays(
    modalities: Mapping[str, npt.ArrayLike | Tensor],
    labels: npt.ArrayLike | Tensor,
    mask: npt.ArrayLike | Tensor | None,
    ids: Sequence[str] | None,
    notes: Notes,
) -> Checked:
    """Convert modalities, labels and mask, see :meth:`mfm_core.Dataset.from_arrays`.

    Raises:
        ValueError: If one is not what is said there.
    """
    if not isinstance(modalities, Mapping) or not modalities:
        got = "an empty one" if isinstance(modalities, Mapping) else kind_of(modalities)
        raise ValueError(f"modalities: expected a dict of arrays by name, got {got}")
    x = {name: _floats(name, array) for name, array in modalities.items()}
    y = _labels(labels)
    names = ids if ids is not None and len(ids) == len(y) else None
    known = known_labels(y.numpy(), "labels", notes, names)
    if y.is_floating_point():
        y = torch.where(torch.from_numpy(known).unsqueeze(1), y, torch.nan)
    ranks = {array.ndim for array in x.values()}
    if ranks == {4}:
        for name, array in x.items():
            _check_image(name, array)
        if mask is not None:
            raise ValueError("mask: expected none for images, got one")
        return Checked(x, y, None, known, {})
    if ranks != {3}:
        shapes = {name: tuple(array.shape) for name, array in x.items()}
        raise ValueError(
            f"modalities: expected all images (N, C, H, W) or all sequences (N, T, d), got shapes {shapes}"
        )
    length = next(iter(x.values())).shape[1]
    for name, array in x.items():
        if 0 in array.shape:
            raise ValueError(
                f"modalities.{name}: expected a sample, a step and a feature at least, got shape {tuple(array.shape)}"
            )
        if array.shape[1] != length:
            raise ValueError(f"modalities.{name}: expected {length} steps, as the first, got {array.shape[1]}")
    steps = torch.ones(len(y), length, dtype=torch.bool) if mask is None else _mask(mask, (len(y), length))
    lost = {}
    for name, array in x.items():
        if len(array) == len(steps):
            real = torch.where(steps.unsqueeze(2), array, 0)  # whatever stood in the padding
            x[name] = torch.from_numpy(observed(real.numpy(), f"modalities.{name}", notes, names))
            gone = ~real.isfinite().flatten(1).all(1) & (x[name] == 0).flatten(1).all(1)
            if bool(gone.any()):
                lost[name] = gone
                if bool(gone.all()):
                    raise ValueError(f"modalities.{name}: expected a step of finite numbers, got none")
    if len(lost) == len(x) and bool((none := torch.stack(list(lost.values())).all(0)).any()):
        raise ValueError(f"modalities: expected a step of finite numbers in sample {int(none.nonzero()[0])}, got none")
    return Checked(x, y, steps, known, lost)


def checked_presence(present: Mapping[str, npt.ArrayLike | Tensor] | None, n: int) -> dict[str, Tensor]:
    """Convert which samples have a modality to booleans ``(n,)``.

    Raises:
        ValueError: If one is not a boolean, or 0 or 1, for each sample.
    """
    has: dict[str, Tensor] = {}
    if present is None:
        return has
    if not isinstance(present, Mapping):
        raise ValueError(f"present: expected a dict, got {kind_of(present)}")  # noqa: TRY004
    for name, values in present.items():
        given = _tensor(f"present.{name}", values)
        if given.shape != (n,):
            raise ValueError(f"present.{name}: expected {n} samples, as labels has, got shape {tuple(given.shape)}")
        if bool((wrong := (given != 0) & (given != 1)).any()):
            sample = int(wrong.nonzero()[0])
            raise ValueError(f"present.{name}: expected booleans, got {given[sample].item()} of sample {sample}")
        has[name] = given.bool()
    return has


def checked_split(split: Sequence[str] | npt.NDArray[np.str_], n: int) -> npt.NDArray[np.str_]:
    """Convert the split of ``n`` samples to an array of text.

    Raises:
        ValueError: If it is not one name for each sample.
    """
    names = "train, validation or test"
    if isinstance(split, str) or not isinstance(split, Sequence | np.ndarray):
        raise ValueError(f"split: expected {names} for each sample, got {split!r:.60}")  # noqa: TRY004
    if len(split) != n:
        raise ValueError(f"split: expected {n} samples, as labels has, got {len(split)}")
    if unknown := [one for one in split if one not in SHARES]:
        raise ValueError(f"split: expected {names} for each sample, got {unknown[0]!r:.60}")
    return np.asarray(split).astype(np.str_)


def draw_split(video: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.str_]:
    """Draw the split of each sample: 70 % of the videos train, 10 % validation, 20 % test.

    Each split has a video at least where there are 3. All samples of one video are in one split, because they are not
    independent.

    Args:
        video: Number of each sample's video, ``(N,)``, from 0 without gaps.
        seed: Of the draw.

    Returns:
        Split of each sample, ``(N,)``.
    """
    n = len(np.unique(video))
    order = np.random.default_rng(seed).permutation(n)
    split = np.full(n, "train", dtype="<U10")
    n_test = max(round(SHARES["test"] * n), min(1, n // 3))
    n_validation = max(round(SHARES["validation"] * n), min(1, n // 3))
    split[order[:n_test]] = "test"
    split[order[n_test : n_test + n_validation]] = "validation"
    return split[video]


def _floats(name: str, array: npt.ArrayLike | Tensor) -> Tensor:
    check_modality_name(name)
    tensor = _tensor(f"modalities.{name}", array)
    if tensor.dtype == torch.bool or tensor.is_complex():
        raise ValueError(f"modalities.{name}: expected real numbers, got {tensor.dtype}")
    return tensor.to(torch.float32)


def _labels(labels: npt.ArrayLike | Tensor) -> Tensor:
    y = _tensor("labels", labels)
    if y.ndim == 1 and not y.is_floating_point() and y.dtype != torch.bool and not y.is_complex():
        return y.to(torch.int64)
    if y.is_floating_point() and y.ndim in (1, 2) and (y.ndim == 1 or y.shape[1] > 0):
        return y.to(torch.float32).reshape(len(y), -1 if len(y) else 1)
    raise ValueError(
        f"labels: expected classes, integers (N,), or scores, floats (N,) or (N, size), "
        f"got shape {tuple(y.shape)} of {y.dtype}"
    )


def _mask(mask: npt.ArrayLike | Tensor, shape: tuple[int, int]) -> Tensor:
    tensor = _tensor("mask", mask)
    if tensor.dtype != torch.bool or tuple(tensor.shape) != shape:
        raise ValueError(f"mask: expected booleans of shape {shape}, got {tuple(tensor.shape)} of {tensor.dtype}")
    if not bool((real := tensor.any(dim=1)).all()):
        sample = int((~real).nonzero()[0])
        raise ValueError(f"mask: expected at least one real step of each sample, got none of sample {sample}")
    return tensor


def _tensor(field: str, array: npt.ArrayLike | Tensor) -> Tensor:
    if isinstance(array, Tensor):
        return array.detach().cpu()
    try:
        values = np.asarray(array)
    except ValueError:  # NumPy's word for lists in which some are longer than others
        raise ValueError(f"{field}: expected an array of numbers, got lists of unequal lengths") from None
    if values.dtype.kind not in "biuf":
        got = (
            kind_of(array)
            if array is None
            else {"U": "text", "S": "bytes", "O": "objects"}.get(values.dtype.kind, str(values.dtype))
        )
        raise ValueError(f"{field}: expected an array of numbers, got {got}")
    return torch.from_numpy(np.array(values, dtype=values.dtype.newbyteorder("="), copy=True))


def _check_image(name: str, x: Tensor) -> None:
    check_finite(f"modalities.{name}", x)
    if x.numel() and not (float(x.min()) >= 0 and float(x.max()) <= 1):
        low, high = float(x.min()), float(x.max())
        raise ValueError(f"modalities.{name}: expected pixels in [0, 1], got {low:g} to {high:g}")
