"""Training task of spoken videos: MFM on sequences, from whatever modalities a video has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Annotated, Literal, Self, cast

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from mfm_core.config import Config, SequenceModality, Share, weighed
from mfm_core.data.dataset import Dataset
from mfm_core.data.registry import dataset_info, dataset_infos, load_dataset
from mfm_core.data.scaling import Scaling
from mfm_core.latents import Latents, concatenate
from mfm_core.model import MFM
from mfm_core.printing import short_repr
from mfm_core.training.common import (
    add_noise,
    check_weights,
    classes_of,
    label_report,
    presence,
    seeded,
    surrogate_cost,
)
from mfm_core.training.linear_start import start_linear
from mfm_core.training.loop import Report, Task
from mfm_core.training.objective import ObjectiveConfig, label_cost, prior_cost
from mfm_core.training.runs import TrainingRun, register_run
from mfm_core.training.terms.inputs import SingleScores, TermInputs
from mfm_core.training.terms.registry import added_costs, label_problem
from mfm_core.training.video_batches import on, without_padding, without_steps
from mfm_core.training.video_terms import SequenceTerms, nearest


class FoldConfig(Config):
    """One fold of a repeated cross-validation.

    Attributes:
        of: Number of folds.
        number: Of this fold: it is the test split, and the next one the validation split.
        repetition: How often the samples were dealt anew before.
    """

    of: Annotated[int, Field(ge=3, le=1000)] = 5
    number: Annotated[int, Field(ge=0)] = 0
    repetition: Annotated[int, Field(ge=0, le=1000)] = 0


@register_run("mfm_sequences")
class SequenceRun(TrainingRun):
    """A run that trains an MFM on sequences: one file holds all of it.

    Attributes:
        data: Name of the data set, see :func:`mfm_core.load_dataset`.
        objective: Eq. 4; ``reconstruction`` weighs the mean squared error of a standardised feature at a real step.
        noise: Standard deviation of the noise on each Z_a before decoding, while training.
        noise_y: The same on Z_y.
        noise_x: The same on the features that the encoders read; what is to be generated has none.
        terms: What else is asked of Z. A key ``mmd_y`` beside it, as runs had before it was a term, is that of
            ``terms``.
        by_length: Whether a batch is of sequences about as long as each other, which leaves out most steps that are not
            real: this many batches are drawn, and sorted by length; 1 leaves them as they are.
        start: A stored model whose weights training starts from, of the same architecture; None for random weights.
        linear_start: Whether encoders of Z_a and decoders begin as a linear autoencoder, at the principal components of
            the training sequences.
        fold: The part of a cross-validation that is held out; None for the split that the data set comes with.
    """

    system: Literal["mfm_sequences"]
    data: str
    objective: ObjectiveConfig = ObjectiveConfig()
    noise: Share = 0.0
    noise_y: Share = 0.0
    noise_x: Share = 0.0
    terms: SequenceTerms = Field(default_factory=SequenceTerms)
    by_length: Annotated[int, Field(ge=1, le=1000)] = 1
    start: str | None = None
    linear_start: bool = False
    fold: FoldConfig | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_mmd_y(cls, values: object) -> object:
        if not isinstance(values, dict) or "mmd_y" not in values:
            return values
        terms = values.get("terms", {})
        terms = terms.model_dump() if isinstance(terms, SequenceTerms) else terms
        if not isinstance(terms, dict) or terms.get("mmd_y"):
            raise ValueError(f"mmd_y: expected in terms alone, got {values['mmd_y']!r} and terms {terms!r}")
        return {k: v for k, v in values.items() if k != "mmd_y"} | {"terms": terms | {"mmd_y": values["mmd_y"]}}

    @model_validator(mode="after")
    def _sequences(self) -> Self:
        for name, modality in self.model.modalities.items():
            if not isinstance(modality, SequenceModality):
                raise ValueError(f"model.modalities: expected sequences, got {name}, of kind {modality.kind}")  # noqa: TRY004
            if self.linear_start and not (modality.step_width and modality.residual and modality.d_z == modality.d_f):
                raise ValueError(f"linear_start: expected step_width, residual and d_z as large as d_f of {name}")
        check_weights("objective.reconstruction", self.objective.reconstruction, self.model)
        if self.terms.neighbour and (problem := label_problem("score", self.model)):
            raise ValueError(f"terms.neighbour: {problem}, got {self.terms.neighbour}")
        self.terms.check("terms", self.model)
        folded = [info.name for info in dataset_infos() if info.folds is not None]
        if self.fold is not None and (dataset_info(self.data).folds is None or self.fold.number >= self.fold.of):
            raise ValueError(f"fold: expected one of {', '.join(folded)}, numbered from 0, got {self.fold}")
        return self

    @property
    def trains_on(self) -> str:
        """``data``."""
        return self.data

    @property
    def begins_from(self) -> str | None:
        """``start``."""
        return self.start

    def task(self, where: torch.device) -> SequenceTask:
        """Eq. 4 on the run's data."""
        return SequenceTask(self, where)

    def scaling(self, task: Task) -> Mapping[str, Scaling]:
        """That of the training sequences."""
        return cast(SequenceTask, task).train.scaling or {}


