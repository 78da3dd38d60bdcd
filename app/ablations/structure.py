"""The structure of MFM and of each variant (Figure 6), drawn with what is missing greyed."""

from __future__ import annotations

import html
from dataclasses import dataclass

from mfm_core.evaluation.paper import DESIGN


@dataclass(frozen=True)
class Structure:
    """What a variant has.

    Attributes:
        multimodal_label: One discriminative factor of all modalities, rather than one a modality.
        generates: Whether it generates the modalities too.
        factorized: Whether generative factors are apart from the discriminative one.
        own_style: Whether each modality has a generative factor of its own.
    """

    multimodal_label: bool
    generates: bool
    factorized: bool
    own_style: bool

    @classmethod
    def of(cls, name: str) -> Structure:
        """The structure of a variant by the columns of Table 2; what does not apply to it is missing."""
        label, generative, factorized, specific = (bool(has.get(name)) for has in DESIGN.values())
        return cls(label, generative, factorized, specific)

    def sentence(self) -> str:
        """The structure in a sentence."""
        label = "one discriminative factor of all modalities" if self.multimodal_label else "a factor of each modality"
        if not self.generates:
            return f"{label}; it generates nothing".capitalize() + "."
        if not self.factorized:
            return f"{label}, which generates the modalities too".capitalize() + "."
        style = "one of each modality" if self.own_style else "one for all modalities"
        return f"{label}, and generative factors apart from it: {style}".capitalize() + "."


_BOXES = {
    "x": (8, 62, 46, "X"),
    "zy": (78, 18, 58, "Z_y"),
    "za": (78, 106, 58, "Z_a"),
    "fy": (160, 18, 58, "F_y"),
    "fa": (160, 106, 58, "F_a"),
    "y": (242, 18, 58, "label"),
    "out": (242, 106, 58, "X, made"),
}
_ARROWS = (("x", "zy"), ("x", "za"), ("zy", "fy"), ("za", "fa"), ("fy", "y"), ("fa", "out"), ("fy", "out"))
_HEIGHT = 34


def drawing(name: str, title: str) -> str:
    """The structure of a variant as SVG, in the colours of the page; missing parts are faint and dashed."""
    structure = Structure.of(name)
    here = {"x", "zy", "fy", "y"} | ({"out"} if structure.generates else set())
    here |= {"za", "fa"} if structure.factorized else set()
    many = {"zy": not structure.multimodal_label, "fy": not structure.multimodal_label}
    many |= {"x": True, "out": True, "za": structure.own_style, "fa": structure.own_style}
    parts = []
    for start, end in _ARROWS:
        (x1, y1, w, _), (x2, y2, _, _) = _BOXES[start], _BOXES[end]
        there = {start, end} <= here
        parts.append(
            f'<line x1="{x1 + w}" y1="{y1 + _HEIGHT / 2}" x2="{x2 - 2}" y2="{y2 + _HEIGHT / 2}" {_stroke(there)}/>'
        )
    for key, (x, y, w, text) in _BOXES.items():
        there = key in here
        if many.get(key) and there:  # a sheet behind: one of each modality
            parts.append(f'<rect x="{x + 4}" y="{y - 4}" width="{w}" height="{_HEIGHT}" rx="4" {_stroke(there)}/>')
        parts.append(f'<rect x="{x}" y="{y}" width="{w}" height="{_HEIGHT}" rx="4" {_stroke(there)}/>')
        opacity = 1 if there else 0.35
        parts.append(
            f'<text x="{x + w / 2}" y="{y + 22}" text-anchor="middle" font-size="13" fill="currentColor" '
            f'opacity="{opacity}">{html.escape(text)}</text>'
        )
    label = html.escape(f"Structure of {title}: {structure.sentence()}")
    return (
        f'<svg viewBox="0 0 312 150" role="img" aria-label="{label}" style="width:100%;max-width:312px">'
        f"{''.join(parts)}</svg>"
    )


def _stroke(there: bool) -> str:
    faint = 'opacity="0.3" stroke-dasharray="4 3"' if not there else ""
    return f'fill="none" stroke="currentColor" stroke-width="1.4" {faint}'
