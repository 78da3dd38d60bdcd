"""Every figure the project prints of an MFM on SVHN-MNIST."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from pydantic import JsonValue
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.data.sets.svhn_mnist import DigitPools
from mfm_core.evaluation.statistics import Estimate, correlation, frechet_distance, mean, probe_hits, share
from mfm_core.generation import swap
from mfm_core.latents import Latents, concatenate
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.posterior import AggregatePosterior

N_PROBE = 20_000
BATCH = 500


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        name: What was measured.
        estimate: Value, 95 % interval and n.
        reach: The value aimed at, or None where the figure is only printed.
        at_most: Whether ``reach`` is an upper bound.
    """

    name: str
    estimate: Estimate
    reach: float | None = None
    at_most: bool = False

    @property
    def reached(self) -> bool | None:
        """Whether the value reaches its aim; None where there is none."""
        if self.reach is None:
            return None
        return self.estimate.value <= self.reach if self.at_most else self.estimate.value >= self.reach

    def as_dict(self) -> dict[str, JsonValue]:
        """As stored in ``metrics.json``."""
        estimate = self.estimate
        return {
            "name": self.name,
            "value": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "n": estimate.n,
            "reach": self.reach,
            "at_most": self.at_most,
            "reached": self.reached,
        }


def evaluation_pairs(pools: DigitPools, seed: int) -> Dataset:
    """Every MNIST digit of a split once, each paired with a random SVHN digit of the same label."""
    generator = torch.Generator().manual_seed(seed)
    index = torch.empty_like(pools.mnist_labels)
    for label in torch.unique(pools.mnist_labels):
        wanted = torch.nonzero(pools.mnist_labels == label).squeeze(1)
        candidates = torch.nonzero(pools.svhn_labels == label).squeeze(1)
        index[wanted] = candidates[torch.randint(len(candidates), (len(wanted),), generator=generator)]
    pictures = {"svhn": pools.svhn[index], "mnist": pools.mnist}
    return Dataset("svhn_mnist", pictures, pools.mnist_labels, DigitPools.names(pools.split, len(index)))


def batches(n: int) -> list[slice]:
    """Slices that cut ``n`` samples into batches that fit in memory."""
    return [slice(start, start + BATCH) for start in range(0, n, BATCH)]


@torch.inference_mode()
def encode_all(model: MFM, pictures: Mapping[str, Tensor]) -> Latents:
    """Encode many samples, a batch at a time."""
    n = len(next(iter(pictures.values())))
    parts = [model.encode({name: x[part] for name, x in pictures.items()}) for part in batches(n)]
    return concatenate(parts)


@torch.inference_mode()
def decode_all(model: MFM, latents: Latents) -> tuple[dict[str, Tensor], Tensor]:
    """Decode many samples, a batch at a time: pictures by modality, and logits of the label."""
    parts = [model.decode(latents[part]) for part in batches(len(latents))]
    pictures = {name: torch.cat([part.modalities[name] for part in parts]) for name in model.modalities}
    return pictures, torch.cat([part.label for part in parts])


@dataclass(frozen=True)
class Judges:
    """Classifiers trained apart from the model, by modality."""

    networks: Mapping[str, Discriminative]

    @torch.inference_mode()
    def _over(self, pictures: Tensor, read: Callable[[Tensor], Tensor]) -> Tensor:
        return torch.cat([read(pictures[part]) for part in batches(len(pictures))])

    def digits(self, name: str, pictures: Tensor) -> Tensor:
        """The digit seen in each picture, ``(N,)``."""
        return self._over(pictures, lambda x: self.networks[name]({name: x}).argmax(1))

    def features(self, name: str, pictures: Tensor) -> Tensor:
        """Features before the last layer, ``(N, d)``."""
        return self._over(pictures, lambda x: self.networks[name].penultimate({name: x}))


