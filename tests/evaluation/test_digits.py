"""The figures: a perfect model gets the perfect ones, a model whose Z_a carries the digit does not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import bootstrap, f_oneway
from torch import nn

from mfm_core import MFM, Latents, ModelConfig
from mfm_core.data.dataset import Dataset
from mfm_core.data.sets.svhn_mnist import DigitPools
from mfm_core.evaluation.digits import (
    Judges,
    as_frequent,
    clustered_correlation,
    decode_all,
    encode_all,
    evaluate,
    evaluation_pairs,
    frechet_figures,
    style_figures,
)
from mfm_core.evaluation.figures import Figure
from mfm_core.latents import Generated
from mfm_core.networks.classifier import Discriminative
from tests.made_up_digits import blocks, paint_mnist, paint_svhn

pytestmark = pytest.mark.usefixtures("made_up_data", "few_probes")


class Perfect:
    """An inverse of the rule by which the digits are drawn: Z_y is digit and grains, Z_a colour or grey."""

    modalities = ("svhn", "mnist")

    def encode(self, pictures):
        n = len(next(iter(pictures.values())))
        seen = next(iter(pictures))
        y = 3 * nn.functional.one_hot(blocks(seen, pictures[seen]).argmax(1), 10).float()
        if "svhn" in pictures:
            y = y + pictures["svhn"][:, 0, 31, :10] - 0.5
        a = {
            name: (pictures[name][:, :, -1, -1] - 0.5) / 0.15 if name in pictures else torch.zeros(n, d)
            for name, d in (("svhn", 3), ("mnist", 1))
        }
        return Latents(y, a)

    def decode(self, z):
        digit = z.y.argmax(1)
        grains = (z.y - 3 * nn.functional.one_hot(digit, 10) + 0.5).clamp(0, 1)
        style = {name: (0.5 + 0.15 * block).clamp(0, 0.9) for name, block in z.a.items()}
        svhn, mnist = paint_svhn(digit, style["svhn"], grains), paint_mnist(digit, style["mnist"])
        return Generated({"svhn": svhn, "mnist": mnist}, 9 * nn.functional.one_hot(digit, 10).float())

    def sample(self, n, *, generator):
        y, svhn, mnist = (torch.randn(n, d, generator=generator) for d in (10, 3, 1))
        return Latents(y, {"svhn": svhn, "mnist": mnist})


class Leaking(Perfect):
    """Z_a of MNIST carries the digit, and its picture shows that digit, whatever Z_y says."""

    def encode(self, pictures):
        z = super().encode(pictures)
        if "mnist" not in pictures:
            return z.replace(mnist=torch.zeros(len(z), 11))
        return z.replace(mnist=torch.cat([z.a["mnist"], blocks("mnist", pictures["mnist"])], 1))

    def decode(self, z):
        generated = super().decode(z.replace(mnist=z.a["mnist"][:, :1]))
        style = (0.5 + 0.15 * z.a["mnist"][:, :1]).clamp(0, 0.9)
        mnist = paint_mnist(z.a["mnist"][:, 1:].argmax(1), style)
        return Generated({**generated.modalities, "mnist": mnist}, generated.label)

    def sample(self, n, *, generator):
        return super().sample(n, generator=generator).replace(mnist=torch.randn(n, 11, generator=generator))


class Judge:
    """Sees the block; its features are the blocks and the last pixel."""

    def __init__(self, name):
        self.name = name

    def __call__(self, pictures):
        return blocks(self.name, pictures[self.name])

    def penultimate(self, pictures):
        x = pictures[self.name]
        return torch.cat([blocks(self.name, x), x[:, :, -1, -1]], 1)


JUDGES = {name: Judge(name) for name in ("svhn", "mnist")}


def values(figures: list[Figure]) -> dict[tuple[str, str], float]:
    return {(figure.key, figure.subject): figure.value for figure in figures}


def test_a_perfect_model_reaches_every_figure():
    figures = evaluate(Perfect(), JUDGES)
    found = values(figures)
    keys = {"swap_accuracy", "prior_style_accuracy", "joint_coherence", "translation_accuracy", "judge_accuracy"}
    ones = {which: value for which, value in found.items() if which[0] in keys}
    assert ones == dict.fromkeys(ones, 1.0)
    assert {key for key, _ in ones} == keys
    assert found["label_accuracy", "svhn+mnist"] == 1
    for name in ("svhn", "mnist"):
        assert found["reconstruction_error", name] < 1e-9
        assert found["probe_accuracy", name] < found["most_frequent_class", name] + 0.1
        floor, ceiling, prior, swapped = (
            found["frechet_distance", f"{name}:{way}"] for way in ("real", "mean_pictures", "prior", "swapped")
        )
        assert 0 <= floor < prior
        assert swapped < ceiling
    assert found["colour_kept", "svhn"] > 0.99
    assert found["ink_kept", "mnist"] > 0.999
    assert found["ink_kept_of_digit", "mnist"] > 0.95  # of 300 pairs, whose digits have means of their own
    assert found["probe_accuracy_y", ""] > 0.99
    unsure = ("probe_accuracy", "svhn")  # of some hundred digits chance alone is off by more
    aimed = [figure for figure in figures if figure.target is not None and (figure.key, figure.subject) != unsure]
    assert all(figure.reached for figure in aimed)


def test_a_model_whose_style_carries_the_digit_is_found_out():
    figures = evaluate(Leaking(), JUDGES)
    found = values(figures)
    by_chance = pytest.approx(0.1, abs=0.06)
    assert found["reconstruction_error", "mnist"] < 1e-9
    assert found["probe_accuracy", "mnist"] == 1
    assert found["swap_accuracy", "mnist"] == by_chance
    assert found["prior_style_accuracy", "mnist"] == by_chance
    assert found["joint_coherence", ":prior"] == by_chance
    assert found["translation_accuracy", "svhn>mnist"] == by_chance
    assert found["translation_accuracy", "mnist>svhn"] == 1
    assert found["swap_accuracy", "svhn"] == 1
    missed = {(figure.key, figure.subject) for figure in figures if figure.reached is False}
    assert ("swap_accuracy", "mnist") in missed
    assert ("swap_accuracy", "svhn") not in missed


@pytest.fixture
def judges(tiny_config: ModelConfig) -> dict[str, Discriminative]:
    of_one = {
        name: tiny_config.model_copy(update={"modalities": {name: m}}) for name, m in tiny_config.modalities.items()
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return {name: Discriminative(config).eval() for name, config in of_one.items()}


@pytest.fixture(scope="module")
def kept() -> list[Figure]:
    return []


@pytest.fixture
def figures(tiny_model: MFM, judges, kept: list[Figure]) -> list[Figure]:
    """All figures of seed 0, on one thread, measured once for the tests of this file."""
    if not kept:
        assert torch.get_num_threads() == 1
        kept.extend(evaluate(tiny_model, judges))
    return kept


def test_all_figures_of_any_model_are_there_finite_and_of_their_seed(tiny_model: MFM, judges, figures: list[Figure]):
    stages: list[str] = []
    before = torch.random.get_rng_state()
    pairs = evaluation_pairs(DigitPools.load("test"), 3)
    photographs = len({one.partition("[")[0] for one in pairs.ids})
    of_seed_0, figures = figures, evaluate(tiny_model, judges, seed=3, on_progress=stages.append)
    assert torch.equal(torch.random.get_rng_state(), before)
    of_each = ("judge_accuracy", "reconstruction_error", "swap_accuracy", "prior_style_accuracy")
    ways = ("real", "mean_pictures", "swapped", "prior", "prior_matched", "aggregate")
    assert sorted((figure.key, figure.subject) for figure in figures) == sorted(
        [
            ("label_accuracy", "svhn+mnist"),
            *((key, name) for key in (*of_each, "probe_accuracy", "most_frequent_class") for name in JUDGES),
            *(("joint_coherence", f":{way}") for way in ("prior", "aggregate")),
            ("colour_kept", "svhn"),
            *((key, "mnist") for key in ("ink_kept", "ink_kept_of_digit", "ink_within_digits")),
            *(("translation_accuracy", way) for way in ("svhn>mnist", "mnist>svhn")),
            ("probe_accuracy_y", ""),
            *(("frechet_distance", f"{name}:{way}") for name in JUDGES for way in ways),
        ]
    )
    often = DigitPools.load("train").svhn_labels
    matched = len(as_frequent(DigitPools.load("test").mnist_labels, often, torch.Generator()))
    assert len(stages) == len(set(stages))
    for figure in figures:
        assert math.isfinite(figure.value), figure
        if figure.key == "frechet_distance":
            assert (math.isnan(figure.low), figure.reason) == (True, "not resampled")
        else:
            assert figure.low <= figure.value <= figure.high
        assert figure.n in (300, 150, matched) or figure.n <= photographs
    assert values(of_seed_0) != values(figures)


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_figures_are_the_same_on_any_number_of_threads(tiny_model: MFM, judges, figures: list[Figure], two_threads):
    on_two = evaluate(tiny_model, judges)
    assert torch.get_num_threads() == 2
    assert [one.stored() for one in figures] == [one.stored() for one in on_two]


def test_figures_that_rest_on_svhn_pictures_count_photographs(figures: list[Figure]):
    found = {(figure.key, figure.subject): figure.n for figure in figures}
    pairs = evaluation_pairs(DigitPools.load("test"), 0)
    photographs = {one.partition("[")[0] for one in pairs.ids}
    assert len(photographs) < len(set(pairs.ids)) < len(pairs)
    assert found["swap_accuracy", "mnist"] == len(photographs)
    assert found["probe_accuracy", "svhn"] == len(photographs)
    assert found["probe_accuracy", "mnist"] == len(pairs)
    assert found["translation_accuracy", "mnist>svhn"] == len(pairs)


def test_every_mnist_digit_is_paired_once_with_an_svhn_digit_of_its_label():
    pools = DigitPools.load("test")
    pairs = evaluation_pairs(pools, seed=0)
    assert torch.equal(pairs.modalities["mnist"], pools.mnist)
    assert torch.equal(pairs.labels, pools.mnist_labels)
    assert torch.equal(blocks("svhn", pairs.modalities["svhn"]).argmax(1), pairs.labels)
    again, other = (evaluation_pairs(pools, seed).modalities["svhn"] for seed in (0, 1))
    assert torch.equal(again, pairs.modalities["svhn"])
    assert not torch.equal(other, pairs.modalities["svhn"])


def test_digits_as_frequent_as_others_are_as_many_as_there_can_be_each_once(generator):
    labels, wanted = torch.arange(10).repeat(40), torch.tensor([1] * 19 + [9] * 5 + [0, 2, 3, 4, 5, 6, 7, 8] * 9)
    chosen = as_frequent(labels, wanted, generator)
    counts = torch.bincount(labels[chosen], minlength=10)
    assert len(torch.unique(chosen)) == len(chosen)
    assert int(counts[1]) == 40  # all there are of the one that is wanted most
    assert [int(counts[0]), int(counts[9])] == [40 * 9 // 19, 40 * 5 // 19]
    with pytest.raises(ValueError, match=r"^labels: expected samples of each of \[1, 7\], got \[0\.0, 2\.0"):
        as_frequent(torch.ones(2, dtype=torch.long), torch.tensor([1, 7]), generator)


def test_the_distance_of_the_prior_to_digits_as_frequent_as_in_training_leaves_out_how_frequent_they_are(monkeypatch):
    """Real digits, drawn as often as in training, are far from pairs of another frequency, near to those of theirs."""
    pairs = evaluation_pairs(DigitPools.load("test"), 0)
    train = DigitPools.load("train")
    often = torch.cat([torch.arange(len(train.svhn_labels)), torch.nonzero(train.svhn_labels < 2).squeeze(1).repeat(6)])
    monkeypatch.setattr(DigitPools, "load", lambda _: replace(train, svhn_labels=train.svhn_labels[often]))
    index = as_frequent(pairs.labels, train.svhn_labels[often], torch.Generator().manual_seed(1))
    index = index[torch.randperm(len(index))]
    drawn = {name: x[index.repeat(len(pairs) // len(index) + 1)[: len(pairs)]] for name, x in pairs.modalities.items()}
    found = values(frechet_figures(Judges(JUDGES), pairs, {"prior": drawn}, torch.Generator().manual_seed(0)))
    for name in JUDGES:
        distances = [found["frechet_distance", f"{name}:{way}"] for way in ("prior_matched", "prior")]
        assert distances[0] < distances[1] / 3, distances


def test_batches_change_nothing(tiny_model: MFM, monkeypatch):
    pictures = evaluation_pairs(DigitPools.load("test"), seed=0).take(torch.arange(50)).modalities
    whole = tiny_model.encode(pictures)
    monkeypatch.setattr("mfm_core.evaluation.digits.BATCH", 7)
    parts = encode_all(tiny_model, pictures)
    torch.testing.assert_close(parts.joint(), whole.joint(), atol=1e-4, rtol=1e-4)
    drawn, logits = decode_all(tiny_model, parts)
    generated = tiny_model.decode(whole)
    torch.testing.assert_close(logits, generated.label, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(drawn["svhn"], generated.modalities["svhn"], atol=1e-4, rtol=0)


def test_a_model_of_one_modality_is_refused(tiny_config: ModelConfig, judges):
    config = tiny_config.model_copy(update={"modalities": {"svhn": tiny_config.modalities["svhn"]}})
    with pytest.raises(ValueError, match=r"^model: expected an MFM of svhn and mnist, got one of svhn$"):
        evaluate(MFM(config), judges)


def test_the_interval_of_a_clustered_correlation_is_scipys_over_clusters(generator):
    units = torch.arange(80).repeat_interleave(3).numpy()
    x, noise = (torch.randn(80, generator=generator).repeat_interleave(3) for _ in range(2))
    y = x + noise
    found = clustered_correlation(x, y, units)
    theirs = bootstrap(
        (x[::3].numpy(), y[::3].numpy()),
        lambda a, b: np.corrcoef(a, b)[0, 1],
        paired=True,
        rng=0,
        vectorized=False,
        method="percentile",
        n_resamples=2000,
    ).confidence_interval
    assert found.value == pytest.approx(np.corrcoef(x.numpy(), y.numpy())[0, 1], abs=1e-6)
    assert [found.low, found.high] == pytest.approx([theirs.low, theirs.high], abs=0.02)
    assert found.n == 80


def test_ink_that_follows_the_digit_is_kept_as_far_as_it_varies_within_digits():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(10, (20_000,), generator=generator)
    of_digit, own = torch.randn(10, generator=generator), torch.randn(len(labels), generator=generator)
    real = 50 + of_digit[labels] + own
    donor = torch.randperm(len(labels), generator=generator)
    mnist, svhn = real.view(-1, 1, 1, 1), torch.rand(len(labels), 3, 1, 1, generator=generator)
    # The style is what the ink of a digit has beyond its mean, and a swapped picture has the mean of its own digit.
    swapped = {"svhn": svhn[donor], "mnist": (50 + of_digit[labels] + own[donor]).view(-1, 1, 1, 1)}
    split = np.full(len(labels), "test")
    pairs = Dataset("svhn_mnist", {"svhn": svhn, "mnist": mnist}, labels, split)
    found = values(style_figures(pairs, donor, swapped))
    groups = [real[labels == label].double().numpy() for label in range(10)]
    between = f_oneway(*groups).statistic * 9  # over its own and the degrees of freedom within, 1 / within - 1
    within = 1 / (1 + between / (len(labels) - 10))
    assert found["ink_within_digits", "mnist"] == pytest.approx(within, rel=1e-6)
    assert found["ink_kept", "mnist"] == pytest.approx(within, abs=0.02)
    assert found["ink_kept_of_digit", "mnist"] > 0.999
