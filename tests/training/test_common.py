import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss

from mfm_core.config import LabelConfig
from mfm_core.training.common import label_report


@pytest.mark.parametrize("n", [1, 2, 30])
def test_errors_of_scores_are_told_in_their_standard_deviations(n: int) -> None:
    generator = torch.Generator().manual_seed(0)
    decided, labels = torch.randn(2, n, 1, generator=generator)
    score, report = label_report(decided, labels, LabelConfig(kind="scores", size=1))
    error = np.abs((decided - labels).numpy()).mean()
    assert report["absolute_error"] == pytest.approx(error, rel=1e-5)
    assert score == pytest.approx(-error / (np.std(labels.numpy(), ddof=1) if n > 1 else 1), rel=1e-5)


def test_of_classes_the_score_is_accuracy_less_a_tenth_of_the_cross_entropy() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(30, 4, generator=generator)
    labels = torch.randint(4, (30,), generator=generator)
    score, report = label_report(logits, labels, LabelConfig(kind="classes", size=4))
    found = logits.double().softmax(1).numpy()
    assert report["accuracy"] == pytest.approx(accuracy_score(labels, found.argmax(1)))
    assert score == pytest.approx(report["accuracy"] - 0.1 * log_loss(labels, found), rel=1e-5)