def evaluate(
    model: MFM,
    judges: Mapping[str, Discriminative],
    *,
    seed: int = 0,
    on_progress: Callable[[str], None] = lambda stage: None,
) -> list[Figure]:
    """Measure everything on held-out real digits.

    Args:
        model: An MFM of SVHN and MNIST.
        judges: Classifiers by modality, trained apart from the model and from its readers.
        seed: Of the pairing and of all sampling.
        on_progress: Called with the name of each stage.

    Returns:
        The figures, in the order of the card.

    Raises:
        ValueError: If the model is of other modalities.
    """
    if set(model.modalities) != {"svhn", "mnist"}:
        raise ValueError(f"model: expected an MFM of svhn and mnist, got one of {', '.join(model.modalities)}")
    judging = Judges(judges)
    generator = torch.Generator().manual_seed(seed)
    pairs = evaluation_pairs(DigitPools.load("test"), seed)
    labels, n = pairs.labels, len(pairs)
    on_progress("encoding held-out pairs")
    latents = encode_all(model, pairs.modalities)
    rebuilt, decided = decode_all(model, latents)
    donor = torch.randperm(n, generator=generator)
    prior = model.sample(n, generator=generator)

    on_progress("decoding swaps and samples")
    swapped, _ = decode_all(model, swap(latents[donor], with_=latents, factor="y"))
    restyled, _ = decode_all(model, swap(prior, with_=latents, factor="y"))
    sampled, _ = decode_all(model, prior)
    aggregate = AggregatePosterior.fit(latents, seed=seed).sample(n, generator=generator)
    drawn, _ = decode_all(model, aggregate)

    figures = [Figure("label accuracy, both modalities", share(decided.argmax(1) == labels), 0.99)]
    aims = {"svhn": (0.97, 0.96, 0.004), "mnist": (0.995, 0.99, 0.015)}
    for name in model.modalities:
        error = (rebuilt[name] - pairs.modalities[name]).square().flatten(1).mean(1)
        seen = {key: judging.digits(name, x[name]) for key, x in {"swap": swapped, "prior": restyled}.items()}
        aim = aims[name]
        figures += [
            Figure(
                f"judge's accuracy on real pictures, {name}",
                share(judging.digits(name, pairs.modalities[name]) == labels),
            ),
            Figure(f"reconstruction error a pixel, {name}", mean(error), aim[2], at_most=True),
            Figure(f"swap shows the digit of Z_y, {name}", share(seen["swap"] == labels), aim[0]),
            Figure(f"Z_a from the prior shows the digit of Z_y, {name}", share(seen["prior"] == labels), aim[1]),
        ]
    for title, pictures, reach in (("prior", sampled, 0.92), ("aggregate posterior", drawn, 0.96)):
        first, second = (judging.digits(name, pictures[name]) for name in model.modalities)
        figures.append(Figure(f"all of Z from the {title}: judges agree", share(first == second), reach))

    on_progress("style under swap")
    figures += style_figures(pairs, donor, swapped)
    on_progress("translation")
    for source, target, reach in (("mnist", "svhn", 0.95), ("svhn", "mnist", 0.90)):
        translated, _ = decode_all(model, encode_all(model, {source: pairs.modalities[source]}))
        seen_label = judging.digits(target, translated[target])
        figures.append(Figure(f"translation {source} to {target}", share(seen_label == labels), reach))
    on_progress("probes")
    figures += probe_figures(model, latents, labels, seed)
    on_progress("Frechet distances")
    figures += frechet_figures(judging, pairs, {"swapped": swapped, "prior": sampled, "aggregate": drawn}, generator)
    return figures


def style_figures(pairs: Dataset, donor: Tensor, swapped: Mapping[str, Tensor]) -> list[Figure]:
    """Correlation between the donor of Z_a and the swapped picture, of what the eye calls style."""
    colour = [x.mean(dim=(2, 3)) for x in (pairs.modalities["svhn"][donor], swapped["svhn"])]
    channels = [correlation(colour[0][:, c], colour[1][:, c]) for c in range(3)]
    weakest = min(channels, key=lambda estimate: estimate.value)
    ink = [x.sum(dim=(1, 2, 3)) for x in (pairs.modalities["mnist"][donor], swapped["mnist"])]
    return [
        Figure("style kept under swap: mean colour, svhn (weakest channel)", weakest, 0.9),
        Figure("style kept under swap: ink mass, mnist", correlation(*ink), 0.7),
    ]


def probe_figures(model: MFM, latents: Latents, labels: Tensor, seed: int) -> list[Figure]:
    """The digit read by a trained probe from each block of Z."""
    generator = torch.Generator().manual_seed(seed)
    train = evaluation_pairs(DigitPools.load("train"), seed)
    train = train.take(torch.randperm(len(train), generator=generator)[:N_PROBE])
    codes = encode_all(model, train.modalities)
    figures = []
    for name, block in latents.blocks().items():
        hits = probe_hits(codes.blocks()[name], train.labels, block, labels, seed=seed)
        reach, title = (None, "Z_y") if name == "y" else (0.2, f"Z_a of {name}")
        figures.append(Figure(f"digit read from {title} by a probe", share(hits), reach, at_most=True))
    return figures


def frechet_figures(
    judging: Judges, pairs: Dataset, generated: Mapping[str, Mapping[str, Tensor]], generator: torch.Generator
) -> list[Figure]:
    """Frechet distance of generated to real pictures, with the floor (real) and the ceiling (mean pictures)."""
    figures = []
    order = torch.randperm(len(pairs), generator=generator)
    half = len(pairs) // 2
    for name, real in pairs.modalities.items():
        means = torch.stack([real[pairs.labels == label].mean(0) for label in range(10)])[pairs.labels]
        features = judging.features(name, real)
        wanted, other = features[order[:half]], features[order[half:]]
        compared = {"real (floor)": other, "mean pictures (ceiling)": judging.features(name, means)[order[half:]]}
        compared |= {key: judging.features(name, x[name])[order[half:]] for key, x in generated.items()}
        for key, found in compared.items():
            distance = frechet_distance(wanted, found)
            figures.append(Figure(f"Frechet distance, {name}: {key}", Estimate(distance, distance, distance, half)))
    return figures
