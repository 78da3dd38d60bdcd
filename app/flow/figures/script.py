"""The Python script that makes the lanes of a page, with nothing but ``mfm_core``, numpy, torch and matplotlib."""

from __future__ import annotations

from textwrap import dedent, indent

from app.flow.clip_source import REFERENCE
from mfm_core.interpretation.registry import find_interpretation

_TEMPLATE = '''\
"""{title}

Made by the page Flow of the MFM explorer. Run it in the project's folder, with its requirements installed: it writes
flow.npz and flow.png beside itself.{more}
"""

from pathlib import Path

import mfm_core as mfm
import numpy as np
import torch
from matplotlib.figure import Figure

here = Path(__file__).parent


def clips():
    """Model, and Z, words and lanes of one clip, of each column of the page."""
{code}


arrays, rows = {{}}, []
for number, (model, latents, words, flow) in enumerate(clips(), start=1):
    with torch.inference_mode():
        label = model.decode(latents).label
    if model.config.label.kind == "classes":
        label = label.softmax(1)
    real = latents.mask[0]
    rows.append((words, {{name: steps[0][real].numpy() for name, steps in flow.items()}}))
    arrays |= {{f"flow_{{number}}_{{name}}": steps for name, steps in rows[-1][1].items()}}
    arrays[f"label_{{number}}"] = label[0].numpy()
np.savez(here / "flow.npz", **arrays)

names = list(rows[0][1])
figure = Figure(figsize=(6 * len(rows), 1.6 * len(names)), layout="constrained")
for column, (words, flow) in enumerate(rows):
    for axes, (name, steps) in zip(figure.subplots(len(names), len(rows), squeeze=False)[:, column], flow.items()):
        axes.bar(range(len(steps)), steps)
        axes.set_ylabel(name)
        axes.set_xticks(range(len(steps)), words or range(1, len(steps) + 1), rotation=60)
figure.savefig(here / "flow.png", dpi=200)
'''


def lanes(model: str, factor: str, reading: str) -> str:
    """Statement that makes ``flow``, the lanes of a clip, of ``model``, ``latents``, ``inputs`` and ``mask``.

    Args:
        model: What ``mfm_core.load_codes`` takes.
        factor: What ``mfm_core.gradient_flow`` takes.
        reading: What it takes, or the method that ``mfm_core.attribute`` takes.
    """
    entry = find_interpretation(reading)
    if entry.needs_features:
        return f"flow = mfm.attribute(model, inputs, {reading!r}, mask=mask)"
    beside = f", reference=mfm.load_codes({model!r}).latents[:{REFERENCE}]" if entry.needs_reference else ""
    return f"flow = mfm.gradient_flow(model, latents, factor={factor!r}, reading={reading!r}{beside})"


def compose(title: str, parts: list[str], more: str = "") -> str:
    """A whole script.

    Args:
        title: First line of its docstring.
        parts: Of each column, statements that make ``model``, ``latents``, ``words`` and ``flow``.
        more: What else its docstring says.
    """
    found = "yield model, latents, words, flow"
    code = "\n".join(indent(dedent(part).strip("\n") + f"\n{found}", "    ") for part in parts)
    return _TEMPLATE.format(title=title, code=code, more=f"\n{more}" if more else "")
