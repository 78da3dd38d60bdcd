"""Every figure the project prints of an MFM on SVHN-MNIST."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.data.sets.svhn_mnist import DigitPools
from mfm_core.evaluation.bootstrap import bootstrap_interval
from mfm_core.evaluation.crossed_bootstrap import crossed_mean
from mfm_core.evaluation.figures import Figure
from mfm_core.evaluation.predictions import independent_units
from mfm_core.evaluation.probes import FOLDS as PROBE_FOLDS
from mfm_core.evaluation.probes import PROBE_SEEDS, probe_classes
from mfm_core.evaluation.quantities import exact, figure
from mfm_core.evaluation.statistics import Estimate, correlation, estimate, frechet_distance, share
from mfm_core.generation import swap
from mfm_core.interpretation.one_thread import one_thread
from mfm_core.latents import Latents, concatenate
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.posterior import AggregatePosterior

BATCH = 500
FRECHET_AIMS: Mapping[tuple[str, str], float] = {
    ("svhn", "swapped"): 5.0,
    **dict.fromkeys((("svhn", "prior"), ("svhn", "prior_matched")), 10.0),
    **dict.fromkeys((("mnist", "prior"), ("mnist", "prior_matched")), 6.0),
}
"""By modality and way."""
Result = TypeVar("Result")


def evaluation_pairs(pools: DigitPools, seed: int) -> Dataset:
    """Every MNIST digit of a split once, each paired with a random SVHN digit of the same label, which names it."""
    generator = torch.Generator().manual_seed(seed)
    index = torch.empty_like(pools.mnist_labels)
    for label in torch.unique(pools.mnist_labels):
        wanted = torch.nonzero(pools.mnist_labels == label).squeeze(1)
        candidates = torch.nonzero(pools.svhn_labels == label).squeeze(1)
        index[wanted] = candidates[torch.randint(len(candidates), (len(wanted),), generator=generator)]
    pictures = {"svhn": pools.svhn[index], "mnist": pools.mnist}
    ids = tuple(pools.svhn_ids[n] for n in index.tolist())
    return Dataset("svhn_mnist", pictures, pools.mnist_labels, DigitPools.names(pools.split, len(index)), ids=ids)


def batches(n: int) -> list[slice]:
    """Slices that cut ``n`` samples into batches that fit in memory."""
    return [slice(start, start + BATCH) for start in range(0, n, BATCH)]


@contextmanager
def one_thread_each() -> Iterator[int]:
    """Run every operation on one thread, so that figures are the same on any number of them.

    Sums that several threads share are rounded differently, and a digit between two classes is then read as the other.

    Yields:
        How many threads there were: batches may be worked on side by side by so many.
    """
    from threadpoolctl import threadpool_limits

    workers = torch.get_num_threads()
    with one_thread(), threadpool_limits(1):
        yield workers


def by_batches(work: Callable[[slice], Result], n: int, workers: int = 1) -> list[Result]:
    """Apply ``work`` to each batch of ``n`` samples, in order, ``workers`` of them at once."""

    def infer(part: slice) -> Result:
        with torch.inference_mode():  # which is each thread's own
            return work(part)

    if workers == 1:
        return [infer(part) for part in batches(n)]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(infer, batches(n)))


def encode_all(model: MFM, pictures: Mapping[str, Tensor], workers: int = 1) -> Latents:
    """Encode many samples, a batch at a time."""
    n = len(next(iter(pictures.values())))
    return concatenate(by_batches(lambda part: model.encode({k: x[part] for k, x in pictures.items()}), n, workers))


def decode_all(model: MFM, latents: Latents, workers: int = 1) -> tuple[dict[str, Tensor], Tensor]:
    """Decode many samples, a batch at a time: pictures by modality, and logits of the label."""
    parts = by_batches(lambda part: model.decode(latents[part]), len(latents), workers)
    pictures = {name: torch.cat([part.modalities[name] for part in parts]) for name in model.modalities}
    return pictures, torch.cat([part.label for part in parts])


@dataclass(frozen=True)
class Judges:
    """Classifiers trained apart from the model, by modality, and how many batches they read at once."""

    networks: Mapping[str, Discriminative]
    workers: int = 1

    def _over(self, pictures: Tensor, read: Callable[[Tensor], Tensor]) -> Tensor:
        return torch.cat(by_batches(lambda part: read(pictures[part]), len(pictures), self.workers))

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
    with one_thread_each() as workers:
        return _evaluate(model, Judges(judges, workers), seed, on_progress, workers)


def _evaluate(model: MFM, judges: Judges, seed: int, on_progress: Callable[[str], None], workers: int) -> list[Figure]:
    generator = torch.Generator().manual_seed(seed)
    pairs = evaluation_pairs(DigitPools.load("test"), seed)
    labels, n = pairs.labels, len(pairs)
    photograph = torch.from_numpy(independent_units(pairs))
    on_progress("encoding held-out pairs")
    latents = encode_all(model, pairs.modalities, workers)
    rebuilt, decided = decode_all(model, latents, workers)
    donor = torch.randperm(n, generator=generator)
    prior = model.sample(n, generator=generator)

    on_progress("decoding swaps and samples")
    swapped, _ = decode_all(model, swap(latents[donor], with_=latents, factor="y"), workers)
    restyled, _ = decode_all(model, swap(prior, with_=latents, factor="y"), workers)
    sampled, _ = decode_all(model, prior, workers)
    aggregate = AggregatePosterior.fit(latents, seed=seed).sample(n, generator=generator)
    drawn, _ = decode_all(model, aggregate, workers)

    # Z_y of every pair comes of an SVHN digit too, and digits of one photograph are much alike.
    hit = crossed_mean(decided.argmax(1) == labels, [photograph])
    figures = [figure("label_accuracy", "+".join(model.modalities), hit, target=0.99)]
    aims = {"svhn": (0.97, 0.96, 0.004), "mnist": (0.995, 0.99, 0.015)}
    for name in model.modalities:
        error = (rebuilt[name] - pairs.modalities[name]).square().flatten(1).mean(1)
        seen = {key: judges.digits(name, x[name]) for key, x in {"swap": swapped, "prior": restyled}.items()}
        donors = [photograph[donor]] if name == "svhn" else []  # each MNIST digit is a donor once
        real = judges.digits(name, pairs.modalities[name]) == labels
        aim = aims[name]
        figures += [
            figure("judge_accuracy", name, crossed_mean(real, [photograph]) if name == "svhn" else share(real)),
            figure("reconstruction_error", name, crossed_mean(error, [photograph]), target=aim[2]),
            figure("swap_accuracy", name, crossed_mean(seen["swap"] == labels, [photograph, *donors]), target=aim[0]),
            figure("prior_style_accuracy", name, crossed_mean(seen["prior"] == labels, [photograph]), target=aim[1]),
        ]
    for way, pictures, target in (("prior", sampled, 0.92), ("aggregate", drawn, 0.96)):
        first, second = (judges.digits(name, pictures[name]) for name in model.modalities)
        figures.append(figure("joint_coherence", f":{way}", share(first == second), target=target))

    on_progress("style under swap")
    figures += style_figures(pairs, donor, swapped)
    on_progress("translation")
    for source, other, target in (("mnist", "svhn", 0.95), ("svhn", "mnist", 0.90)):
        translated, _ = decode_all(model, encode_all(model, {source: pairs.modalities[source]}, workers), workers)
        right = judges.digits(other, translated[other]) == labels
        estimate = crossed_mean(right, [photograph]) if source == "svhn" else share(right)
        figures.append(figure("translation_accuracy", f"{source}>{other}", estimate, target=target))
    on_progress("probes")
    figures += probe_figures(latents, pairs, workers)
    on_progress("Frechet distances")
    figures += frechet_figures(judges, pairs, {"swapped": swapped, "prior": sampled, "aggregate": drawn}, generator)
    return figures


def style_figures(pairs: Dataset, donor: Tensor, swapped: Mapping[str, Tensor]) -> list[Figure]:
    """Correlation between the donor of Z_a and the swapped picture, of what the eye calls style."""
    colour = [x.mean(dim=(2, 3)) for x in (pairs.modalities["svhn"][donor], swapped["svhn"])]
    units = independent_units(pairs)[donor.numpy()]
    channels = [clustered_correlation(colour[0][:, c], colour[1][:, c], units) for c in range(3)]
    weakest = min(channels, key=lambda estimate: estimate.value)
    donors, labels = pairs.labels[donor], pairs.labels
    given, shown = (x.sum(dim=(1, 2, 3)) for x in (pairs.modalities["mnist"][donor], swapped["mnist"]))
    of_digit = correlation(beyond_label(given, donors), beyond_label(shown, labels))
    return [
        figure("colour_kept", "svhn", weakest, target=0.9),
        figure("ink_kept", "mnist", correlation(given, shown)),
        figure("ink_kept_of_digit", "mnist", of_digit, target=0.9),
        figure("ink_within_digits", "mnist", variance_within_labels(given, donors)),
    ]


def beyond_label(x: Tensor, labels: Tensor) -> Tensor:
    """Difference of each number (N,) from the mean of its label's, (N,)."""
    within = torch.zeros_like(x)
    for label in torch.unique(labels):
        within[labels == label] = x[labels == label] - x[labels == label].mean()
    return within


