"""The terms added to Eq. 4: each is what it says, and pushes on what it should push on."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from mfm_core import Latents
from mfm_core.config import LabelConfig
from mfm_core.networks.classifier import Discriminative
from mfm_core.training.factorization import FactorizationConfig, same_label_partner
from mfm_core.training.imagined import RESTYLED, SAMPLED, SWAPPED, TRANSLATED, Imagined, imagine
from mfm_core.training.terms.conditional_mmd import label_independence_cost
from mfm_core.training.terms.decided import certainty_cost, label_balance_cost
from mfm_core.training.terms.kept import grey_kept_costs, style_kept_costs
from mfm_core.training.terms.readback import readback_costs
from mfm_core.training.terms.registry import terms_of
from tests.training import eq_4


@given(st.lists(st.integers(0, 4), max_size=60), st.integers(0, 1000))
def test_partners_are_a_permutation_within_each_class(labels, seed):
    labels = torch.tensor(labels, dtype=torch.int64)
    partner = same_label_partner(labels, torch.Generator().manual_seed(seed))
    assert sorted(partner.tolist()) == list(range(len(labels)))
    assert torch.equal(labels[partner], labels)


def test_every_partner_of_the_class_is_equally_likely(generator):
    labels = torch.tensor([0, 1, 0, 1, 0, 0])
    drawn = torch.stack([same_label_partner(labels, generator) for _ in range(4000)])
    for sample, of_class in ((0, [0, 2, 4, 5]), (3, [1, 3])):
        shares = (drawn[:, sample, None] == torch.tensor(of_class)).float().mean(0)
        assert shares.tolist() == pytest.approx([1 / len(of_class)] * len(of_class), abs=0.04)


@pytest.fixture
def pairs(tiny_model, generator):
    """Latents of 40 pairs, their labels, and what two surrogates infer of them."""
    latents, *inferred = (tiny_model.sample(40, generator=generator) for _ in range(3))
    return latents, inferred, torch.randint(10, (40,), generator=generator)


def rows_of(block: torch.Tensor, among: torch.Tensor) -> list[int | None]:
    """Where each row of ``block`` stands in ``among``."""
    place = {tuple(row): number for number, row in enumerate(among.tolist())}
    return [place.get(tuple(row)) for row in block.tolist()]


@pytest.mark.parametrize("n_kinds", [3, 4])
def test_imagined_codes_are_of_equal_parts_and_their_blocks_come_from_where_they_should(
    tiny_model, pairs, generator, n_kinds
):
    latents, inferred, labels = pairs
    imagined = imagine(tiny_model, latents, inferred if n_kinds == 4 else [], labels, generator)
    kind = torch.arange(40) % n_kinds
    content = rows_of(imagined.latents.y, latents.y)
    styles = {name: rows_of(z, latents.a[name]) for name, z in imagined.latents.a.items()}
    decided = tiny_model.decide(imagined.latents.y).argmax(1)
    assert torch.equal(imagined.kind, kind)
    used = [row for row in content if row is not None]
    assert len(set(used)) == len(used)
    for n in range(40):
        match int(kind[n]):
            case 0:
                assert all(rows[n] == n for rows in styles.values())
                assert imagined.labels[n] == labels[content[n]]
            case 1:
                assert all(rows[n] is None for rows in styles.values())
                assert imagined.labels[n] == labels[content[n]]
            case 2:
                assert content[n] is None
                assert all(rows[n] is None for rows in styles.values())
                assert imagined.labels[n] == decided[n]
            case _:
                assert any(torch.equal(imagined.latents.joint()[n], guess.joint()[n]) for guess in inferred)
                assert imagined.labels[n] == labels[n]


def test_sampled_blocks_are_draws_of_the_prior(tiny_model, generator):
    n = 3000
    far = Latents(torch.full((n, 3), 9.0), {"svhn": torch.full((n, 5), 9.0), "mnist": torch.full((n, 4), 9.0)})
    z = imagine(tiny_model, far, [], torch.zeros(n, dtype=torch.int64), generator).latents
    for sampled in (z.a["svhn"][1::3], z.y[2::3]):
        assert sampled.mean(0).tolist() == pytest.approx([0.0] * sampled.shape[1], abs=0.15)
        assert sampled.std(0).tolist() == pytest.approx([1.0] * sampled.shape[1], abs=0.1)


@pytest.fixture
def readers(tiny_config):
    of_one = {
        name: tiny_config.model_copy(update={"modalities": {name: modality}})
        for name, modality in tiny_config.modalities.items()
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return {name: Discriminative(config).eval().requires_grad_(False) for name, config in of_one.items()}


def test_reading_back_costs_what_the_readers_say(tiny_model, readers, pictures, generator):
    labels = torch.tensor([3, 1, 4, 1, 5, 9])
    kind = torch.tensor([RESTYLED, SAMPLED, RESTYLED, SAMPLED, SWAPPED, TRANSLATED])
    latents = tiny_model.sample(6, generator=generator)
    drawn = tiny_model.decode(latents).modalities
    label, match = readback_costs(readers, drawn, pictures, Imagined(latents, labels, kind))
    expected_label, expected_match = eq_4.readback(readers, drawn, pictures, labels, kind)
    assert {name: float(cost) for name, cost in label.items()} == pytest.approx(expected_label, rel=1e-4)
    assert float(match) == pytest.approx(expected_match, rel=1e-3, abs=1e-5)


def test_a_digit_that_is_plain_enough_costs_nothing(tiny_model, readers, pictures, generator):
    sure = copy.deepcopy(readers)
    for reader in sure.values():
        reader.fusion.read_out.bias[3] += 100
    latents = tiny_model.sample(6, generator=generator)
    imagined = Imagined(latents, torch.full((6,), 3), torch.tensor([RESTYLED, SAMPLED] * 3))
    label, _ = readback_costs(sure, tiny_model.decode(latents).modalities, pictures, imagined)
    assert {name: float(cost) for name, cost in label.items()} == {"svhn": 0, "mnist": 0}


def test_what_readers_say_teaches_the_model_and_not_the_readers(tiny_model, readers, pictures, generator):
    model = copy.deepcopy(tiny_model).requires_grad_(True)
    before = copy.deepcopy({name: reader.state_dict() for name, reader in readers.items()})
    latents = model.sample(6, generator=generator)
    imagined = Imagined(latents, torch.arange(6), torch.tensor([RESTYLED, SAMPLED] * 3))
    drawn = model.decode(latents).modalities
    label, match = readback_costs(readers, drawn, pictures, imagined)
    torch.autograd.backward(sum(label.values()) + match)
    taught = [*model.decoders.parameters(), *model.g_y.parameters(), *model.g_a.parameters()]
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in taught)
    for name, reader in readers.items():
        assert all(parameter.grad is None for parameter in reader.parameters())
        assert all(torch.equal(tensor, before[name][key]) for key, tensor in reader.state_dict().items())


def test_the_cost_of_independence_from_the_label_sums_over_modalities(pairs, tiny_model, generator):
    latents, _, labels = pairs
    prior = tiny_model.sample(40, generator=generator)
    expected = sum(eq_4.conditional_mmd(latents.a[name], labels, prior.a[name]) for name in ("svhn", "mnist"))
    assert float(label_independence_cost(latents, prior, labels)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("cost", "moments"), [(style_kept_costs, eq_4.STYLE), (grey_kept_costs, eq_4.GREY)])
def test_what_is_kept_of_a_donor_is_compared_channel_by_channel(pictures, cost, moments):
    assert all(float(found) == 0 for found in cost(pictures, pictures).values())
    found = {name: x + 0.1 for name, x in pictures.items()}
    for name in pictures:
        expected = eq_4.kept(found[name], pictures[name], moments)
        assert float(cost(found, pictures)[name]) == pytest.approx(expected, rel=1e-3)


def test_a_haze_is_grey_and_strokes_are_not():
    strokes = torch.zeros(4, 1, 8, 8)
    for n in range(4):
        strokes[n, :, : n + 1] = 1
    haze = strokes.mean(dim=(2, 3), keepdim=True).expand_as(strokes)
    moved = strokes.flip(2)
    assert float(grey_kept_costs({"mnist": moved}, {"mnist": strokes})["mnist"]) == 0
    assert float(grey_kept_costs({"mnist": haze}, {"mnist": strokes})["mnist"]) > 100


@pytest.mark.parametrize("cost", [style_kept_costs, grey_kept_costs])
def test_a_single_donor_costs_nothing(cost):
    one = {"mnist": torch.rand(1, 1, 4, 4)}
    assert float(cost({"mnist": torch.zeros(1, 1, 4, 4)}, one)["mnist"]) == 0


@pytest.mark.parametrize(
    ("weights", "problem"),
    [
        ({"style_kept": 1.0}, "style_kept: expected 0 where the label is not of classes, got 1.0"),
        ({"grey_kept": 1.0}, "grey_kept: expected 0 where the label is not of classes, got 1.0"),
        ({"same_label": True}, "same_label: expected False where the label is not of classes, got True"),
    ],
)
def test_what_needs_classes_is_refused_of_scores(tiny_config, weights, problem):
    model = tiny_config.model_copy(update={"label": LabelConfig(kind="scores", size=1)})
    none = dict.fromkeys((term.key for term in terms_of("image")), 0.0)
    terms = FactorizationConfig(**none | {"same_label": False} | weights)
    with pytest.raises(ValueError, match=f"^factorization.{problem}$"):
        terms.check("factorization", model)


def test_balance_and_certainty_are_the_two_parts_of_mutual_information(generator):
    logits = 2 * torch.randn(50, 4, generator=generator, dtype=torch.float64)
    shares, even = logits.softmax(1).numpy(), torch.arange(4).repeat(5)
    assert float(certainty_cost(logits)) == pytest.approx(np.mean([entropy(row) for row in shares]))
    assert float(label_balance_cost(logits, even)) == pytest.approx(entropy([0.25] * 4, shares.mean(0)), abs=1e-6)
    # Where the labels are as frequent as given, what is left is I(Z_y; D): the entropy of the mean less the mean one.
    information = entropy(shares.mean(0)) - float(certainty_cost(logits))
    assert 0 < information < np.log(4)
