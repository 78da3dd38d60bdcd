"""Snapshots of a model in training, on held-out samples: swaps, what is read from each Z, and a map of the codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.evaluation.crossed_bootstrap import mean_over
from mfm_core.evaluation.figures import Figure
from mfm_core.evaluation.quantities import exact, figure
from mfm_core.generation import swap
from mfm_core.lab.estimates import (
    correlation_of,
    correlation_over,
    fold_units,
    probed,
    quick_probe,
    units_of,
)
from mfm_core.lab.judging import Judge, following
from mfm_core.latents import Latents
from mfm_core.model import MFM
from mfm_core.printing import short_repr

LIVE, MATRIX = 300, 6
"""Held-out samples that a snapshot is of at most, and rows and columns of the swap matrix."""


@dataclass(frozen=True)
class Snapshot:
    """State of a model in training: what it has learnt so far.

    Attributes:
        figures: Without intervals; NaN where one is not defined.
        tensors: The swap matrix and the maps, see :meth:`Observer.look`.
    """

    figures: tuple[Figure, ...]
    tensors: Mapping[str, Tensor]

    __repr__ = short_repr


@dataclass(frozen=True)
class Observer:
    """Held-out samples and judges, by which a model is looked at.

    Attributes:
        data: Held-out samples, as the model reads them.
        judges: By modality, fitted to training samples.
        seed: Of who is given whose Z_y.
    """

    data: Dataset
    judges: Mapping[str, Judge]
    seed: int

    @property
    def classes(self) -> bool:
        """Whether the label is one of several classes."""
        return self.data.labels.dtype == torch.int64

    def look(self, model: MFM) -> Snapshot:
        """Look at a model.

        Returns:
            Figures: of the label, of each modality's swap and reconstruction, of a quick probe of each block of Z, and
            of classes the rate of the most frequent one. Tensors: ``rows`` (k,), the labels of the matrix; by modality
            ``seen.NAME`` (k, k), what the judge reads, and of images ``swap.NAME`` (k, k, C, H, W) and ``real.NAME``
            (k, C, H, W) as bytes; ``labels`` (n,); by block ``map.NAME`` (n, 2).
        """
        few = self.data.take(torch.arange(min(LIVE, len(self.data))))
        with torch.inference_mode():
            latents = encode(model, few)
            found = self._figures(model, few, latents)
            tensors = self._matrix(model, few, latents) | {"labels": few.labels.reshape(len(few), -1)[:, 0].float()}
        tensors |= {f"map.{name}": plane(z) for name, z in latents.blocks().items()}
        if self.classes:
            found.append(("most_frequent_class", "", float((few.labels == few.labels.mode().values).float().mean())))
        n, apart = len(torch.unique(units_of(few))), fold_units(few)
        figures = [figure(key, of, exact(value, n)) for key, of, value in found]
        for name, z in latents.blocks().items():
            figures.append(figure(*self._probe("quick_probe", name), quick_probe(z, few.labels, apart)))
        return Snapshot(tuple(figures), tensors)

    def _probe(self, probe: str, block: str) -> tuple[str, str]:
        """Key and subject of what a probe reads of the label from a block of Z."""
        key = f"{probe}_{'accuracy' if self.classes else 'r2'}"
        return (f"{key}_y", "") if block == "y" else (key, block)

    def _read(self, what: str) -> str:
        """Key of how well a label is read: as an accuracy, of scores as a correlation."""
        return f"{what}_{'accuracy' if self.classes else 'r'}"

    def _figures(self, model: MFM, few: Dataset, latents: Latents) -> list[tuple[str, str, float]]:
        told, swapped = model.decode(latents), self._swapped(model, latents)
        y = few.labels if self.classes else few.labels[:, 0]
        right = (told.label.argmax(1) == y).float() if self.classes else told.label[:, 0]
        label = float(right.mean()) if self.classes else correlation_of(right, y)
        found = [(self._read("label"), "", label)]
        wanted = few.labels[self._donors(len(few))]
        for name, read in following(self.judges, swapped, few.mask, wanted).items():
            follow = float(read.float().mean()) if self.classes else correlation_of(read, wanted[:, 0])
            found.append((self._read("swap"), name, follow))
            error = float(self._errors(told.modalities[name], few, name).mean())
            found.append(("reconstruction_error", name, error))
        return found

    def _matrix(self, model: MFM, few: Dataset, latents: Latents) -> dict[str, Tensor]:
        rows = examples(few.labels)
        k = len(rows)
        content, style = latents[rows.repeat_interleave(k)], latents[rows.repeat(k)]
        made = model.decode(swap(style, with_=content, factor="y")).modalities
        mask = style.mask
        tensors: dict[str, Tensor] = {"rows": few.labels.reshape(len(few), -1)[rows, 0].float()}
        for name, judge in self.judges.items():
            read = judge.read(made[name], mask)
            tensors[f"seen.{name}"] = (read if self.classes else read[:, 0]).reshape(k, k).float()
            if mask is None:
                tensors[f"swap.{name}"] = as_bytes(made[name]).reshape(k, k, *made[name].shape[1:])
                tensors[f"real.{name}"] = as_bytes(few.modalities[name][rows])
        return tensors

    def measure(self, model: MFM, n: int) -> list[Figure]:
        """The final figures on up to ``n`` held-out samples, with intervals over videos or photographs."""
        few = self.data.take(torch.arange(min(n, len(self.data))))
        with torch.inference_mode():
            latents = encode(model, few)
            told, swapped = model.decode(latents), self._swapped(model, latents)
        donor, units, apart = self._donors(len(few)), units_of(few), fold_units(few)
        wanted = {"swap": few.labels[donor], "judge": few.labels}
        if self.classes:
            found = [figure("label_accuracy", "", mean_over(told.label.argmax(1) == few.labels, [units]))]
        else:
            found = [figure("label_r", "", correlation_over(told.label[:, 0], few.labels[:, 0], [units]))]
        made = {"swap": swapped, "judge": few.modalities}
        # A swapped sample comes of two, the one whose style it has and the one whose Z_y it has.
        of = {"swap": [units, units[donor]], "judge": [units]}
        for name in self.judges:
            for key, labels in wanted.items():
                read = following({name: self.judges[name]}, made[key], few.mask, labels)[name]
                followed = mean_over(read, of[key]) if self.classes else correlation_over(read, labels[:, 0], of[key])
                found.append(figure(self._read(key), name, followed))
            error = mean_over(self._errors(told.modalities[name], few, name), [units])
            found.append(figure("reconstruction_error", name, error))
        for name, z in latents.blocks().items():
            found.append(figure(*self._probe("probe", name), probed(z, few.labels, apart)))
        if self.classes:
            top = mean_over(few.labels == few.labels.mode().values, [units])
            found.append(figure("most_frequent_class", "", top))
        return found

    def _donors(self, n: int) -> Tensor:
        return torch.randperm(n, generator=torch.Generator().manual_seed(self.seed))

    def _swapped(self, model: MFM, latents: Latents) -> Mapping[str, Tensor]:
        """Each sample with the Z_y of another; each is a donor once."""
        donor = latents[self._donors(len(latents))]
        return model.decode(swap(latents, with_=donor, factor="y")).modalities

    def _errors(self, made: Tensor, few: Dataset, name: str) -> Tensor:
        """Mean squared error of each sample, a pixel or a feature of a real step."""
        squares = (made - few.modalities[name]).square()
        if few.mask is None:
            return squares.flatten(1).mean(1)
        return squares.mean(2).mul(few.mask).sum(1) / few.mask.sum(1)


def encode(model: MFM, data: Dataset) -> Latents:
    """Z of all samples from all modalities; what a sample lacks is as it stands in the data set."""
    return model.encode({name: data.modalities[name] for name in model.modalities}, data.mask)


def examples(labels: Tensor) -> Tensor:
    """Samples for the matrix, ``(k,)``: the first of each of the first classes, or some from low to high score."""
    if labels.dtype == torch.int64:
        known = torch.tensor(sorted(set(labels.tolist())))
        chosen = known[torch.linspace(0, len(known) - 1, min(MATRIX, len(known))).round().long()]
        return torch.stack([(labels == one).nonzero()[0, 0] for one in chosen])
    order = labels[:, 0].argsort()
    return order[torch.linspace(0, len(order) - 1, min(MATRIX, len(order))).round().long()]


def plane(z: Tensor) -> Tensor:
    """Codes ``(n, d)`` on their two leading principal components, ``(n, 2)``, whose signs do not depend on chance."""
    centred = z - z.mean(0)
    if z.shape[1] == 1:
        return torch.cat([centred, torch.zeros_like(centred)], dim=1)
    _, _, axes = torch.linalg.svd(centred, full_matrices=False)
    axes = axes[:2] * axes[:2].gather(1, axes[:2].abs().argmax(1, keepdim=True)).sign()
    return torch.mm(centred, axes.T)


def as_bytes(x: Tensor) -> Tensor:
    """Pixels in [0, 1] as bytes."""
    return (x.clamp(0, 1) * 255).round().to(torch.uint8)