def variance_within_labels(x: Tensor, labels: Tensor) -> Estimate:
    """Share of the variance of x (N,) that is within labels.

    Where Z_a tells nothing of the label, and a picture of Z_a and Z_y has the ink that reconstructions of its label
    have, this is the correlation of the donor's ink with the swapped picture's: a higher one needs a Z_a that tells
    the label, or pictures unlike their originals.
    """
    classes, n_labels = labels.numpy(), int(labels.max()) + 1
    values = (x - x.mean()).double().numpy()
    sums = np.zeros((len(values), 3, n_labels))
    sums[np.arange(len(values)), :, classes] = np.stack([np.ones_like(values), values, values**2], axis=1)

    def of_sums(totals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        n, s, ss = np.moveaxis(totals.reshape(*totals.shape[:-1], 3, n_labels), -2, 0)
        within = (ss - s * s / np.where(n > 0, n, 1)).sum(-1)
        found: npt.NDArray[np.float64] = within / (ss.sum(-1) - s.sum(-1) ** 2 / n.sum(-1))
        return found

    table = sums.reshape(len(values), -1)
    low, high = bootstrap_interval(table, of_sums, np.arange(len(values)))
    return Estimate(float(of_sums(table.sum(0))), low, high, len(values))


def clustered_correlation(x: Tensor, y: Tensor, units: npt.NDArray[np.int64]) -> Estimate:
    """Pearson's correlation (N,), with an interval over independent units (N,)."""
    # Only centred sums keep their digits; a correlation does not depend on where its variables are centred.
    a, b = ((v - v.mean()).double().numpy() for v in (x, y))
    sums = np.stack([np.ones_like(a), a, b, a * a, b * b, a * b], axis=1)

    def of_sums(totals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        n, s, t, ss, tt, st = np.moveaxis(totals, -1, 0)
        found: npt.NDArray[np.float64] = (st - s * t / n) / np.sqrt((ss - s * s / n) * (tt - t * t / n))
        return found

    low, high = bootstrap_interval(sums, of_sums, units)
    return estimate(correlation(x, y).value, low, high, len(np.unique(units)), of="photographs")


def probe_figures(latents: Latents, pairs: Dataset, workers: int) -> list[Figure]:
    """The digit as the best of a family of probes reads it from each block of Z, and what the most frequent class has.

    Z_a of SVHN is probed with each SVHN digit once. Digits of one photograph are never in
    a probe's training and in its test.
    """
    ids = pairs.ids or ()
    once = torch.tensor(sorted({one: n for n, one in reversed(list(enumerate(ids)))}.values()))
    photograph = torch.from_numpy(independent_units(pairs))
    figures = []
    for name, block in latents.blocks().items():
        rows = once if name == "svhn" else torch.arange(len(block))
        clusters = None if name == "mnist" else photograph[rows]
        labels = pairs.labels[rows]
        probed = probe_classes(
            block[rows], labels, clusters=clusters, seeds=PROBE_SEEDS, folds=PROBE_FOLDS, workers=workers
        )
        chance = crossed_mean(
            labels == labels.mode().values, [torch.arange(len(rows)) if clusters is None else clusters]
        )
        if name == "y":
            figures.append(figure("probe_accuracy_y", "", probed.estimate))
            continue
        aim = {"mnist": 0.2, "svhn": probed.chance + 0.03}.get(name)
        figures.append(figure("probe_accuracy", name, probed.estimate, target=aim))
        figures.append(figure("most_frequent_class", name, chance))
    return figures


def frechet_figures(
    judges: Judges, pairs: Dataset, generated: Mapping[str, Mapping[str, Tensor]], generator: torch.Generator
) -> list[Figure]:
    """Frechet distance of generated to real pictures, with the floor (real) and the ceiling (mean pictures).

    The held-out pairs show every digit as often as MNIST does. Training pairs, and so Z_y from the prior, show them as
    often as SVHN does (a fifth are ones, a twentieth nines): ``prior`` counts that difference too, ``prior_matched`` is
    the distance to held-out pairs of which each digit is as frequent as in training.
    """
    figures = []
    order = torch.randperm(len(pairs), generator=generator)
    half = len(pairs) // 2
    photographs = len(np.unique(independent_units(pairs)[order[half:].numpy()]))
    matched = as_frequent(pairs.labels, DigitPools.load("train").svhn_labels, generator)
    for name, real in pairs.modalities.items():
        means = torch.stack([real[pairs.labels == label].mean(0) for label in range(10)])[pairs.labels]
        features = judges.features(name, real)
        wanted, other = features[order[:half]], features[order[half:]]
        compared = {"real": other, "mean_pictures": judges.features(name, means)[order[half:]]}
        compared |= {key: judges.features(name, x[name])[order[half:]] for key, x in generated.items()}
        for key, found in compared.items():
            estimate = exact(frechet_distance(wanted, found), photographs if name == "svhn" else half)
            aim = FRECHET_AIMS.get((name, key))
            figures.append(figure("frechet_distance", f"{name}:{key}", estimate, target=aim))
        sampled = judges.features(name, generated["prior"][name])[: len(matched)]
        n = len(np.unique(independent_units(pairs)[matched.numpy()])) if name == "svhn" else len(matched)
        estimate = exact(frechet_distance(features[matched], sampled), n)
        figures.append(
            figure("frechet_distance", f"{name}:prior_matched", estimate, target=FRECHET_AIMS[name, "prior_matched"])
        )
    return figures


def as_frequent(labels: Tensor, wanted: Tensor, generator: torch.Generator) -> Tensor:
    """The most samples that there are whose labels are as frequent as others: their indices, each once.

    Args:
        labels: Of the samples, ``(N,)`` classes.
        wanted: Labels whose frequencies are wanted, ``(M,)``.
        generator: Chooses among the samples of a label.

    Raises:
        ValueError: If a wanted label has no sample.
    """
    n_labels = int(max(labels.max(), wanted.max())) + 1
    there, share = (torch.bincount(x, minlength=n_labels).double() for x in (labels, wanted))
    share /= share.sum()
    if bool((there[share > 0] == 0).any()):
        raise ValueError(f"labels: expected samples of each of {torch.unique(wanted).tolist()}, got {there.tolist()}")
    n = (there / share).nan_to_num(nan=float("inf")).min()
    chosen = []
    for label, count in enumerate((share * n + 1e-9).floor().long().tolist()):
        of_label = torch.nonzero(labels == label).squeeze(1)
        chosen.append(of_label[torch.randperm(len(of_label), generator=generator)[:count]])
    return torch.cat(chosen)
