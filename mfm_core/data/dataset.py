"""Data sets: samples of one or several modalities, with labels and splits."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self, TypeVar, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mfm_core.arguments import check_finite, kind_of, seed_number, text_of
from mfm_core.data.notes import Notes, check_classes, warn_of
from mfm_core.data.scaling import Scaling
from mfm_core.printing import short_repr

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
Unit = Literal["word", "sentence", "step"]
"""Unit of a step of a sequence; ``"step"`` where nothing is said of it."""
_Value = TypeVar("_Value")
_SEGMENT = re.compile(r"(.+)\[[^\[\]]+\]")


def video_of(sample: str) -> str:
    """The recording that a sample is cut from, by its id: ``video`` of ``video[3]``, the fourth segment.

    Every reader of files names the segments of one video, or the digits of one photograph, so. A sample whose id has
    no such end stands for itself.
    """
    found = _SEGMENT.fullmatch(sample)
    return found[1] if found else sample


def video_numbers(ids: Sequence[str] | None, n: int) -> npt.NDArray[np.int64]:
    """Number of the video of each of ``n`` samples, ``(N,)``, in the order in which videos come first.

    Without ids every sample is a video of its own.
    """
    if ids is None:
        return np.arange(n)
    videos = [video_of(one) for one in ids]
    number = {video: k for k, video in enumerate(dict.fromkeys(videos))}
    return np.array([number[video] for video in videos], dtype=np.int64)


@dataclass(frozen=True)
class Steps:
    """Steps of sequences: their unit, words and times.

    Attributes:
        unit: ``"word"``, ``"sentence"`` or, where neither is known, ``"step"``.
        words: Of each sample, the word of each real step in order; empty where they are not known.
        times: Start and end of each step in seconds, ``(N, T, 2)`` float32; NaN at padded steps and where not known.
    """

    unit: Unit
    words: tuple[tuple[str, ...], ...]
    times: Tensor

    __repr__ = short_repr

    @classmethod
    def unknown(cls, unit: Unit, n: int, length: int) -> Steps:
        """Steps of which neither words nor times are known."""
        return cls(unit, ((),) * n, torch.full((n, length, 2), math.nan))

    def take(self, index: Tensor) -> Steps:
        """The steps of the samples at ``index``, ``(n,)`` int64."""
        return Steps(self.unit, tuple(self.words[i] for i in index.tolist()), self.times[index])


@dataclass(frozen=True)
class Dataset:
    """Samples of one or several modalities, their labels, and the split each belongs to.

    Attributes:
        name: Name in the registry.
        modalities: Each modality; images ``(N, channels, height, width)`` float32 in [0, 1], sequences ``(N, T, d)``
            float32, padded with zeros.
        labels: Classes ``(N,)`` int64, or scores ``(N, size)`` float32, NaN where not known.
        split: ``"train"``, ``"validation"`` or ``"test"`` of each sample, ``(N,)``.
        mask: For sequences, which steps are real, boolean ``(N, T)``.
        scaling: For sequences that were standardised, how, by modality.
        present: By modality, which samples have it at all, boolean ``(N,)``; a modality not named here is in all.
        steps: For sequences, what their steps are.
        evidence: By modality, what each step truly adds to the score, ``(N, T)``, where that is known.
        ids: Names of the samples.
        notes: Report of what was masked or left out when it was read, a sentence a kind, see
            :mod:`mfm_core.data.notes`.
    """

    name: str
    modalities: Mapping[str, Tensor]
    labels: Tensor
    split: npt.NDArray[np.str_]
    mask: Tensor | None = None
    scaling: Mapping[str, Scaling] | None = None
    present: Mapping[str, Tensor] | None = None
    steps: Steps | None = None
    evidence: Mapping[str, Tensor] | None = None
    ids: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        text_of("name", self.name)
        for field, n in self._lengths().items():
            if n != len(self.labels):
                raise ValueError(f"{field}: expected {len(self.labels)} samples, as labels has, got {n}")
        for field, known in {"scaling": self.scaling, "present": self.present, "evidence": self.evidence}.items():
            if unknown := [name for name in known or () if name not in self.modalities]:
                raise ValueError(f"{field}: expected modalities among {', '.join(self.modalities)}, got {unknown[0]!r}")
        for name, x in self.modalities.items():
            if self.mask is not None and (x.ndim != 3 or x.shape[:2] != self.mask.shape):
                raise ValueError(f"mask: expected the (N, T) of {name}, {tuple(x.shape)}, got {tuple(self.mask.shape)}")
        if self.mask is not None and self.mask.dtype != torch.bool:
            raise ValueError(f"mask: expected booleans, got {self.mask.dtype}")
        if self.steps is not None:
            self._check_steps(self.steps)
        self._check_values()

    @classmethod
    def from_arrays(
        cls,
        modalities: Mapping[str, npt.ArrayLike | Tensor],
        labels: npt.ArrayLike | Tensor,
        *,
        split: Sequence[str] | npt.NDArray[np.str_] | None = None,
        mask: npt.ArrayLike | Tensor | None = None,
        ids: Sequence[str] | None = None,
        name: str = "own",
        present: Mapping[str, npt.ArrayLike | Tensor] | None = None,
        unit: Unit = "step",
        seed: int = 0,
        notes: Notes | None = None,
    ) -> Self:
        """Make a data set of arrays of one's own.

        One rule holds for numbers that are not finite, as in files (:mod:`mfm_core.data.notes`): a modality does not
        observe a step that has one, a sample whose label is one is left out, and pictures are refused.

        Args:
            modalities: Arrays by name: all images ``(N, C, H, W)`` in [0, 1], or all sequences ``(N, T, d)``. A name
                is an identifier.
            labels: Classes, integers ``(N,)`` from 0, each with a sample somewhere; or scores, floating-point ``(N,)``
                or ``(N, size)``.
            split: ``"train"``, ``"validation"`` or ``"test"`` of each sample; drawn 70/10/20 by ``seed`` without it,
                all samples of one video together.
            mask: For sequences, which steps are real, boolean ``(N, T)``; all of them without it.
            ids: Names of the samples; those of one name, or of one ``video[...]``, count as one independent unit.
            name: Of the data set.
            present: By modality, which samples have it, boolean ``(N,)``; all of them without it.
            unit: What a step of a sequence is: ``"word"``, ``"sentence"`` for any longer stretch, or ``"step"``.
            seed: Of the drawn split.
            notes: Counts what is masked or left out; without it each kind is a :class:`DataWarning`.

        Returns:
            The data set, checked.

        Raises:
            ValueError: If an array has another shape or type than said here, classes do not begin at 0, a picture has
                a number that is not finite, or a sample has no finite step.
        """
        from mfm_core.data.arrays import (  # which are made of this module
            checked_arrays,
            checked_presence,
            checked_split,
            draw_split,
        )

        seed = seed_number(seed)
        report, names = Notes() if notes is None else notes, None if ids is None else tuple(map(str, ids))
        checked = checked_arrays(modalities, labels, mask, names, report)
        kept, n = checked.known, len(checked.labels)
        splits = np.full(n, "train", dtype="<U10") if split is None else checked_split(split, n)
        if (splits == "train").any():  # else it is a part, which may lack classes
            check_classes(checked.labels.numpy(), "labels", report)
        if split is None:
            known = names if names is None or len(names) != n else [names[k] for k in np.flatnonzero(kept)]
            splits[kept] = draw_split(video_numbers(known, int(kept.sum())), seed)
        has = checked_presence(present, n)
        for key, lost in checked.lost.items():
            has[key] = has.get(key, torch.ones(n, dtype=torch.bool)) & ~lost
        steps = None if checked.mask is None else Steps.unknown(unit, n, checked.mask.shape[1])
        made = cls(
            name,
            checked.modalities,
            checked.labels,
            splits,
            checked.mask,
            present=has or None,
            steps=steps,
            ids=names,
            notes=tuple(report.lines()),
        )
        if notes is None:
            warn_of(made.notes)
        return made if kept.all() else made.take(torch.from_numpy(np.flatnonzero(kept)))

    def _check_values(self) -> None:
        """Raise ValueError unless splits are known, classes count from 0 and every number that counts is finite."""
        if unknown := sorted(set(np.unique(self.split).tolist()) - set(SPLITS)):
            raise ValueError(f"split: expected train, validation or test for each sample, got {unknown[0]!r}")
        if self.labels.dtype == torch.int64:
            if len(self.labels) and int(self.labels.min()) < 0:
                sample = int(self.labels.argmin())
                raise ValueError(f"labels: expected classes from 0, got {int(self.labels.min())} in sample {sample}")
        elif self.labels.is_floating_point() and self.labels.ndim == 2:
            if bool(torch.isinf(self.labels).any()):
                sample = int(torch.isinf(self.labels).any(1).nonzero()[0])
                raise ValueError(
                    f"labels: expected finite scores, or NaN where not known, got infinity in sample {sample}"
                )
        else:
            raise ValueError(
                "labels: expected classes (N,) of torch.int64 or scores (N, size) of floating point, "
                f"got shape {tuple(self.labels.shape)} of {self.labels.dtype}"
            )
        for name, x in self.modalities.items():
            check_finite(f"modalities.{name}", x)

    def _lengths(self) -> dict[str, int]:
        """Number of samples in each field that has any."""
        groups = {"modalities": self.modalities, "present": self.present, "evidence": self.evidence}
        lengths = {f"{group}.{name}": len(x) for group, known in groups.items() for name, x in (known or {}).items()}
        lengths["split"] = len(self.split)
        if self.mask is not None:
            lengths["mask"] = len(self.mask)
        if self.steps is not None:
            lengths |= {"steps.words": len(self.steps.words), "steps.times": len(self.steps.times)}
        if self.ids is not None:
            lengths["ids"] = len(self.ids)
        return lengths

    def _check_steps(self, steps: Steps) -> None:
        if steps.unit not in get_args(Unit):
            raise ValueError(f"unit: expected {' or '.join(get_args(Unit))}, got {steps.unit!r}")
        if self.mask is None or steps.times.shape != (*self.mask.shape, 2):
            shape = None if self.mask is None else tuple(self.mask.shape)
            raise ValueError(
                f"steps.times: expected (N, T, 2) with the (N, T) of mask, {shape}, got {tuple(steps.times.shape)}"
            )
        for i, (words, n_real) in enumerate(zip(steps.words, self.mask.sum(1).tolist(), strict=True)):
            if words and len(words) != n_real:
                raise ValueError(
                    f"steps.words: expected {n_real} words in sample {i}, one a real step, got {len(words)}"
                )

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{split} {int((self.split == split).sum())}" for split in SPLITS)
        modalities = ", ".join(f"{name} {tuple(x.shape[1:])}" for name, x in self.modalities.items())
        said = [f"{self.name!r}", f"{len(self)} samples ({sizes})", modalities, self._label()]
        if self.mask is not None:
            unit = "step" if self.steps is None else self.steps.unit
            said.append(f"{int(self.mask.sum())} real steps, each a {unit}")
        return f"Dataset({'; '.join(said)})"

    def _label(self) -> str:
        """The kind and size of the label, in two words."""
        if self.labels.ndim == 1:
            return f"{int(self.labels.max()) + 1 if len(self) else 0} classes"
        size = self.labels.shape[1]
        return f"{size} score{'s' * (size > 1)}"

    def _checked_index(self, given: object) -> Tensor:
        if isinstance(given, list | tuple) and all(type(one) is int for one in given):
            given = torch.tensor(given, dtype=torch.int64)
        if not isinstance(given, Tensor) or given.dtype != torch.int64 or given.ndim != 1:
            got = f"{given.dtype} of shape {tuple(given.shape)}" if isinstance(given, Tensor) else kind_of(given)
            raise ValueError(f"index: expected whole numbers (n,), got {got}")
        if len(outside := given[(given < -len(self)) | (given >= len(self))]):
            raise ValueError(f"index: expected samples below {len(self)}, got {int(outside[0])}")
        return given

    def has(self, name: str) -> Tensor:
        """Which samples have a modality, boolean ``(N,)``."""
        everywhere = torch.ones(len(self), dtype=torch.bool, device=self.labels.device)
        return (self.present or {}).get(name, everywhere)

    def only(self, names: Sequence[str]) -> Self:
        """The samples with the modalities ``names`` alone, in this order.

        Raises:
            ValueError: If they have no modality of such a name.
        """
        if unknown := [name for name in names if name not in self.modalities]:
            raise ValueError(f"modalities: expected some of {', '.join(self.modalities)}, got {unknown[0]!r}")

        def of(known: Mapping[str, _Value] | None) -> dict[str, _Value] | None:
            return None if known is None else {name: known[name] for name in names if name in known}

        return replace(
            self,
            modalities={name: self.modalities[name] for name in names},
            scaling=of(self.scaling),
            present=of(self.present),
            evidence=of(self.evidence),
        )

    def part(self, split: Split) -> Dataset:
        """The samples of one split.

        Raises:
            ValueError: If there is no such split.
        """
        if split not in SPLITS:
            raise ValueError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}")
        return self.take(torch.from_numpy(np.flatnonzero(self.split == split)))

    def take(self, index: Tensor | Sequence[int]) -> Self:
        """The samples at ``index``, ``(n,)`` int64 or a list of whole numbers, in this order.

        Raises:
            ValueError: If it is neither, or a sample is not there.
        """
        rows = self._checked_index(index)

        def at(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return {name: x[rows] for name, x in tensors.items()}

        return replace(
            self,
            modalities=at(self.modalities),
            labels=self.labels[rows],
            split=self.split[rows.numpy()],
            mask=None if self.mask is None else self.mask[rows],
            present=None if self.present is None else at(self.present),
            steps=None if self.steps is None else self.steps.take(rows),
            evidence=None if self.evidence is None else at(self.evidence),
            ids=None if self.ids is None else tuple(self.ids[i] for i in rows.tolist()),
        )