def load_run_data(run: SequenceRun) -> Dataset:
    """The data set of a run, split as the run says: the model's modalities of the samples that have one of them.

    Raises:
        ValueError: If the name is unknown, the files are damaged, or the data is not what the model reads.
        FileNotFoundError: If the files are not there.
    """
    folds = dataset_info(run.data).folds
    if run.fold is None or folds is None:
        data = load_dataset(run.data)
    else:
        place = run.fold.repetition * run.fold.of + run.fold.number
        dealt = folds(n_folds=run.fold.of, n_repeats=run.fold.repetition + 1)
        data = next(islice(dealt, place, None)).dataset
    if data.mask is None:
        raise ValueError(f"data: expected a data set of sequences, got {run.data}")
    check_fits(run, data)
    chosen = encodable(data, tuple(run.model.modalities))
    for split in ("train", "validation"):
        if not (chosen.split == split).any():
            raise ValueError(f"data: expected samples in the {split} split of {run.data}, got none")
    return chosen


def encodable(data: Dataset, names: tuple[str, ...]) -> Dataset:
    """The modalities ``names`` of the samples that have one of them, at one real step at least."""
    some = presence(data, names).any(dim=1) & cast(Tensor, data.mask).any(dim=1)
    return data.only(names).take(torch.nonzero(some).squeeze(1))


@dataclass(frozen=True)
class Group:
    """Samples of a batch that have the same modalities.

    Attributes:
        inputs: Those modalities, ``(n, T, d)``.
        mask: Real steps, ``(n, T)``; None for images.
        index: Where the samples stand in the batch, ``(n,)``.
    """

    inputs: dict[str, Tensor]
    mask: Tensor | None
    index: Tensor

    __repr__ = short_repr


def groups(data: Dataset, names: tuple[str, ...]) -> list[Group]:
    """The samples of ``data``, parted by the modalities they have; those that have none are left out."""
    mask, has = data.mask, presence(data, names)
    parts = []
    for pattern in torch.unique(has, dim=0).flip(0):
        index = torch.nonzero((has == pattern).all(dim=1)).squeeze(1)
        inputs = {name: data.modalities[name][index] for name, there in zip(names, pattern, strict=True) if there}
        if inputs:
            parts.append(Group(inputs, None if mask is None else mask[index], index))
    return parts


