"""Figures of the lab count what is independent: videos and photographs, not their segments and digits."""

from __future__ import annotations

import math

import pytest
import torch

from mfm_core import MFM, ModelConfig
from mfm_core.data import load_dataset
from mfm_core.data.dataset import video_of
from mfm_core.evaluation.crossed_bootstrap import mean_over
from mfm_core.evaluation.statistics import correlation, mean, share
from mfm_core.lab.estimates import correlation_over, fold_units, probed, quick_probe, units_of
from mfm_core.lab.judging import Judge
from mfm_core.lab.snapshot import Observer
from mfm_core.networks.classifier import Discriminative

ALONE, REPEATED = torch.arange(60), torch.arange(60).repeat(6)


def test_samples_that_stand_for_themselves_have_the_intervals_of_samples(generator: torch.Generator) -> None:
    x, y = torch.randn(2, 60, generator=generator)
    assert mean_over(x > 0, [ALONE]) == share(x > 0)
    assert mean_over(x, [ALONE, ALONE.flip(0)]) == mean(x)
    assert correlation_over(x, y, [ALONE]) == correlation(x, y)


def test_repeating_every_sample_makes_nothing_surer(generator: torch.Generator) -> None:
    x, y = torch.randn(2, 60, generator=generator)
    x = x + y
    for once, often in (
        (mean_over(x > 0, [ALONE]), mean_over((x > 0).repeat(6), [REPEATED])),
        (mean_over(x, [ALONE]), mean_over(x.repeat(6), [REPEATED])),
        (correlation_over(x, y, [ALONE]), correlation_over(x.repeat(6), y.repeat(6), [REPEATED])),
    ):
        assert often.value == pytest.approx(once.value, abs=1e-6)
        assert (often.low, often.high) == pytest.approx((once.low, once.high), abs=0.05)
        assert often.n == 60


def test_no_interval_over_fewer_than_five_videos_and_the_reason_is_told(generator: torch.Generator) -> None:
    x, video = torch.randn(40, generator=generator), torch.arange(4).repeat(10)
    for found in (mean_over(x, [video]), correlation_over(x, x.square(), [video])):
        assert math.isfinite(found.value)
        assert math.isnan(found.low)
        assert (found.n, found.reason) == (4, "an interval needs at least 5 clusters, got 4")
    assert correlation_over(x, torch.zeros(40), [video]).reason == "what is read does not vary"


@pytest.mark.parametrize("classes", [True, False])
def test_a_quick_probe_does_not_recognize_videos(classes: bool, generator: torch.Generator) -> None:
    """Codes tell the video and nothing else; labels are drawn by video."""
    codes = torch.randn(60, 8, generator=generator)[REPEATED]
    labels = torch.randint(2, (60,), generator=generator)[REPEATED]
    labels = labels if classes else labels.float()[:, None]
    apart, mixed = (quick_probe(codes, labels, units) for units in (REPEATED, torch.arange(360)))
    assert mixed.value > (0.9 if classes else 0.7)
    assert apart.value < (0.7 if classes else 0.2)
    assert (apart.n, mixed.n) == (60, 360)


@pytest.mark.parametrize("probe", [quick_probe, probed])
def test_where_probes_cannot_be_fitted_there_is_a_reason(probe, generator: torch.Generator) -> None:
    codes, labels = torch.randn(20, 3, generator=generator), torch.arange(20) % 2
    two = probe(codes, labels, torch.arange(20) % 2)
    assert math.isnan(two.value)
    assert two.reason == "a probe needs at least 3 independent videos or photographs, got 2"
    assert probe(codes, torch.zeros(20, 1), torch.arange(20)).reason == "what is read does not vary"


@pytest.mark.usefixtures("made_up_data", "few_probes")
def test_digits_of_one_photograph_are_one_unit_of_the_last_figures(
    tiny_model: MFM, tiny_config: ModelConfig, generator: torch.Generator
) -> None:
    pairs = load_dataset("svhn_mnist").part("test")
    judges = {
        name: Judge(True, Discriminative(tiny_config.model_copy(update={"modalities": {name: m}})).eval(), name)
        for name, m in tiny_config.modalities.items()
    }
    n_photographs = len({video_of(one) for one in pairs.ids or ()})
    assert n_photographs < len(pairs)
    assert len(units_of(pairs).unique()) == n_photographs
    n_apart = len(fold_units(pairs).unique())
    observer = Observer(pairs, judges, 0)
    for found in (observer.measure(tiny_model, len(pairs)), observer.look(tiny_model).figures):
        counted = {one.n for one in found if "probe" not in one.key}
        assert counted == {n_photographs}
        assert {one.n for one in found if "probe" in one.key} == {n_apart}
