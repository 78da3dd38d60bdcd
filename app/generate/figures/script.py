"""The Python script that makes a grid, with nothing but ``mfm_core``, numpy, torch and matplotlib."""

from __future__ import annotations

from textwrap import dedent, indent

from app.generate.view import Source

DRAWS: dict[Source, str] = {
    "prior": "source = model",
    "posterior": "source = mfm.AggregatePosterior.fit(codes.latents)",
}
"""Sources that a script draws from."""

_TEMPLATE = '''\
"""{title}

Made by the page Generate of the MFM explorer. Run it in the project's folder, with its requirements installed:
it writes pictures.npz and pictures.png beside itself.
"""

from pathlib import Path

import mfm_core as mfm
import numpy as np
import torch
from matplotlib.figure import Figure

model = mfm.load_pretrained({name!r})
codes = mfm.load_codes({name!r})

with torch.inference_mode():
{code}
    generated = [model.decode(latents) for latents in rows]

# (rows, columns, channels, height, width) of each modality, and what the label head says of each picture's F_y
pictures = {{name: np.stack([row.modalities[name].numpy() for row in generated]) for name in model.modalities}}
label = np.stack([row.label.softmax(1).numpy() for row in generated])
here = Path(__file__).parent
np.savez(here / "pictures.npz", label=label, **pictures)

n_rows, n_columns = label.shape[:2]
figure = Figure(figsize=(0.7 * n_columns * len(pictures) + 0.5, 0.7 * n_rows + 0.5), layout="constrained")
for axes, (name, array) in zip(np.atleast_1d(figure.subplots(1, len(pictures))), pictures.items()):
    mosaic = np.concatenate(np.concatenate(np.moveaxis(array, 2, -1), axis=1), axis=1)
    axes.imshow(mosaic, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_title(name)
    axes.set_axis_off()
figure.savefig(here / "pictures.png", dpi=200)
'''


def compose(title: str, name: str, code: str) -> str:
    """A whole script.

    Args:
        title: First line of its docstring.
        name: What ``mfm_core.load_pretrained`` takes.
        code: Statements that make ``rows``: a list of latents, one a row, from ``model`` and ``codes``.
    """
    body = indent(dedent(code).strip("\n"), "    ").rstrip()
    return _TEMPLATE.format(title=title, name=name, code=body)
