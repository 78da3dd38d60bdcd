"""RF and SVM-MD from their stored arrays, against scikit-learn's own predictions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC, SVR

import mfm_core as mfm
from mfm_core.data.notes import DataWarning
from mfm_core.systems.parts.means import late_means
from mfm_core.systems.rf import RandomForest, RandomForestConfig, grow
from mfm_core.systems.svm_md import SupportVectorConfig, SupportVectors
from tests.systems.made_up import made_up


def parts(*, scores: bool, classes: int = 3) -> tuple[mfm.Dataset, mfm.Dataset, mfm.Dataset]:
    data = made_up(120, scores=scores, classes=classes)
    return data.part("train"), data.part("validation"), data.part("test")


def two_scores(data: mfm.Dataset) -> mfm.Dataset:
    return replace(data, labels=torch.cat([data.labels, 3 - 2 * data.labels.square()], dim=1))


@pytest.mark.parametrize("scores", [False, True])
def test_the_stored_trees_predict_as_scikit_learns_forest(scores: bool) -> None:
    train, _, test = parts(scores=scores)
    if scores:
        train, test = two_scores(train), two_scores(test)
    config = RandomForestConfig(trees=20)
    system = RandomForest.fit(config, train, None, seed=4, on_report=lambda step, report: None)
    forest = grow(config, late_means(train, system.scale), train.labels, seed=4)
    x = late_means(test, system.scale).numpy()
    expected = forest.predict(x) if scores else np.log(np.clip(forest.predict_proba(x), 1e-3, None))
    np.testing.assert_allclose(system.predict(test).numpy(), expected, rtol=1e-6)


def test_a_forest_that_never_saw_a_class_holds_it_for_impossible() -> None:
    train, _, test = parts(scores=False)
    seen = train.take((train.labels != 1).nonzero().squeeze(1))
    with pytest.warns(DataWarning, match="no sample of class 1 of 0 to 2, which is not learnt"):
        out = mfm.fit("rf", seen).predict(test)
    assert out.shape == (len(test), 3)
    assert (out[:, 1] <= out.min(1).values + 1e-6).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_the_stored_vectors_decide_as_scikit_learns_machines(classes: int) -> None:
    train, validation, test = parts(scores=False, classes=classes)
    system = mfm.fit(SupportVectorConfig(penalties=(3.0,)), train, validation)
    assert isinstance(system, SupportVectors)
    x, x_test = (late_means(part, system.scale).double().numpy() for part in (train, test))
    machines = OneVsRestClassifier(SVC(C=3.0, gamma="scale")).fit(x, train.labels.numpy())
    expected = machines.decision_function(x_test)
    if classes == 2:
        expected = np.stack([-expected, expected], axis=1)
    np.testing.assert_allclose(system.predict(test).numpy(), expected, atol=2e-3)  # the solver's own tolerance is 1e-3


def test_the_stored_vectors_estimate_as_scikit_learns_regression() -> None:
    train, validation, test = (two_scores(part) for part in parts(scores=True))
    system = mfm.fit(SupportVectorConfig(penalties=(3.0,)), train, validation)
    assert isinstance(system, SupportVectors)
    x, x_test = (late_means(part, system.scale).double().numpy() for part in (train, test))
    mean, std = train.labels.mean(0).numpy(), train.labels.std(0, correction=0).numpy()
    for k in range(2):
        machine = SVR(C=3.0, gamma="scale").fit(x, (train.labels[:, k].numpy() - mean[k]) / std[k])
        expected = machine.predict(x_test) * std[k] + mean[k]
        np.testing.assert_allclose(system.predict(test)[:, k].numpy(), expected, atol=1e-3)


def test_the_penalty_is_the_best_of_validation() -> None:
    train, validation, _ = parts(scores=False)
    reports: list[dict[str, float]] = []
    config = SupportVectorConfig(penalties=(30.0, 1e-6, 1.0))
    system = mfm.fit(config, train, validation, on_report=lambda step, report: reports.append(dict(report)))
    assert [report["penalty"] for report in reports] == [1e-6, 1.0, 30.0]
    best = min(reports, key=lambda report: report["validation_cost"])["penalty"]
    alone = mfm.fit(SupportVectorConfig(penalties=(best,)), train, validation)
    assert torch.equal(system.predict(validation), alone.predict(validation))
    assert best != 1e-6


def test_trees_that_would_never_end_are_refused() -> None:
    train, _, _ = parts(scores=False)
    system = mfm.fit(RandomForestConfig(trees=2), train)
    state = system.state()
    inner = int((state["nodes"][:, 0] >= 0).nonzero()[0])
    for column, value, message in ((0, 0, "behind their parent"), (1, 10**6, "behind their parent"), (2, 99, "to 7")):
        nodes = state["nodes"].clone()
        nodes[inner, column] = value
        with pytest.raises(ValueError, match=message):
            RandomForest.from_state(system.config, system.spec, state | {"nodes": nodes})
    with pytest.raises(ValueError, match=r"nodes: expected torch.int64, got torch.float32"):
        RandomForest.from_state(system.config, system.spec, state | {"nodes": state["nodes"].float()})
    with pytest.raises(ValueError, match="roots: expected"):
        RandomForest.from_state(system.config, system.spec, state | {"roots": state["roots"] + 10**6})


def test_unknown_scores_are_left_out() -> None:
    train, validation, test = parts(scores=True)
    labels = train.labels.clone()
    labels[::3] = torch.nan
    some = torch.arange(len(train)) % 3 != 0
    for name in ("rf", "svm_md"):
        found = mfm.fit(name, replace(train, labels=labels), validation).predict(test)
        expected = mfm.fit(name, train.take(some.nonzero().squeeze(1)), validation).predict(test)
        assert torch.equal(found, expected)
    with pytest.raises(ValueError, match="labels: expected at least one sample"):
        mfm.fit("rf", replace(train, labels=labels * torch.nan))
