import numpy as np
import pytest
import torch

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
