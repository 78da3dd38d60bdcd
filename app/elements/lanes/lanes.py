"""The lanes: flow over the steps of one or two clips, played with sound and face, walked with keyboard and pointer."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence

from app.elements.element import Data, define, on_trigger
from app.flow.clip_source import Range
from app.flow.clips import Array, Clip
from app.flow.figures.flow import Strip, tops
from app.shared import hues, names, stored_models

mount = define("lanes", "avatar", "clock")
KEY = "lanes"
THIN = 0.03
"""Seconds below which a step is too thin to be read."""
DIGITS = 6
"""Significant digits that are sent of a number."""


def show(
    strips: Sequence[Strip],
    *,
    axis: str,
    scale: str,
    truth: bool,
    step: int,
    take: Callable[[int], None],
    scores_between: Range | None = None,
    key: str = KEY,
    said: bool = True,
) -> None:
    """Show one clip, or two side by side.

    Args:
        strips: What is shown; the first is the one that is walked through.
        axis: ``"step"``, or ``"time"`` where there are times.
        scale: ``"own"`` or ``"common"``.
        truth: Whether the true evidence is shown.
        step: Where the cursor begins.
        take: Called with the step that a visitor goes to.
        scores_between: Scores that clips have, for the scale on which the score is drawn; None for no scale.
        key: Of the element, where there are several on a page.
        said: Whether the score is said beside the lanes; not where the page says it.
    """
    data = describe(strips, axis=axis, scale=scale, truth=truth, scores_between=scores_between)
    if not said:
        for panel in data["panels"]:
            panel.update(scores=[], scale=None)
    data["version"] = hashlib.sha256(json.dumps(data).encode()).hexdigest()[:16]
    data["start"] = step
    mount(data=data, key=key, on_step_change=on_trigger(key, "step", lambda value: _take(value, take)))


def describe(
    strips: Sequence[Strip], *, axis: str, scale: str, truth: bool, scores_between: Range | None = None
) -> Data:
    """Data of the element, but for where the cursor stands."""
    keys = [strip.clip.key for strip in strips]
    panels = [
        _panel(strip, top, axis, truth, leads=i == 0) | {"scale": _scale(strip, truth, scores_between)}
        for i, (strip, top) in enumerate(zip(strips, tops(strips, scale), strict=True))
    ]
    return {"panels": panels, "linked": len(set(keys)) == 1}


def _panel(strip: Strip, top: dict[str, float], axis: str, truth: bool, *, leads: bool) -> Data:
    clip = strip.clip
    evidence = clip.evidence if truth and clip.evidence else {}
    most = max((abs(float(value)) for steps in evidence.values() for value in steps), default=0.0)
    spans, dataset = apart(clip.spans), stored_models.dataset_of(strip.model)
    given = clip.features or strip.flow  # where Z alone is stored, all were given
    lanes = [
        {
            "name": name,
            "title": names.title(name, dataset),
            "note": names.stream(name, dataset) if name in given else "inferred: not in the clip",
            "hue": hues.hue(i),
            "values": _short(flow),
            "before": _short(strip.before.flow[name]) if strip.before else None,
            "top": _round(top[name]),
            "signed": strip.interpretation.signed,
            "truth": _short(evidence[name]) if name in evidence else None,
        }
        for i, (name, flow) in enumerate(strip.flow.items())
    ]
    return {
        "clip": (clip.base or clip.key) + clip.spoken,
        "title": stored_models.title(strip.model),
        "note": clip.title,
        "measure": strip.interpretation.noun,
        "reading": strip.interpretation.title,
        "unit": clip.unit.capitalize(),
        "count": clip.length,
        "words": list(clip.words),
        "times": [[_round(start), _round(end)] for start, end in spans],
        "timed": clip.timed,
        "duration": _round(max(clip.seconds, spans[-1][1])),
        "axis": axis if clip.timed else "step",
        "audio": _sound(clip),
        "face": _face(clip),
        "scores": scores(strip, truth),
        "evidence": _round(most),
        "changed": clip.changed,
        "lanes": lanes,
        "leads": leads,
    }


def apart(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Start and end of each step as they are drawn: where steps have no length or overlap, each begins a little later.

    Speech recognisers give such times. Each step then has at least half the mean length, and none covers another, so
    that every one can be read and pointed at. Times without such steps stay as they are.

    Args:
        spans: Start and end of each step in seconds, in order of start.
    """
    ends = [start for start, _ in spans[1:]] + [max(spans[-1])]
    if all(start + THIN < end <= later + 1e-3 for (start, end), later in zip(spans, ends, strict=True)):
        return list(spans)
    first, last = spans[0][0], max(end for _, end in spans)
    least = max(last - first, 0.1 * len(spans)) / len(spans) / 2
    starts = [first]
    for start, _ in spans[1:]:
        starts.append(max(start, starts[-1] + least))
    later = [*starts[1:], max(last, starts[-1] + least)]
    longest = [max(end, start + least) for start, (_, end) in zip(starts, spans, strict=True)]
    return [(start, min(end, after)) for start, end, after in zip(starts, longest, later, strict=True)]


def _scale(strip: Strip, truth: bool, between: Range | None) -> Data | None:
    """Places of the scores on their scale, in percent, and what its ends are called."""
    if between is None or len(strip.label) != 1:
        return None
    marks = {"model": strip.label[0]}
    if strip.before is not None:
        marks["before"] = strip.before.label[0]
    if truth and strip.clip.label:
        marks["truth"] = strip.clip.label[0]
    low, high = min(between.low, *marks.values()), max(between.high, *marks.values())
    wide = max(high - low, 1e-6)

    def place(value: float) -> float:
        return round(100 * (value - low) / wide, 2)

    return {
        "low": plain(low),
        "high": plain(high),
        "neutral": place(between.neutral),
        "middle": plain(between.neutral),
        "marks": [{"kind": kind, "at": place(value)} for kind, value in marks.items()],
    }


def scores(strip: Strip, truth: bool) -> list[Data]:
    """Scores of the label head, before and after a change, and the true label where it is revealed."""
    said = [
        {"label": "The model's score", "value": score(strip), "before": score(strip.before) if strip.before else None}
    ]
    if truth and strip.clip.label:
        true = ", ".join(plain(value) for value in strip.clip.label)
        old = strip.before.clip.label if strip.before is not None else ()
        before = ", ".join(plain(value) for value in old) or None
        said.append({"label": "The true score", "value": true, "before": before if before != true else None})
    return said


def score(strip: Strip) -> str:
    """Score of the label head for a clip, as text."""
    return ", ".join(plain(value) for value in strip.label)


def plain(value: float) -> str:
    """A score."""
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def signed(value: float) -> str:
    """A difference of scores."""
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")


def _sound(clip: Clip) -> str | None:
    if clip.sound is None:
        return None
    kind = "wav" if clip.sound.startswith(b"RIFF") else "mpeg"
    return f"data:audio/{kind};base64,{base64.b64encode(clip.sound).decode()}"


def _face(clip: Clip) -> Data | None:
    if clip.face is None:
        return None
    curves = {name: [round(float(value), 3) for value in curve] for name, curve in clip.face.curves.items()}
    alt = "A drawn face that moves with the action units of the clip"
    return {"rate": clip.face.rate, "curves": curves, "alt": alt}


def _short(values: Array) -> list[float]:
    return [_round(float(value)) for value in values]


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _take(value: object, take: Callable[[int], None]) -> None:
    if isinstance(value, int | float) and 0 <= value < 1_000:
        take(int(value))
