"""Figures of predictions, against scikit-learn, torchmetrics and a plain bootstrap."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score
from torchmetrics.functional import mean_absolute_error, pearson_corrcoef
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_f1_score

import mfm_core as mfm
from mfm_core.evaluation.bootstrap import N_RESAMPLES
from mfm_core.evaluation.figures import Figure, shown
from mfm_core.evaluation.predictions import independent_units


def data_of(labels: np.ndarray, **more: object) -> mfm.Dataset:
    return mfm.Dataset.from_arrays({"one": np.zeros((len(labels), 2, 1))}, labels, **more)


def by_key(figures: list[Figure]) -> dict[tuple[str, str], Figure]:
    return {(figure.key, figure.subject): figure for figure in figures}


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(5, 60), classes=st.integers(2, 5))
def test_classes_agree_with_torchmetrics(seed: int, n: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    labels = torch.from_numpy(rng.integers(classes, size=n))
    logits = torch.from_numpy(rng.normal(size=(n, classes)).astype(np.float32))
    part = data_of(labels.numpy(), split=["test"] * n)  # which may lack classes
    found = by_key(mfm.evaluate_predictions(part, logits))
    assert set(found) == {("accuracy", ""), ("f1", "")}
    accuracy = multiclass_accuracy(logits, labels, classes, average="micro")
    f1 = multiclass_f1_score(logits, labels, classes, average="weighted")
    assert found["accuracy", ""].value == pytest.approx(float(accuracy), abs=1e-6)
    assert found["f1", ""].value == pytest.approx(float(f1), abs=1e-6)
    for figure in found.values():
        assert figure.low <= figure.value <= figure.high or figure.key == "f1"
        assert (figure.n, figure.unit) == (n, "share")


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(10, 60))
def test_a_score_agrees_with_torchmetrics(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.clip(np.rint(rng.normal(scale=2, size=n)), -3, 3).astype(np.float32)
    y[:2] = [3, 0]
    x = torch.from_numpy((y + rng.normal(size=n)).astype(np.float32))[:, None]
    found = by_key(mfm.evaluate_predictions(data_of(y), x))
    labels = torch.from_numpy(y)[:, None]
    assert found["mae", ""].value == pytest.approx(float(mean_absolute_error(x, labels)), rel=1e-5)
    assert found["r", ""].value == pytest.approx(float(pearson_corrcoef(x[:, 0], labels[:, 0])), abs=1e-4)
    sided = labels[:, 0] != 0
    assert found["a2", ""].value == pytest.approx(float(((x > 0) == (labels > 0))[sided].float().mean()))
    assert found["a2", ""].n == int(sided.sum())
    assert found["a3", ""].value == pytest.approx(float((x.round().clamp(-1, 1) == labels.clamp(-1, 1)).float().mean()))
    assert found["a7", ""].value == pytest.approx(float((x.round().clamp(-3, 3) == labels).float().mean()))


def test_the_rating_of_ict_mmmo_is_neutral_at_3_and_has_no_seven_classes() -> None:
    y = np.array([1, 2, 3, 4, 5, 5], dtype=np.float32)
    x = torch.tensor([[2.0], [3.5], [3.2], [4.0], [2.0], [5.0]])
    found = by_key(mfm.evaluate_predictions(data_of(y, name="ict_mmmo"), x))
    assert found["a2", ""].value == pytest.approx(3 / 5)
    assert found["a3", ""].value == pytest.approx(4 / 6)
    assert ("a7", "") not in found


def test_several_scores_give_each_and_the_mean() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(40, 3)).astype(np.float32)
    x = torch.from_numpy(y + rng.normal(size=y.shape).astype(np.float32))
    found = by_key(mfm.evaluate_predictions(data_of(y), x))
    each = [float(pearson_corrcoef(x[:, c], torch.from_numpy(y[:, c]))) for c in range(3)]
    assert [found["r", str(c)].value for c in range(3)] == pytest.approx(each, abs=1e-5)
    assert found["r", ""].value == pytest.approx(np.mean(each), abs=1e-5)
    assert found["r", ""].low < found["r", ""].value < found["r", ""].high


def test_labels_that_are_not_known_count_in_nothing() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=(30, 2)).astype(np.float32)
    data, x = data_of(y), torch.from_numpy(rng.normal(size=(30, 2)).astype(np.float32))
    unknown = data.labels.clone()
    unknown[:10, 1] = math.nan
    found = by_key(mfm.evaluate_predictions(replace(data, labels=unknown), x))
    assert (found["mae", "0"].n, found["mae", "1"].n) == (30, 20)
    assert found["mae", "1"].value == pytest.approx(float((x[10:, 1] - data.labels[10:, 1]).abs().mean()), rel=1e-5)


def test_the_interval_is_that_of_a_plain_bootstrap_over_videos() -> None:
    rng = np.random.default_rng(2)
    video = rng.integers(25, size=150)
    labels = rng.integers(3, size=150)
    logits = torch.from_numpy(np.eye(3)[np.where(rng.random(25)[video] < 0.5, labels, (labels + 1) % 3)])
    ids = [f"video{v}[{i}]" for i, v in enumerate(video)]
    found = by_key(mfm.evaluate_predictions(data_of(labels, ids=ids), logits))["f1", ""]
    decided, members = logits.argmax(1).numpy(), [np.flatnonzero(video == v) for v in np.unique(video)]
    plain = []
    for _ in range(N_RESAMPLES):
        drawn = np.concatenate([members[k] for k in rng.integers(len(members), size=len(members))])
        plain.append(f1_score(labels[drawn], decided[drawn], average="weighted"))
    low, high = np.percentile(plain, [2.5, 97.5])
    assert (found.low, found.high) == (pytest.approx(low, abs=0.03), pytest.approx(high, abs=0.03))
    alone = by_key(mfm.evaluate_predictions(data_of(labels), logits))["f1", ""]
    assert found.high - found.low > 1.3 * (alone.high - alone.low)


def test_ids_say_what_is_independent() -> None:
    data = data_of(np.zeros(4, dtype=np.int64), ids=["a[0]", "a[1]", "b[0]", "c_1"])
    assert independent_units(data).tolist() == [0, 0, 1, 2]
    assert independent_units(replace(data, ids=None)).tolist() == [0, 1, 2, 3]


def test_few_samples_and_constants_are_not_a_number_with_a_reason() -> None:
    few = mfm.evaluate_predictions(data_of(np.array([0, 1, 0, 1])), torch.eye(2)[[0, 1, 0, 1]])
    assert all(math.isnan(figure.value) for figure in few)
    assert all(figure.reason == "at least 5 samples are needed, got 4" for figure in few)
    constant = by_key(mfm.evaluate_predictions(data_of(np.arange(8.0)), torch.ones(8, 1)))
    assert math.isnan(constant["r", ""].value)
    assert "needs predictions that vary" in constant["r", ""].reason
    assert math.isfinite(constant["mae", ""].low)
    for n in (1, 4, 5):
        ids = [f"v{i % n}[{i}]" for i in range(10)]
        found = by_key(mfm.evaluate_predictions(data_of(np.arange(10.0), ids=ids), torch.randn(10, 1)))["mae", ""]
        assert math.isfinite(found.low) == math.isfinite(found.high) == (n == 5)
        assert found.reason == ("" if n == 5 else f"an interval needs at least 5 independent videos, got {n}")


@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        (np.array([0, 1, 2]), torch.zeros(3, 2), r"expected logits \(3, n_labels\) of at least 3 labels, got \(3, 2\)"),
        (np.array([0, 1, 2]), torch.zeros(2, 3), r"got \(2, 3\)"),
        (np.zeros(3), torch.zeros(3), r"expected scores \(3, 1\), as the labels, got \(3,\)"),
        (
            np.zeros(3),
            torch.tensor([[0.0], [math.nan], [0.0]]),
            "finite numbers, got NaN or infinity in row 1",
        ),
        (np.zeros(3), torch.zeros(3, 1, dtype=torch.int64), "expected floating-point numbers, got torch.int64"),
    ],
)
def test_bad_predictions_are_refused_in_a_sentence(labels: np.ndarray, predictions: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=f"predictions: .*{message}"):
        mfm.evaluate_predictions(data_of(labels), predictions)


def test_a_figure_comes_back_from_json_and_knows_its_target() -> None:
    numbers = {"value": math.nan, "low": math.nan, "high": math.nan, "n": 3}
    figure = Figure(key="nll", unit="nats", higher_is_better=False, **numbers, reason="because")
    again = Figure.parse(figure.model_dump_json(), "metrics.json")
    assert math.isnan(again.value)
    assert figure.stored()["value"] is None
    assert again.model_copy(update=numbers) == figure.model_copy(update=numbers) or math.isnan(again.low)
    better = figure.model_copy(update={"value": 2.31, "target": 3.0})
    assert (better.reached, figure.reached) == (True, None)
    assert better.model_copy(update={"higher_is_better": True}).reached is False


def test_a_value_is_shown_in_its_unit() -> None:
    assert shown(2.31, "nats") == "2.310"  # a negative log-likelihood is no percentage
    assert shown(0.996875, "share") == "99.69 %"
    assert shown(0.00351, "squared_error") == "0.00351"
    assert shown(math.nan, "share") == "none"
