"""Pictures whose features spread as those of real ones cost nothing on average, plainer ones what formulas say."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mfm_core.latents import Latents
from mfm_core.training.imagined import RESTYLED, SAMPLED, SWAPPED, Imagined
from mfm_core.training.terms.feature_moments import feature_moment_costs


class Reader:
    """Reads pictures as they are."""

    def penultimate(self, pictures: dict[str, Tensor]) -> Tensor:
        return pictures["mnist"]


def cost(pictures: Tensor, real: Tensor, kinds: list[int] | None = None) -> float:
    kind = torch.tensor(kinds or [SWAPPED, RESTYLED]).repeat(len(pictures))[: len(pictures)]
    imagined = Imagined(Latents(torch.zeros(len(pictures), 1), {}), torch.zeros(len(pictures)), kind)
    return float(
        feature_moment_costs({"mnist": [Reader(), Reader()]}, {"mnist": pictures}, {"mnist": real}, imagined)["mnist"]
    )


def test_batches_of_real_pictures_cost_nothing_on_average(generator: torch.Generator) -> None:
    pool = torch.randn(4000, 12, generator=generator) @ torch.randn(12, 12, generator=generator) + 3
    drawn = [pool[torch.randint(4000, (64,), generator=generator)] for _ in range(400)]
    pairs = list(zip(drawn[::2], drawn[1::2], strict=True))
    found = torch.tensor([cost(a, b) for a, b in pairs])
    assert abs(float(found.mean())) < 3 * float(found.std()) / len(found) ** 0.5
    plainer = torch.tensor(
        [cost(a.mean(0) + (a - a.mean(0)) / 2, b) for a, b in zip(drawn[::2], drawn[1::2], strict=True)]
    )
    assert float(plainer.mean()) > 0.4


def test_many_pictures_cost_what_the_moments_say(generator: torch.Generator) -> None:
    real = torch.randn(3000, 6, generator=generator) * torch.arange(1, 7) + 1
    pictures = torch.randn(3000, 6, generator=generator) * torch.tensor([1, 1, 3, 4, 9, 2.0]) + torch.tensor(
        [2, 1, 1, 1, 0, 1.0]
    )
    centred, wanted = pictures - real.mean(0), torch.cov(real.T, correction=0)
    moment = centred.T @ centred / len(centred)
    means = centred.mean(0).square().sum() / torch.cov(real.T).trace()
    expected = means + (moment - wanted).square().sum() / wanted.square().sum()
    assert cost(pictures, real) == pytest.approx(float(expected), rel=0.02)


def test_other_kinds_of_pictures_do_not_count(generator: torch.Generator) -> None:
    real = torch.randn(50, 4, generator=generator)
    pictures = torch.randn(50, 4, generator=generator)
    wild = torch.where(torch.arange(50)[:, None] % 2 == 1, 1000 * pictures, pictures)
    assert cost(wild, real, [SWAPPED, SAMPLED]) == cost(pictures, real, [SWAPPED, SAMPLED])
    assert cost(pictures, real, [SAMPLED]) == 0
