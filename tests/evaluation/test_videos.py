import numpy as np
import pytest
import torch
from scipy.stats import t
from sklearn.metrics import r2_score

from mfm_core.config import ModelConfig
from mfm_core.evaluation.cross_validation import averaged, corrected_interval
from mfm_core.evaluation.figures import Figure
from mfm_core.evaluation.videos import evaluate_sequences, explained
from mfm_core.model import MFM
from tests.made_up_sequences import made_up_sequences, sequence_run


def by_name(figures):
    return {(figure.key, figure.subject): figure for figure in figures}


def test_variance_explained_against_scikit_learn():
    data = made_up_sequences(30)
    x = data.modalities["language"]
    generated = torch.where(data.mask[..., None], 0.7 * x + 0.1, 55.0)  # what padding holds does not count
    found = explained(x, generated, data.mask, np.arange(len(x)))
    wanted = r2_score(x[data.mask], generated[data.mask], multioutput="variance_weighted")
    assert found.value == pytest.approx(wanted, abs=1e-6)
    assert found.low < found.value < found.high


def test_clips_of_one_video_have_no_interval_and_those_without_a_modality_do_not_count():
    data = made_up_sequences(12)
    steps = data.mask.clone()
    steps[:4] = False
    found = explained(data.modalities["language"], 0 * data.modalities["language"], steps, np.zeros(12, np.int64))
    assert found.n == 8
    assert np.isnan([found.low, found.high]).all()
    assert found.reason == "an interval needs at least 5 independent videos, got 1"


def test_every_subset_of_the_modalities_is_measured():
    torch.manual_seed(0)
    model = MFM(ModelConfig.model_validate(sequence_run()["model"])).eval()
    figures = evaluate_sequences(model, made_up_sequences(40, without_language=8))
    found = by_name(figures)
    assert len(found) == len(figures)
    assert found["r", ""].n == 40
    assert found["r", "acoustic"].n == 32  # complete ones
    assert ("inferred_r2", "acoustic>language") in found


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


def test_why_a_fold_has_no_interval_is_not_told_of_the_mean_over_folds_that_has_one():
    nan, few = float("nan"), "an interval needs at least 5 independent videos, got 4"
    of_fold = Figure(key="mae", unit="score", higher_is_better=False, value=1.0, low=nan, high=nan, n=4, reason=few)
    mean = averaged([of_fold, of_fold.model_copy(update={"value": 2.0})], test_share=0.25)
    assert (mean.value, mean.n, mean.reason) == (1.5, 2, "")
    assert mean.low < 1.5 < mean.high
    unknown = averaged([of_fold, of_fold.model_copy(update={"value": nan})], test_share=0.25)
    assert unknown.reason == few