def masked_errors(
    inputs: Mapping[str, Tensor], generated: Mapping[str, Tensor], steps: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Mean squared error of a feature at a real step, of each modality.

    Args:
        inputs: ``(N, T, d)``.
        generated: ``(N, T, d)``.
        steps: The steps that count, boolean ``(N, T)``.
    """
    errors = {}
    for name, x in inputs.items():
        squares = (generated[name] - x).square().mean(dim=2)
        errors[name] = torch.where(steps[name], squares, 0).sum() / steps[name].sum().clamp_min(1)
    return errors


class SequenceTask:
    """Eq. 4 on sequences. A video that lacks a modality is encoded by the surrogates, and costs what it has.

    Args:
        run: The configuration.
        device: Where to train.
        parts: Training and validation samples, standardised; None for those of the data set that the run names.

    Raises:
        ValueError: If the data set is not one of sequences, or not of the model's modalities, sizes or label.
        FileNotFoundError: If its files are not there.
    """

    def __init__(self, run: SequenceRun, device: torch.device, parts: tuple[Dataset, Dataset] | None = None) -> None:
        if parts is None:
            data = load_run_data(run)
            parts = data.part("train"), data.part("validation")
        else:
            for part in parts:
                check_fits(run, part)
            train, validation = parts
            names = tuple(run.model.modalities)
            parts = encodable(train, names), encodable(validation, names)
        self.run, self.device = run, device
        self.train, self.validation = (without_steps(part) for part in parts)
        self.model = seeded(lambda: MFM(run.model), run.training.seed).to(device)
        if run.linear_start:
            start_linear(self.model, self.train.modalities, cast(Tensor, self.train.mask))
        self.helpers = run.terms.build_helpers(run.model, run.training.seed, device)

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """Each training sample once, in a new order; the last batch may be smaller, but has two samples at least."""
        order = torch.randperm(len(self.train), generator=generator)
        lengths = cast(Tensor, self.train.mask).sum(dim=1)
        drawn = list(torch.split(order, batch_size * self.run.by_length))
        if self.run.by_length > 1:
            drawn = [some[lengths[some].argsort(stable=True)] for some in drawn]
        batches = [batch for some in drawn for batch in torch.split(some, batch_size) if len(batch) > 1]
        if self.run.by_length > 1:
            return [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]
        return batches

    def loss(self, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Eq. 4 on one batch."""
        model, objective, names = self.model, self.run.objective, self.model.modalities
        data = on(without_padding(self.train.take(batch)), self.device)
        has = presence(data, names).to(self.device)
        latents, surrogate, single = self.infer(self.with_noise(data, generator))
        noisy = add_noise(latents, self.run.noise, self.run.noise_y, generator)
        prior = model.sample(len(data), generator=generator)
        decision = label_cost(model.decide(noisy.y), data.labels, self.run.model.label, objective.label_cost)
        generated = model.decode(self.exchange(noisy, single, generator)).modalities
        mask = cast(Tensor, data.mask)
        steps = {name: mask & has[:, [i]] for i, name in enumerate(names)}
        errors = masked_errors(data.modalities, generated, steps)
        terms = {f"error_{name}": error for name, error in weighed(errors, objective.reconstruction).items()}
        terms["label"] = objective.label * decision
        terms["mmd"] = objective.mmd * prior_cost(noisy, prior, objective)
        if surrogate is not None:
            terms["surrogate"] = surrogate
        terms |= added_costs(
            TermInputs(
                model=model,
                weights=self.run.terms,
                objective=objective,
                inputs=data.modalities,
                mask=mask,
                labels=data.labels,
                latents=latents,
                noisy=noisy,
                prior=prior,
                generated=generated,
                generator=generator,
                single=single,
                helpers=self.helpers,
            )
        )
        return torch.stack(list(terms.values())).sum(), terms

    def infer(self, data: Dataset) -> tuple[Latents, Tensor | None, SingleScores | None]:
        """Z of every sample from the modalities it has, in order, and of complete ones what the surrogates cost."""
        model, names = self.model, self.model.modalities
        parts, indices, surrogate, single = [], [], None, None
        for group in groups(data, names):
            if len(group.inputs) == len(names):
                features = model.encoder_y.features(group.inputs, group.mask)
                latents = model.encode_features(group.inputs, features, group.mask)
                labels = data.labels[group.index]
                inferred = model.infer_missing(features, latents, classes_of(labels, self.run.model.label))
                if inferred:
                    surrogate = surrogate_cost(model, inferred, latents, labels, self.run.objective)
                    if self.run.terms.read_single_scores and len(labels) > 1:
                        single = SingleScores(group.index, self.scores_of_each([guess for guess, _ in inferred]))
            else:
                latents = model.encode(group.inputs, group.mask)
            parts.append(latents)
            indices.append(group.index)
        return in_order(parts, indices), surrogate, single

    @torch.no_grad()
    def scores_of_each(self, inferred: Sequence[Latents]) -> Tensor:
        """Score as each single modality tells it, by its surrogate, which come first: ``(n, M)``."""
        single = inferred[: len(self.model.modalities)]
        return torch.cat([self.model.decide(guess.y) for guess in single], dim=1)

    def exchange(self, latents: Latents, single: SingleScores | None, generator: torch.Generator) -> Latents:
        """Some samples with the Z_y of the one nearest in what its modalities tell of the score."""
        if single is None or not self.run.terms.neighbour:
            return latents
        some = torch.rand(len(single.index), generator=generator).to(latents.y.device) < self.run.terms.neighbour
        donors = torch.arange(len(latents), device=latents.y.device)
        donors[single.index[some]] = single.index[nearest(single.score)[some]]
        return Latents(latents.y[donors], latents.a, latents.mask)

    def with_noise(self, data: Dataset, generator: torch.Generator) -> Dataset:
        """Features as the encoders see them while training."""
        size = self.run.noise_x
        if not size:
            return data
        noise = {name: torch.randn(x.shape, generator=generator).to(x.device) for name, x in data.modalities.items()}
        return replace(data, modalities={name: x + size * noise[name] for name, x in data.modalities.items()})

    def validate(self, model: nn.Module) -> tuple[float, Report]:
        """Negated error of the label, in its standard deviations, and of the features; accuracy for classes."""
        data, mfm = on(self.validation, self.device), cast(MFM, model)
        with torch.inference_mode():
            latents, decided = encode_present(mfm, data)
            generated = mfm.decode(latents).modalities
        has, mask = presence(data, mfm.modalities).to(self.device), cast(Tensor, data.mask)
        steps = {name: mask & has[:, [i]] for i, name in enumerate(mfm.modalities)}
        errors = masked_errors(data.modalities, generated, steps)
        score, report = label_report(decided, data.labels, self.run.model.label)
        report |= {f"error_{name}": float(error) for name, error in errors.items()}
        return score - 0.1 * sum(float(error) for error in errors.values()), report


def encode_present(model: MFM, data: Dataset) -> tuple[Latents, Tensor]:
    """Z of every sample from the modalities it has, and what D makes of it, ``(N, size)``."""
    parts, indices = [], []
    for group in groups(data, model.modalities):
        parts.append(model.encode(group.inputs, group.mask))
        indices.append(group.index)
    latents = in_order(parts, indices)
    return latents, model.decide(latents.y)


def in_order(parts: list[Latents], indices: list[Tensor]) -> Latents:
    """Latents of groups put together, each sample where its group's index says."""
    return concatenate(parts)[torch.argsort(torch.cat(indices))]


def check_fits(run: SequenceRun, data: Dataset) -> None:
    """Raise ValueError unless ``data`` is what the run's model reads."""
    for name, modality in run.model.modalities.items():
        width = data.modalities[name].shape[2] if name in data.modalities else None
        if not isinstance(modality, SequenceModality) or width != modality.d_x:
            there = {key: x.shape[2] for key, x in data.modalities.items()}
            raise ValueError(f"model.modalities: expected some of {there}, the features of {run.data}, got {name}")
    label = run.model.label
    classes = data.labels.dtype == torch.int64
    size = int(data.labels.max()) + 1 if classes else data.labels.shape[1]
    if (label.kind == "classes") != classes or label.size < size or (not classes and label.size != size):
        wanted = f"{size} {'classes' if classes else 'scores'}"
        raise ValueError(f"model.label: expected {wanted}, the labels of {run.data}, got {label.size} {label.kind}")
