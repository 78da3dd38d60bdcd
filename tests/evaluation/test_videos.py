import numpy as np
import pytest
import torch
from scipy.stats import pearsonr, t
from sklearn.metrics import f1_score, r2_score

from mfm_core.config import ModelConfig
from mfm_core.evaluation.cross_validation import corrected_interval
from mfm_core.evaluation.videos import bootstrap, evaluate_sequences, explained, label_figures
from mfm_core.model import MFM
from tests.made_up_sequences import made_up_sequences, sequence_run


def by_name(figures):
    return {figure.name: figure.estimate for figure in figures}


def test_figures_of_a_score_against_scipy_and_scikit_learn():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(-3, 4, (50, 1), generator=generator).float()
    decided = labels + torch.randn(50, 1, generator=generator)
    found = by_name(label_figures("x", decided, labels))
    assert found["correlation of the score, x"].value == pytest.approx(pearsonr(decided[:, 0], labels[:, 0]).statistic)
    assert found["mean absolute error of the score, x"].value == pytest.approx(float((decided - labels).abs().mean()))
    sided = (labels != 0)[:, 0]
    true, guess = (labels[sided, 0] > 0).numpy(), (decided[sided, 0] > 0).numpy()
    assert found["positive or negative: accuracy, x"].value == pytest.approx(np.mean(true == guess))
    assert found["positive or negative: accuracy, x"].n == int(sided.sum()) < 50
    f1 = found["positive or negative: F1 (weighted), x"]
    assert f1.value == pytest.approx(f1_score(true, guess, average="weighted"))
    assert f1.low < f1.value < f1.high


def test_figures_of_classes_and_of_several_scores():
    logits = torch.eye(3)[torch.tensor([0, 1, 2, 0])]
    found = by_name(label_figures("x", logits, torch.tensor([0, 1, 2, 1])))
    assert found["label accuracy, x"].value == 0.75
    labels = torch.randn(20, 4)
    found = by_name(label_figures("x", labels.clone(), labels))
    assert found["correlation of the scores, mean over 4, x"].value == pytest.approx(1)
    assert found["mean absolute error of the scores, x"].value == 0


def test_variance_explained_against_scikit_learn():
    data = made_up_sequences(30)
    x = data.modalities["language"]
    generated = torch.where(data.mask[..., None], 0.7 * x + 0.1, 55.0)  # what padding holds does not count
    found = explained(x, generated, data.mask)
    wanted = r2_score(x[data.mask], generated[data.mask], multioutput="variance_weighted")
    assert found.value == pytest.approx(wanted, abs=1e-6)
    assert found.low < found.value < found.high


def test_the_bootstrap_interval_covers_a_known_mean():
    generator = np.random.default_rng(0)
    inside = 0
    for trial in range(100):
        x = generator.standard_normal(40)
        found = bootstrap(lambda i, x=x: float(x[i].mean()), 40, seed=trial)
        inside += found.low < 0 < found.high
    assert 88 <= inside <= 99


def test_a_bootstrap_of_nothing_is_refused():
    with pytest.raises(ValueError, match="n: expected at least one sample, got none"):
        bootstrap(lambda i: 0.0, 0)


def test_every_subset_of_the_modalities_is_measured():
    torch.manual_seed(0)
    model = MFM(ModelConfig.model_validate(sequence_run()["model"])).eval()
    figures = evaluate_sequences(model, made_up_sequences(40, without_language=8))
    names = [figure.name for figure in figures]
    assert len(names) == len(set(names))
    found = by_name(figures)
    assert found["correlation of the score, all modalities a video has"].n == 40
    assert found["correlation of the score, from acoustic alone"].n == 32  # complete ones
    assert "variance explained (R2) of language, inferred from acoustic alone" in found


def test_the_corrected_interval_is_the_t_interval_where_nothing_is_shared():
    values = [0.3, 0.5, 0.4, 0.8, 0.1]
    found = corrected_interval(values, test_share=0.0)
    low, high = t.interval(0.95, 4, np.mean(values), np.std(values, ddof=1) / 5**0.5)
    assert (found.value, found.low, found.high) == pytest.approx((np.mean(values), low, high))
    wider = corrected_interval(values, test_share=0.25)
    assert wider.high - wider.value == pytest.approx((high - found.value) * (1 + 5 * 0.25) ** 0.5)
    with pytest.raises(ValueError, match="at least two folds"):
        corrected_interval([0.1], test_share=0.25)


def test_the_corrected_interval_of_a_correlation_ends_where_correlations_do():
    values = [0.9, 0.99, 0.4, 0.95]
    free = corrected_interval(values, test_share=0.25)
    assert free.high > 1
    kept = corrected_interval(values, test_share=0.25, limits=(-1.0, 1.0))
    assert (kept.value, kept.low, kept.high) == (free.value, free.low, 1.0)
