"""Measures of lessons against what is decoded, read and counted by hand, and on the shipped models."""

from __future__ import annotations

import re

import pytest
import torch

import mfm_core as mfm
from mfm_core.config import ModelConfig
from mfm_core.lessons.digits import (
    HoldCount,
    LabelErrors,
    PriorAgreement,
    ProbeAccuracy,
    SwapCount,
    WorstDigit,
    split_codes,
)
from mfm_core.lessons.measure import ShippedModels
from mfm_core.lessons.videos import FlowAtFirstStep, FlowHits, LargestRatio, ModalityError, TopWord, WrongSign
from mfm_core.networks.classifier import Discriminative

PAIRS = 80


class SmallModels(ShippedModels):
    """A small model of digits under every name."""

    def __init__(self, model: mfm.MFM) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        latents = model.sample(PAIRS, generator=generator)
        labels = torch.randint(10, (PAIRS,), generator=generator)
        prints = {name: torch.arange(PAIRS) for name in model.modalities}
        judges = {
            name: Discriminative(ModelConfig(modalities={name: config}, features=12, hidden=10)).eval()
            for name, config in model.config.modalities.items()
        }
        self.model = lambda name: model  # type: ignore[assignment]
        self.codes = lambda name: mfm.Codes(latents, labels, prints)  # type: ignore[assignment]
        self.judge = judges.__getitem__  # type: ignore[assignment]


@pytest.fixture(scope="module")
def small(tiny_model: mfm.MFM) -> SmallModels:
    return SmallModels(tiny_model)


@pytest.fixture(scope="module")
def shipped() -> ShippedModels:
    return ShippedModels()


@torch.inference_mode()
def test_a_factor_without_an_arrow_to_a_picture_changes_nothing_that_a_judge_reads(small: SmallModels) -> None:
    swapped = SwapCount(factor="mnist", reader="svhn", n=50).answer(small)
    own = [
        int(
            small.judge("svhn")(
                {"svhn": small.model("").decode(small.codes("").latents[[i]]).modalities["svhn"]}
            ).argmax()
        )
        for i in range(PAIRS)
    ]
    drawn = torch.randint(PAIRS, (2, 1_000), generator=torch.Generator().manual_seed(1))
    labels = small.codes("").labels
    pairs = [(a, b) for a, b in drawn.T.tolist() if labels[a] != labels[b]][:50]
    assert swapped.value == sum(own[a] == labels[b] for a, b in pairs)
    assert swapped.counts["its own digit"] == sum(own[a] == labels[a] for a, b in pairs)
    assert sum(swapped.counts.values()) == 50


@torch.inference_mode()
def test_the_label_head_follows_z_y_wherever_the_rest_comes_from(small: SmallModels) -> None:
    model, codes = small.model(""), small.codes("")
    right = [int(model.decide(codes.latents.y[[i]]).argmax()) == codes.labels[i] for i in range(PAIRS)]
    pairs = torch.randint(PAIRS, (60,), generator=torch.Generator().manual_seed(4)).tolist()
    held = HoldCount(factor="y", reader="label", n=60, seed=4).answer(small)
    assert held.value == sum(right[i] for i in pairs)
    errors = LabelErrors().answer(small)
    assert errors.value == sum(not one for one in right) == sum(errors.counts.values())
    worst = WorstDigit().answer(small)
    assert errors.counts[str(worst.value)] == max(errors.counts.values())


@torch.inference_mode()
def test_judges_agree_as_often_as_counted_one_draw_at_a_time(small: SmallModels) -> None:
    model = small.model("")
    drawn = model.sample(40, generator=torch.Generator().manual_seed(2))
    agree = 0
    for i in range(40):
        generated = model.decode(drawn[[i]]).modalities
        agree += len({int(small.judge(name)({name: picture}).argmax()) for name, picture in generated.items()}) == 1
    assert PriorAgreement(n=40, seed=2).answer(small).value == agree


