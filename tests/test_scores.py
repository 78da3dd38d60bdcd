"""Z_y moved to a chosen score, and the words that are then generated."""

from __future__ import annotations

import pytest
import torch

from mfm_core import MFM, Latents, load_clips, with_score
from mfm_core.studio.wording import nearest_words
from tests.interpretation.conftest import sequence_model


@pytest.fixture(scope="module")
def model() -> MFM:
    return sequence_model()


def drawn(model: MFM, generator: torch.Generator) -> Latents:
    return model.sample(9, generator=generator)


def test_the_score_asked_for_is_reached(model: MFM, generator: torch.Generator) -> None:
    latents = drawn(model, generator)
    before = model.decide(latents.y)[:, 0].detach()
    moved = with_score(model, latents, before + 0.3)
    torch.testing.assert_close(model.decide(moved.y)[:, 0].detach(), before + 0.3, atol=2e-3, rtol=0)
    assert all(torch.equal(z, latents.a[name]) for name, z in moved.a.items())
    assert torch.equal(moved.mask, latents.mask)
    same = with_score(model, latents, before)
    assert torch.equal(same.y, latents.y)


def test_a_small_move_is_along_the_gradient(model: MFM, generator: torch.Generator) -> None:
    latents = drawn(model, generator)
    y = latents.y.clone().requires_grad_(True)
    (uphill,) = torch.autograd.grad(model.decide(y).sum(), y)
    moved = with_score(model, latents, model.decide(latents.y)[:, 0].detach() + 0.002)
    along = torch.nn.functional.cosine_similarity(moved.y - latents.y, uphill)
    assert (along > 0.99).all()


@pytest.mark.parametrize(
    ("scores", "sentence"),
    [
        (torch.zeros(3), "scores: expected one, or one of each of 9 samples"),
        (float("nan"), "scores: expected finite numbers"),
    ],
)
def test_scores_that_are_none(model: MFM, generator: torch.Generator, scores: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}"):
        with_score(model, drawn(model, generator), scores)


def test_classes_have_no_score(generator: torch.Generator) -> None:
    classes = sequence_model(kind="classes", size=3)
    with pytest.raises(ValueError, match=r"^model: expected a label of one score, got 3 classes$"):
        with_score(classes, drawn(classes, generator), 1.0)


def test_the_words_of_a_clip_are_its_words(generator: torch.Generator) -> None:
    clips = load_clips()
    data = clips.dataset("balanced")
    language = data.modalities["language"]
    noisy = 0.7 * language + 0.05 * torch.randn(language.shape, generator=generator)
    assert nearest_words(clips, noisy, data.mask) == tuple(take.words for take in clips.edits)
    with pytest.raises(ValueError, match=r"^language, mask: expected \(N, T, 50\) and \(N, T\), got"):
        nearest_words(clips, language[..., :3], data.mask)
