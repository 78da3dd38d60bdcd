"""Cards of models of videos: what is said of streams that are inferred."""

from __future__ import annotations

import pytest

from mfm_core.evaluation.quantities import figure
from mfm_core.evaluation.statistics import Estimate
from mfm_core.reports.videos import WHY_INFERRED_IS_POOR, inference_note


@pytest.mark.parametrize(("value", "told"), [(-0.02, WHY_INFERRED_IS_POOR), (0.1, "")])
def test_a_stream_that_is_inferred_worse_than_its_mean_is_explained(value: float, told: str) -> None:
    figures = [
        figure("inferred_r2", "language>visual", Estimate(value, value - 0.01, value + 0.01, 500)),
        figure("reconstruction_r2", "language", Estimate(-0.5, -0.6, -0.4, 500)),
    ]
    assert inference_note(figures) == told
