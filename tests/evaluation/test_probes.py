"""Probes read what is there, however it is hidden, and nothing that is not."""

from __future__ import annotations

import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mfm_core.evaluation.probes import probe_classes, probe_scores

FAMILY = {"linear", "RBF SVM", "network of 128", "network of 256 and 128", "gradient boosting"}


def test_classes_that_lie_apart_are_read_by_every_probe(generator):
    labels = torch.arange(240) % 4
    codes = 6 * torch.eye(4)[labels] + torch.randn(240, 4, generator=generator)
    probed = probe_classes(codes, labels, seeds=(0,), folds=2)
    assert set(probed.each) == FAMILY
    assert min(probed.each.values()) > 0.9
    assert probed.estimate.value == max(probed.each.values()) == probed.each[probed.best]
    assert probed.estimate.low <= probed.estimate.value <= probed.estimate.high <= 1
    assert (probed.chance, probed.estimate.n) == (0.25, 240)


def test_an_interaction_that_no_linear_probe_sees_is_read_by_the_family(generator):
    codes = torch.randn(400, 2, generator=generator)
    labels = (codes.prod(1) > 0).long()
    probed = probe_classes(codes, labels, seeds=(0,), folds=2)
    assert abs(probed.each["linear"] - 0.5) < 0.1
    assert probed.estimate.value > 0.9


def test_codes_that_tell_nothing_are_read_at_the_rate_of_the_most_frequent_class(generator):
    labels = (torch.arange(400) % 10 < 3).long()
    probed = probe_classes(torch.randn(400, 5, generator=generator), labels, seeds=(0, 1), folds=2)
    assert probed.chance == 0.7
    assert probed.estimate.value < 0.76
    assert probed.estimate.low < 0.7


def test_what_tells_the_cluster_tells_nothing_where_clusters_are_kept_together(generator):
    clusters = torch.arange(60).repeat_interleave(6)
    labels = torch.randint(2, (60,), generator=generator)[clusters]
    codes = 3 * torch.randn(60, 8, generator=generator)[clusters] + 0.1 * torch.randn(360, 8, generator=generator)
    leaked = probe_classes(codes, labels, seeds=(0,), folds=3)
    apart = probe_classes(codes, labels, clusters=clusters, seeds=(0,), folds=3)
    assert leaked.estimate.value > 0.95
    assert apart.each["RBF SVM"] < 0.72
    assert (leaked.estimate.n, apart.estimate.n) == (360, 60)
    assert apart.estimate.high - apart.estimate.low > leaked.estimate.high - leaked.estimate.low


def test_the_interval_holds_what_other_seeds_find(generator):
    labels = torch.arange(150) % 3
    codes = 1.2 * torch.eye(3)[labels] + torch.randn(150, 3, generator=generator)
    probed = probe_classes(codes, labels, seeds=(0, 1), folds=2)
    other = probe_classes(codes, labels, seeds=(7,), folds=2)
    assert probed.estimate.low < other.each[probed.best] < probed.estimate.high


def test_processes_change_nothing(generator):
    labels = torch.arange(60) % 3
    codes = torch.eye(3)[labels] + torch.randn(60, 3, generator=generator)
    one, two = (probe_classes(codes, labels, seeds=(0,), folds=2, workers=workers) for workers in (1, 2))
    assert one == two


def test_the_r2_of_the_linear_probe_is_that_of_scikit_learn(generator):
    codes = torch.randn(200, 3, generator=generator)
    scores = codes @ torch.tensor([[1.0, 0.0], [2.0, 1.0], [0.0, -1.0]]) + torch.randn(200, 2, generator=generator)
    probed = probe_scores(codes, scores, seeds=(0,), folds=2)
    ridge = make_pipeline(StandardScaler(), Ridge())
    folds = GroupKFold(2, shuffle=True, random_state=0)
    guesses = cross_val_predict(ridge, codes.numpy(), scores.numpy(), cv=folds, groups=list(range(200)))
    assert probed.each["linear"] == pytest.approx(r2_score(scores.numpy(), guesses), abs=0.01)
    assert probed.estimate.low < probed.estimate.value < probed.estimate.high
    assert probed.chance == 0


def test_a_score_that_no_line_follows_is_read_by_the_family_and_noise_is_not(generator):
    codes = torch.randn(300, 2, generator=generator)
    curved = probe_scores(codes, codes.square().sum(1), seeds=(0,), folds=2)
    noise = probe_scores(codes, torch.randn(300, generator=generator), seeds=(0,), folds=2)
    assert curved.each["linear"] < 0.1 < 0.7 < curved.estimate.value
    assert noise.estimate.value < 0.1


CODES, LABELS = torch.arange(20.0).reshape(10, 2), torch.arange(10) % 2


@pytest.mark.parametrize(
    ("probe", "message"),
    [
        (lambda: probe_classes(CODES, LABELS[:9]), r"codes: expected shape \(9, d\), as many as labels, got \(10, 2\)"),
        (lambda: probe_classes(CODES / 0, LABELS), "codes: expected finite numbers, got NaN or infinity"),
        (lambda: probe_classes(CODES, 0 * LABELS), "labels: expected at least 2 classes, got 1"),
        (lambda: probe_classes(CODES, LABELS, folds=11), "folds: expected 2 to 10, the number of clusters, got 11"),
        (lambda: probe_classes(CODES, LABELS, seeds=()), "seeds: expected at least one, got none"),
        (lambda: probe_classes(CODES, LABELS, clusters=LABELS[:3]), r"clusters: expected shape \(10,\), got \(3,\)"),
        (lambda: probe_scores(CODES, torch.ones(10)), "scores: expected scores that vary, got a constant"),
        (lambda: probe_scores(CODES, CODES[:, 0] / 0), "scores: expected finite numbers, got NaN or infinity"),
    ],
)
def test_what_cannot_be_probed_is_refused(probe, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        probe()
