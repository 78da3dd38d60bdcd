"""Terms added to Eq. 4 on sequences, on made-up codes whose truth is known."""

from __future__ import annotations

import re

import pytest
import torch

from mfm_core.training.runs import parse_run
from mfm_core.training.terms.adversary import Adversary, leak_cost, standardised, train_adversary
from mfm_core.training.video_terms import nearest
from tests.made_up_sequences import sequence_run


def trained(styles: dict[str, torch.Tensor], single: torch.Tensor) -> Adversary:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        adversary = Adversary({name: z.shape[1] for name, z in styles.items()}, 32)
    train_adversary(adversary, torch.optim.Adam(adversary.parameters(), 1e-2), styles, single, 200)
    return adversary


def test_a_leak_is_the_share_of_the_score_that_is_read(generator: torch.Generator) -> None:
    z = {name: torch.randn(400, 3, generator=generator) for name in ("language", "acoustic")}
    single = torch.stack([(z["language"][:, 0] > 0).float(), torch.randn(400, generator=generator)], dim=1)
    scores = 2 * single[:, 0] + torch.randn(400, generator=generator)
    adversary = trained(z, single)
    fresh = {name: torch.randn(400, 3, generator=generator) for name in z}
    single_of_fresh = torch.stack([(fresh["language"][:, 0] > 0).float(), torch.randn(400, generator=generator)], dim=1)
    found = leak_cost(adversary, fresh, single_of_fresh, scores)
    share = float(single_of_fresh[:, 0].var(correction=0) / scores.var(correction=0))
    assert float(found) == pytest.approx(share, abs=0.2 * share)
    assert 0.1 < share < 0.3


def test_a_leak_moves_the_codes_and_not_the_adversary(generator: torch.Generator) -> None:
    z = {"language": torch.randn(50, 3, generator=generator, requires_grad=True)}
    single = z["language"].detach()[:, :1]
    adversary = trained({"language": z["language"].detach()}, single)
    leak_cost(adversary, z, single, single[:, 0]).backward()
    assert z["language"].grad is not None
    assert z["language"].grad.abs().sum() > 0
    before = [p.clone() for p in adversary.parameters()]
    assert all(p.grad is None or torch.equal(p, q) for p, q in zip(adversary.parameters(), before, strict=True))


def test_the_adversary_learns_without_moving_the_codes(generator: torch.Generator) -> None:
    z = {"language": torch.randn(60, 2, generator=generator, requires_grad=True)}
    single = z["language"].detach()[:, :1].square()
    adversary = trained(z, single)
    assert z["language"].grad is None
    error = (adversary(z) - standardised(single)).square().mean()
    assert float(error.detach()) < 0.1


def test_the_nearest_is_another_one(generator: torch.Generator) -> None:
    single = torch.randn(30, 3, generator=generator)
    found = nearest(single)
    for i, row in enumerate(single):
        distances = (single - row).norm(dim=1)
        distances[i] = torch.inf
        assert int(found[i]) == int(distances.argmin())


def test_a_constant_column_is_left_alone() -> None:
    assert torch.equal(standardised(torch.full((4, 1), 3.0)), torch.zeros(4, 1))


@pytest.mark.parametrize("key", ["neighbour", "adversary"])
def test_terms_need_a_score_and_modalities_that_each_tell_of_it(key: str) -> None:
    run = sequence_run(terms={key: 0.5})
    run["model"]["label"] = {"kind": "classes", "size": 3}
    wanted = f"terms.{key}: expected 0 where the label is not one score, got 0.5"
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        parse_run(run)
    run = sequence_run(terms={key: 0.5})
    del run["model"]["modalities"]["acoustic"]
    wanted = f"terms.{key}: expected 0 for a model of one modality, which has no surrogate, got 0.5"
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        parse_run(run)
