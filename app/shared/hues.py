"""Colours of Z_y and of the modalities, by their order: four of the theme, then the same nearer to the ink."""

from __future__ import annotations

from collections.abc import Mapping

from mfm_core.storage.folder import MAX_MODALITIES

BASE = ("orange", "green", "violet", "yellow")
"""Colours of Streamlit's theme that modalities have, in order; Z_y has blue."""
NEARER = 0.5
"""Share of the colour in a modality beyond the base, the rest being ink; again for every further round."""


def hue(place: int) -> str:
    """The colour of the modality at a place in their order: its key, and its class in the elements."""
    return f"a{place}"


def rules() -> str:
    """Style of the elements: a class for Z_y and for each modality that a model may have."""
    lines = [".y { --hue: var(--st-blue-color); }"]
    for place in range(MAX_MODALITIES):
        name, share = _made_of(place)
        plain = f"var(--st-{name}-color)"
        mixed = f"color-mix(in srgb, {plain} {100 * share:g}%, var(--st-text-color))"
        lines.append(f".{hue(place)} {{ --hue: {plain if share == 1 else mixed}; }}")
    return "\n".join(lines) + "\n"


def colours(theme: Mapping[str, str]) -> dict[str, str]:
    """The same colours as hexadecimal numbers, by class.

    Args:
        theme: Colours of a theme, as ``.streamlit/config.toml`` names them.
    """
    found = {"y": theme["blueColor"]}
    for place in range(MAX_MODALITIES):
        name, share = _made_of(place)
        found[hue(place)] = _mixed(theme[f"{name}Color"], theme["textColor"], share)
    return found


def _made_of(place: int) -> tuple[str, float]:
    """A colour of the theme, and its share beside ink."""
    return BASE[place % len(BASE)], NEARER ** (place // len(BASE))


def _mixed(colour: str, ink: str, share: float) -> str:
    """Two hexadecimal colours mixed in sRGB, as CSS does it."""
    parts = [(int(colour[at : at + 2], 16), int(ink[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02X}" for a, b in parts)
