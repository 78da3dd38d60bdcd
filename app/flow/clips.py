"""One clip as the page Flow shows it: its real steps, and whatever is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mfm_core import Codes, Dataset, Latents
from mfm_core.data.dataset import Unit

Array = NDArray[np.float32]
Span = tuple[float, float]

SILENT_STEP = 1.2
"""Seconds that a step without a time of its own takes when it is played."""

PYTHON_OF_CODES = """
model = mfm.load_pretrained(MODEL)
latents, words = mfm.load_codes(MODEL).latents[[{index}]], ()
"""
PYTHON_OF_DATA = """
model = mfm.load_pretrained(MODEL)
data = mfm.load_dataset({name!r}).part("test").take(torch.tensor([{index}]))
inputs, mask, words = dict(data.modalities), data.mask, data.steps.words[0]
latents = model.encode(inputs, mask)
"""


@dataclass(frozen=True)
class Face:
    """Curves of action units.

    Attributes:
        rate: Samples a second.
        curves: By action unit; see ``avatar.js`` for their ranges.
    """

    rate: float
    curves: Mapping[str, Array]


@dataclass(frozen=True)
class Clip:
    """One clip of ``n`` real steps.

    Attributes:
        key: What tells this clip from every other.
        title: What it is called.
        unit: What a step is.
        length: ``n``.
        words: One a step, or none.
        spans: Start and end of each step in seconds.
        timed: Whether those are true times; else each step is given the same.
        features: Each modality as the model is given it, ``(1, n, d)``; empty where only Z is stored.
        latents: Z, where that is all that is stored.
        sound: An MP3 or WAV, where there is one.
        seconds: How long it lasts.
        face: How the face moves, where that is known.
        evidence: By modality, what each step truly adds to the score, ``(n,)``.
        label: The true label: a class, or scores.
        python: Statements that make ``model``, ``latents`` and ``words`` of it; ``MODEL`` stands for the model's name.
        changed: The step that a what-if changed.
        base: Key of the clip whose sound, face and times it has, where that is another one.
        spoken: What tells this sound from that of the clip itself, where it was said anew.
    """

    key: str
    title: str
    unit: Unit
    length: int
    words: tuple[str, ...]
    spans: tuple[Span, ...]
    timed: bool
    features: Mapping[str, Tensor]
    latents: Latents | None = None
    sound: bytes | None = None
    seconds: float = 0.0
    face: Face | None = None
    evidence: Mapping[str, Array] | None = None
    label: tuple[float, ...] = ()
    python: str = ""
    changed: int | None = None
    base: str = ""
    spoken: str = ""


def spans(times: Tensor | None, length: int) -> tuple[tuple[Span, ...], bool]:
    """Start and end of each step, and whether they are true times.

    Args:
        times: ``(n, 2)`` in seconds, or None.
        length: ``n``.
    """
    if times is None or not bool(torch.isfinite(times).all()):
        return tuple((i * SILENT_STEP, (i + 1) * SILENT_STEP) for i in range(length)), False
    first = float(times[0, 0]) if len(times) else 0.0
    rows: list[Span] = []
    for start, end in (times - first).tolist():
        begin = max(start, rows[-1][0] if rows else 0.0)  # a few words of real clips are out of order
        rows.append((begin, max(end, begin + 0.02)))
    return tuple(rows), True


def of_codes(name: str, codes: Codes, index: int, unit: Unit, title: str) -> Clip:
    """A clip of which only Z is stored: no features, words or sound."""
    latents = codes.latents[[index]]
    mask = latents.mask
    if mask is None:
        raise ValueError(f"codes: expected those of sequences, got still data in {name}")
    real = mask[:, mask[0]]
    length = real.shape[1]
    rows, _ = spans(None, length)
    label = tuple(float(value) for value in codes.labels[index].reshape(-1))
    return Clip(
        key=f"{name} {index}",
        title=title,
        unit=unit,
        length=length,
        words=(),
        spans=rows,
        timed=False,
        features={},
        latents=Latents(latents.y, latents.a, real),
        seconds=rows[-1][1],
        label=label,
        python=PYTHON_OF_CODES.format(index=index),
    )


def of_dataset(data: Dataset, index: int) -> Clip:
    """A clip of a data set, with its words and times where they are known."""
    if data.mask is None:
        raise ValueError(f"data: expected a data set of sequences, got {data.name}")
    real = data.mask[index]
    length = int(real.sum())
    words = data.steps.words[index] if data.steps else ()
    rows, timed = spans(data.steps.times[index][real] if data.steps else None, length)
    present = {name: x for name, x in data.modalities.items() if _has(data, name, index)}
    evidence = {name: truth[index][real].numpy() for name, truth in (data.evidence or {}).items()}
    return Clip(
        key=f"{data.name} {index}",
        title=data.ids[index] if data.ids else f"held-out clip {index + 1}",
        unit=data.steps.unit if data.steps else "step",
        length=length,
        words=words,
        spans=rows,
        timed=timed,
        features={name: x[index][real][None] for name, x in present.items()},
        seconds=rows[-1][1],
        evidence=evidence or None,
        label=tuple(float(value) for value in data.labels[index].reshape(-1) if not torch.isnan(value)),
        python=PYTHON_OF_DATA.format(name=data.name, index=index),
    )


def renamed(clip: Clip, **known: object) -> Clip:
    """The same clip, with more known of it."""
    return replace(clip, **known)  # type: ignore[arg-type]


def _has(data: Dataset, name: str, index: int) -> bool:
    return data.present is None or name not in data.present or bool(data.present[name][index])
