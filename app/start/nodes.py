"""Words and page of every node of Figure 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.elements.figure_one.figure_one import SLIDERS, Node, Symbol, Target
from app.shared import hues, names

SLIDE = Target("generate", "Generate, Slide", {"section": "slide"}, z=True)
FLOW = Target("flow", "Flow", {})
NOTHING: Mapping[str, str] = {}
DEPENDENCY = Target("dependency", "Dependency", {})


def target(node: str) -> Target:
    """The page of a node, by its id; that of all sliders for ``SLIDERS``."""
    if node == SLIDERS:
        return SLIDE
    column, name = node.split(".", 1)
    if column == "x":
        return Target("generate", "Generate, Translate", {"section": "translate", "given": name})
    if column == "z":
        return SLIDE
    if column == "f":
        return FLOW if name == "y" else DEPENDENCY
    if name == "y":
        return Target("generate", "Generate, Read", {"section": "read"})
    return Target("generate", "Generate, Swap", {"section": "swap"})


def nodes(modalities: Sequence[str], label: str, probed: Mapping[str, str] = NOTHING) -> list[Node]:
    """The nodes of Figure 1 of a model.

    Args:
        modalities: Of the model.
        label: What its label is, a noun.
        probed: How much of the label is read from the Z_a of a modality, in words; of those measured.
    """
    shared = [
        _node(
            "z.y",
            "y",
            Symbol("Z", "y"),
            f"Z_y, {names.meaning('y', label)}",
            "z_y ~ Q(Z_y | X_{1:M})",
            "Eq. 3",
            "The latent that all modalities share: encoders infer it from all of them together, and it alone decides "
            "the label.",
        ),
        _node(
            "f.y",
            "y",
            Symbol("F", "y"),
            "F_y, the discriminative factor",
            "F_y = G_y(Z_y)",
            "section 2.2",
            "What G makes of Z_y: every picture and the label are generated from it, so it is where they agree.",
        ),
        _node(
            "out.y",
            "y",
            Symbol("Y", "", hat=True),
            "The label that is generated",
            "Y^ = D(F_y)",
            "section 2.2",
            f"The label head D reads the {label} from F_y and never sees a picture.",
        ),
    ]
    own = [node for i, name in enumerate(modalities) for node in _of_modality(i, name, label, probed.get(name, ""))]
    return shared + own


def _of_modality(place: int, name: str, label: str, probed: str) -> list[Node]:
    i, hue, title = str(place + 1), hues.hue(place), names.title(name)
    return [
        _node(
            f"x.{name}",
            hue,
            Symbol("X", i),
            f"A real picture of {title}",
            "Q(Z | X_{1:M}) = Q(Z_y | X_{1:M}) Q(Z_{a1} | X_1) \u2026 Q(Z_{aM} | X_M)",
            "Eq. 3",
            f"Data of the modality {title}: it tells Z_y together with the others, and its own Z_a alone.",
        ),
        _node(
            f"z.{name}",
            hue,
            Symbol("Z", f"a{i}"),
            f"Z_a of {title}, {names.meaning(name, label)}",
            f"z_{{a{i}}} ~ Q(Z_{{a{i}}} | X_{i})",
            "Eq. 3",
            f"What is particular to {title} and should say nothing of the label: moving it changes this picture alone."
            + (f" What a probe still reads from it: the {label} of {probed}." if probed else ""),
        ),
        _node(
            f"f.{name}",
            hue,
            Symbol("F", f"a{i}"),
            f"F_a of {title}, its generative factor",
            f"F_{{a{i}}} = G_{{a{i}}}(Z_{{a{i}}})",
            "section 2.2",
            f"What G makes of that Z_a; the decoder of {title} reads it beside F_y, and no other decoder does.",
        ),
        _node(
            f"out.{name}",
            hue,
            Symbol("X", i, hat=True),
            f"{title} as it is generated",
            f"X^_{i} = F_{i}(F_{{a{i}}}, F_y)",
            "section 2.2",
            "The decoder paints it from both: the content comes from F_y, the style from its own F_a.",
        ),
    ]


def _node(node: str, hue: str, symbol: Symbol, title: str, equation: str, where: str, sentence: str) -> Node:
    return Node(node, hue, symbol, title, equation, where, sentence, target(node).title)
