"""The Python script that makes the flow of a page, with nothing but ``mfm_core``, numpy, torch and matplotlib."""

from __future__ import annotations

from textwrap import dedent, indent

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
FACTOR, READING = {factor!r}, {reading!r}


def clips():
    """Model, and Z of one clip, of each row of the page."""
{code}


arrays, rows = {{}}, []
for number, (model, latents, words) in enumerate(clips(), start=1):
    flow = mfm.gradient_flow(model, latents, factor=FACTOR, reading=READING)
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


def compose(title: str, factor: str, parts: list[str], more: str = "", reading: str = "norm") -> str:
    """A whole script.

    Args:
        title: First line of its docstring.
        factor: What ``mfm_core.gradient_flow`` takes.
        parts: Of each row, statements that make ``model``, ``latents`` and ``words``.
        more: What else its docstring says.
        reading: What ``mfm_core.gradient_flow`` takes.
    """
    code = "\n".join(indent(dedent(part).strip("\n") + "\nyield model, latents, words", "    ") for part in parts)
    return _TEMPLATE.format(title=title, factor=factor, reading=reading, code=code, more=f"\n{more}" if more else "")
