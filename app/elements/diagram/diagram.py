"""Figure 5(a) as a drawing: which Z is fixed, drawn, exchanged or moved, and what it is made into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from app.elements.element import define, on_trigger
from app.shared import names, state

Kind = Literal["fixed", "drawn", "moved", "a", "b", "inferred"]

mount = define("diagram")


@dataclass(frozen=True)
class Role:
    """Role of one Z in the diagram.

    Attributes:
        kind: How it is drawn.
        note: Two or three words.
        swapped: Whether it is the one that changes places.
    """

    kind: Kind
    note: str
    swapped: bool = False


def show(roles: Mapping[str, Role], label: str, *, given: str | None = None, selectable: bool = True) -> None:
    """Draw the diagram.

    Args:
        roles: Of each block of Z: ``y`` and the modalities.
        label: What the label is, a noun.
        given: A modality that is given, not generated.
        selectable: Whether a click on a Z makes it the one in question, as the buttons beside it do.
    """
    modalities = [name for name in roles if name != "y"]

    def take(value: object) -> None:
        if isinstance(value, str) and value in roles:
            state.change(factor=value)

    said = "; ".join(f"{names.plain(name)} is {role.note}" for name, role in roles.items())
    data = {
        "modalities": [{"name": name, "title": names.title(name)} for name in modalities],
        "states": {
            name: {"kind": role.kind, "note": role.note, "swapped": role.swapped, "name": names.meaning(name, label)}
            for name, role in roles.items()
        },
        "label": label,
        "given": given,
        "selectable": selectable and not state.held("factor"),
        "alt": f"The generative network. {said}. Each Z makes its factor F; F_y makes the {label}, and F_y "
        "together with a modality's F_a makes its picture.",
    }
    mount(data=data, key="diagram", on_factor_change=on_trigger("diagram", "factor", take))
