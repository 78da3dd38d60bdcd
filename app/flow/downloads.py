"""Downloads of the page Flow: figure, numbers, table and script."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from app.flow.figures import script as flow_script
from app.flow.figures.flow import Strip, tops
from app.flow.view import FlowView
from app.shared import charts, downloads, hues, names, stored_models

UPLOADED = "Your own clip is in no link: put its file beside the script first, under the name that the script reads."


def offer(strips: Sequence[Strip], view: FlowView, revealed: bool) -> None:
    """A small menu of downloads; nothing is made before it is asked for."""
    downloads.menu(
        "flow",
        draw=lambda: figure(strips, view.scale),
        arrays=("Flow and reconstruction, NPZ", lambda: numbers(strips, revealed)),
        rows=("Flow a step, CSV", lambda: table(strips, revealed)),
        script=lambda: script(strips, view),
    )


def figure(strips: Sequence[Strip], scale: str) -> Figure:
    """Lanes as bars over the words, one column a clip."""
    lanes, colours = len(strips[0].flow), charts.palettes()["light"].hues
    drawn = Figure(figsize=(max(5.0, 0.42 * max(s.clip.length for s in strips)) * len(strips), 1.3 * lanes + 1.5))
    drawn.set_layout_engine("constrained")
    drawn.suptitle(titled(strips[0]), fontsize=10)
    grid = drawn.subplots(lanes, len(strips), squeeze=False, sharex="col")
    for column, (strip, top) in enumerate(zip(strips, tops(strips, scale), strict=True)):
        steps = range(strip.clip.length)
        for row, (name, values) in enumerate(strip.flow.items()):
            axes = grid[row, column]
            axes.bar(steps, values, color=colours[hues.hue(row)])
            if strip.before is not None:
                axes.step(steps, strip.before.flow[name], where="mid", color="black", linestyle="--", linewidth=0.8)
            most = 1.05 * (top[name] or 1)
            axes.set_ylim(-most if strip.interpretation.signed else 0, most)
            axes.set_ylabel(names.title(name), fontsize=8)
            axes.tick_params(labelsize=7)
        ticks = strip.clip.words or [str(step + 1) for step in steps]
        grid[-1, column].set_xticks(list(steps), ticks, rotation=60, fontsize=7)
        grid[-1, column].set_xlabel(strip.clip.unit, fontsize=8)
        grid[0, column].set_title(f"{stored_models.title(strip.model)}\n{strip.clip.title}", fontsize=8)
    return drawn


def titled(strip: Strip) -> str:
    """Heading of the lanes of a strip."""
    title = strip.interpretation.title
    return title if strip.of_score else f"{title}, from {names.plain_f(strip.factor)}"


def numbers(strips: Sequence[Strip], revealed: bool) -> bytes:
    """Every number behind the lanes; the truth only where it is shown."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for i, strip in enumerate(strips, start=1):
        arrays |= {
            f"words_{i}": np.array(strip.clip.words),
            f"times_{i}": np.array(strip.clip.spans, np.float32),
        }
        for when, one in {"": strip, "before_": strip.before}.items():
            if one is None:
                continue
            arrays[f"{when}label_{i}"] = np.array(one.label, np.float32)
            arrays |= {f"{when}flow_{i}_{name}": x for name, x in one.flow.items()}
            arrays |= {f"{when}rebuilt_{i}_{name}": x for name, x in one.reconstruction.items()}
        if revealed and strip.clip.evidence:
            arrays |= {f"truth_{i}_{name}": x for name, x in strip.clip.evidence.items()}
    return downloads.packed(arrays)


def table(strips: Sequence[Strip], revealed: bool) -> str:
    """Flow of each step and modality; the truth only where it is shown."""
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(
        ["model", "clip", "reading", "step", "word", "start", "end", "modality", "flow", "flow_before", "truth"]
    )
    for strip in strips:
        clip = strip.clip
        for step, (start, end) in enumerate(clip.spans):
            word = clip.words[step] if clip.words else ""
            times = [f"{start:.3f}", f"{end:.3f}"] if clip.timed else ["", ""]
            for name, values in strip.flow.items():
                before = f"{strip.before.flow[name][step]:.8g}" if strip.before else ""
                known = revealed and clip.evidence is not None and name in clip.evidence
                true = f"{clip.evidence[name][step]:.6g}" if known and clip.evidence else ""
                writer.writerow(
                    [
                        strip.model,
                        _safe(clip.title),
                        strip.reading,
                        step + 1,
                        _safe(word),
                        *times,
                        name,
                        f"{values[step]:.8g}",
                        before,
                        true,
                    ]
                )
    return page.getvalue()


def script(strips: Sequence[Strip], view: FlowView) -> str:
    """Python that makes the same lanes."""
    said = " and ".join(f"{strip.clip.title} by {strip.model}" for strip in strips)
    title = "".join(letter if letter.isprintable() and letter not in '"\\' else " " for letter in said)
    parts = []
    for strip in strips:
        model = stored_models.stored_as(strip.model)
        known = strip.clip.python.replace("MODEL", repr(model)).strip("\n")
        parts.append(f"{known}\n{flow_script.lanes(model, strip.factor, strip.reading)}")
    more = UPLOADED if view.from_ == "upload" else ""
    return flow_script.compose(f"{titled(strips[0])}: {title}.", parts, more)


def _safe(text: str) -> str:
    """A word of a visitor's file that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