def test_pairs_of_one_picture_do_not_both_train_and_test_a_probe() -> None:
    generator = torch.Generator().manual_seed(0)
    cluster = torch.randint(200, (400,), generator=generator).unique(return_inverse=True)[1]
    train, test = split_codes(cluster, 3)
    assert sorted([*train.tolist(), *test.tolist()]) == list(range(400))
    assert not set(cluster[train].tolist()) & set(cluster[test].tolist())
    assert abs(len(train) - 300) < 10
    alone = torch.arange(80)
    assert [len(part) for part in split_codes(alone, 1)] == [60, 20]


def test_pairs_that_share_a_picture_make_a_count_no_surer(small: SmallModels, monkeypatch) -> None:
    def ends() -> list[int]:
        return [int(end) for end in re.findall(r"interval (\d+) to (\d+) %", LabelErrors().answer(small).sentence)[0]]

    once, codes = ends(), small.codes("")
    monkeypatch.setattr(small, "codes", lambda name: codes[list(range(PAIRS)) * 9])
    assert ends() == pytest.approx(once, abs=3)


def test_the_same_seed_gives_the_same_answer(small: SmallModels) -> None:
    asked = SwapCount(n=30, seed=9)
    assert asked.answer(small) == asked.answer(small)


@pytest.mark.parametrize(
    ("measure", "sentence"),
    [
        (SwapCount(factor="voice"), "factor: expected one of y, svhn, mnist, got 'voice'"),
        (SwapCount(reader="voice"), "reader: expected one of label, svhn, mnist, got 'voice'"),
        (ProbeAccuracy(block="voice"), "factor: expected one of y, svhn, mnist, got 'voice'"),
        (FlowHits(model="svhn_mnist"), "model: expected one of studio_language_led"),
        (TopWord(clip=30), "clip: expected 0 to 29, got 30"),
        (FlowHits(modality="taste"), "modality: expected one of language, acoustic, visual, got 'taste'"),
        (LargestRatio(model="svhn_mnist"), "model: expected a model of sequences, got 'svhn_mnist'"),
        (LabelErrors(model="studio_balanced"), "model: expected a model of images and classes"),
        (LabelErrors(model="nowhere"), "name_or_folder: expected one of"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_sentence(
    measure: SwapCount, sentence: str, shipped: ShippedModels
) -> None:
    with pytest.raises((OSError, ValueError)) as caught:
        measure.answer(shipped)
    assert str(caught.value).startswith(sentence)


def test_the_word_with_the_largest_flow_is_that_of_the_gradient_flow(shipped: ShippedModels) -> None:
    found = TopWord(clip=18).answer(shipped)
    model, data = shipped.model("studio_balanced"), shipped.clips().dataset("balanced")
    one = {name: x[[18]] for name, x in data.modalities.items()}
    mask = data.mask[[18]]
    flow = mfm.gradient_flow(model, model.encode(one, mask=mask), factor="y", reading="score")["language"][0][mask[0]]
    assert found.value == data.steps.words[18][int(flow.argmax())].lower()
    assert list(found.counts.values()) == pytest.approx((flow / flow.max()).tolist(), rel=1e-3)


def test_the_error_of_one_modality_is_that_of_a_model_given_no_other(shipped: ShippedModels) -> None:
    found = ModalityError(model="studio_face_led").answer(shipped)
    model, data = shipped.model("studio_face_led"), shipped.clips().dataset("face_led")
    score = model.decide(model.encode({"visual": data.modalities["visual"]}, mask=data.mask).y)[:, 0]
    assert found.counts["visual"] == pytest.approx(float((score - data.labels[:, 0]).abs().mean()), rel=1e-5)
    assert found.value == min(found.counts, key=found.counts.__getitem__)
    assert found.sentence.startswith("Mean absolute error of the score, given one modality alone: language ")


def test_steps_and_signs_are_counted_over_the_clips(shipped: ShippedModels) -> None:
    first = FlowAtFirstStep().answer(shipped)
    lengths = shipped.clips().mask.sum(1)
    assert first.counts["a step at random"] == pytest.approx(sum(1 / n for n in lengths.tolist()), rel=1e-5)
    assert 0 <= first.value <= len(lengths)
    signs = WrongSign().answer(shipped)
    assert sum(signs.counts.values()) == len(lengths)
