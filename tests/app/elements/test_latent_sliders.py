"""What the sliders are given beside the models."""

from __future__ import annotations

import gzip
from pathlib import Path

from plotly.offline import get_plotlyjs

from app.elements.latent_sliders.latent_sliders import plotly_file


def test_the_charts_script_is_that_of_the_installed_plotly(tmp_path: Path) -> None:
    name = plotly_file(tmp_path)
    assert gzip.decompress((tmp_path / name).read_bytes()).decode() == get_plotlyjs()
    assert plotly_file(tmp_path) == name
