"""Figures of small models of digits by objective or structure: swap, probes, coherence, reconstruction, intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mfm_core.data import load_dataset
from mfm_core.data.dataset import Dataset
from mfm_core.evaluation.crossed_bootstrap import connected_clusters, crossed_mean
from mfm_core.evaluation.digits import Judges, decode_all, encode_all, one_thread_each
from mfm_core.evaluation.figures import Figure
from mfm_core.evaluation.predictions import independent_units
from mfm_core.evaluation.probes import Probed, probe_classes
from mfm_core.evaluation.quantities import figure
from mfm_core.evaluation.statistics import Estimate
from mfm_core.generation import swap
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.printing import short_repr
from mfm_core.storage.codes import fingerprint

Key = tuple[str, str]
"""Key and subject of a figure."""


@dataclass(frozen=True)
class Samples:
    """Outcomes of one model on each held-out pair.

    Attributes:
        values: By key and subject, hits or errors of each pair, ``(N,)``.
        factors: By key and subject, the clusters of the pairs, see :func:`crossed_mean`.
        probed: By modality, what the probes read from Z_a.
    """

    values: Mapping[Key, Tensor]
    factors: Mapping[Key, Sequence[Tensor]]
    probed: Mapping[str, Probed]

    __repr__ = short_repr


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of a model on held-out pairs; those that its structure does not have are left out.

    Attributes:
        label: Logits of each pair ``(N, 10)``.
        rebuilt: Each pair, by modality.
        swapped: Its Z_y with the Z_a of its donor, by modality.
        sampled: As many draws of the prior, by modality.
        styles: By modality, or by modalities joined by ``+``, the codes that style is read from ``(N, d)``.
    """

    label: Tensor
    rebuilt: Mapping[str, Tensor]
    swapped: Mapping[str, Tensor]
    sampled: Mapping[str, Tensor]
    styles: Mapping[str, Tensor]

    __repr__ = short_repr


def measure(model: MFM, judges: Mapping[str, Discriminative], *, seed: int = 0) -> Samples:
    """Measure one model on the held-out pairs, each SVHN digit once.

    Args:
        model: An MFM of SVHN and MNIST.
        judges: Classifiers by modality, trained apart from the model and from its readers.
        seed: Of the donors and of the samples of the prior.
    """

    def outcomes(pairs: Dataset, donor: Tensor, generator: torch.Generator, workers: int) -> Outcomes:
        prior = model.sample(len(pairs), generator=generator)
        latents = encode_all(model, pairs.modalities, workers)
        rebuilt, label = decode_all(model, latents, workers)
        swapped, _ = decode_all(model, swap(latents[donor], with_=latents, factor="y"), workers)
        sampled, _ = decode_all(model, prior, workers)
        return Outcomes(label, rebuilt, swapped, sampled, latents.a)

    return measured(outcomes, judges, seed)


def measured(
    outcomes: Callable[[Dataset, Tensor, torch.Generator, int], Outcomes],
    judges: Mapping[str, Discriminative],
    seed: int,
) -> Samples:
    """Judge what a model makes of the held-out pairs.

    Args:
        outcomes: The pairs, the donor of style of each ``(N,)``, a generator and how many batches may be worked on at
            once -> what the model makes of them.
        judges: As for :func:`measure`.
        seed: Of the donors and of the generator.
    """
    pairs = load_dataset("svhn_mnist").part("test")
    photograph = torch.from_numpy(independent_units(pairs))
    generator = torch.Generator().manual_seed(seed)
    donor = torch.randperm(len(pairs), generator=generator)
    with one_thread_each() as workers:
        judging = Judges(judges, workers)
        made = outcomes(pairs, donor, generator, workers)
        values: dict[Key, Tensor] = {("label_accuracy", ""): made.label.argmax(1) == pairs.labels}
        factors: dict[Key, list[Tensor]] = {("label_accuracy", ""): [photograph]}
        for name, x in made.rebuilt.items():
            values["reconstruction_error", name] = (x - pairs.modalities[name]).square().flatten(1).mean(1)
            factors["reconstruction_error", name] = [photograph]
        for name, x in made.swapped.items():
            values["swap_accuracy", name] = judging.digits(name, x) == pairs.labels
            factors["swap_accuracy", name] = [photograph, photograph[donor]]
        if made.sampled:
            first, second = (judging.digits(name, x) for name, x in made.sampled.items())
            values["joint_coherence", ""] = first == second
            factors["joint_coherence", ""] = [torch.arange(len(pairs))]  # draws of the prior are independent
        # Partners are drawn with replacement: without the pictures one MNIST digit would stand in two folds.
        apart = connected_clusters([photograph, *(fingerprint(x) for x in pairs.modalities.values())])
        probed = {
            name: probe_classes(z, pairs.labels, clusters=apart, seeds=(0,), workers=workers)
            for name, z in made.styles.items()
        }
    return Samples(values, factors, probed)


def figures(samples: Sequence[Samples]) -> list[Figure]:
    """The figures of one model, or of several that differ in their seed alone.

    The intervals of several are over seeds and pairs together: a pair that is hard for one seed is hard for the others.

    Args:
        samples: Of each seed, on the same pairs.
    """
    found = []
    for key, subject in samples[0].values:
        values = torch.cat([one.values[key, subject].double() for one in samples])
        factors = [factor.repeat(len(samples)) for factor in samples[0].factors[key, subject]]
        trainings = torch.arange(len(samples)).repeat_interleave(len(values) // len(samples))
        found.append(figure(key, subject, crossed_mean(values, factors, trainings=trainings)))
    for subject in samples[0].probed:
        found += _probe_figures(subject, [one.probed[subject] for one in samples])
    return found


def _probe_figures(subject: str, probed: Sequence[Probed]) -> list[Figure]:
    """The mean over seeds of the best probe's accuracy; the interval holds those of all seeds."""
    each = [one.estimate for one in probed]
    value = sum(one.value for one in each) / len(each)
    estimate = Estimate(value, min(one.low for one in each), max(one.high for one in each), each[0].n)
    chance = Estimate(probed[0].chance, probed[0].chance, probed[0].chance, each[0].n)
    return [figure("probe_accuracy", subject, estimate), figure("probe_chance", subject, chance)]
