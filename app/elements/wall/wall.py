"""Pictures on a wall: rows and columns of crisp pictures, what is read from each, and which can be picked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.elements.element import Data, define, on_trigger
from app.shared import names
from app.shared.made_once import made_once, sprite_once
from app.shared.picture_grid import PictureGrid
from app.shared.pictures import Sprite

Array = NDArray[np.float32]

mount = define("wall")


@dataclass
class Sheet:
    """Pictures by tile name, collected while a wall is described, for one sprite each.

    Attributes:
        pictures: Of each tile name, pictures of one shape.
    """

    pictures: dict[str, list[Array]] = field(default_factory=dict)

    def shot(self, tile: str, picture: Array, alt: str, read: Data | None = None) -> Data:
        """Add a picture ``(channels, height, width)`` and describe where it is."""
        kept = self.pictures.setdefault(tile, [])
        kept.append(picture)
        return {"tile": tile, "index": len(kept) - 1, "alt": alt, "read": read}

    def sprites(self) -> dict[str, Sprite]:
        """One sprite a tile name."""
        return {tile: sprite_once(np.stack(kept)) for tile, kept in self.pictures.items()}


def percents(probabilities: Array) -> list[float]:
    """Probabilities as percent, to a tenth."""
    return [round(100 * float(p), 1) for p in probabilities]


def reading(who: str, probabilities: Array) -> Data:
    """Reading of a picture: bars, and a sentence for screen readers.

    Args:
        who: For instance ``"judge"``.
        probabilities: Of each digit.
    """
    # Plotly cannot draw between the pictures of an element, which draws ten bars of a few pixels as a caption. Where
    # probabilities are a chart of their own, as in the section Read, the chart is plotly's.
    order = np.argsort(-probabilities)
    best = [f"{digit} with {100 * float(probabilities[digit]):.0f} %" for digit in order[:2]]
    return {"percents": percents(probabilities), "alt": f"{who} reads {best[0]}, then {best[1]}"}


def cell(*shots: Data, read: Data | None = None, **more: object) -> Data:
    """One place in a row: pictures side by side, and what is read from them together."""
    return {"shots": list(shots), "read": read, **more}


def judgement(judged: Mapping[str, Array], modality: str, place: tuple[int, int]) -> Data | None:
    """The judge's reading of a picture of a grid, where the modality has a judge."""
    if modality not in judged:
        return None
    return reading(f"the {names.title(modality)} judge", judged[modality][place])


def how_to_read(
    judged: Collection[str], modalities: Collection[str], label: str, *, framed: bool = True, what: str = "a picture"
) -> str:
    """Tell what stands under pictures that independent judges read, or that none does.

    Args:
        judged: Modalities that have a judge.
        modalities: Those of the pictures.
        label: What the label is, a noun.
        framed: Whether a picture is framed where the label head says another label than its judge.
        what: One of the pictures.
    """
    found = [name for name in modalities if name in judged]
    if not found:
        return "No independent judge is stored for the pictures of this model, so none is read."
    of = what if len(found) == len(modalities) else f"{what} of {' and '.join(map(names.title, found))}"
    frame = "; a dashed frame where the label head, which sees only F_y, says another" if framed else ""
    return f"Under {of}: the {label} that an independent judge sees in it{frame}."


def judged_cell(grid: PictureGrid, modality: str, place: tuple[int, int], shot: Data) -> Data:
    """A picture of a grid with its judge's reading, framed where the label head says another digit."""
    read = judgement(grid.judged, modality, place)
    wrong = read is not None and grid.judged[modality][place].argmax() != grid.label[place].argmax()
    return cell(shot, read=read, mark="wrong" if wrong else "")


def show(sheet: Sheet, panels: Sequence[Data], *, key: str, on_pick: Callable[[str], None] | None = None) -> None:
    """Show the wall.

    Args:
        sheet: Its pictures.
        panels: Its panels, each with ``across``, ``rows`` and, if wanted, ``columns``, ``title``, ``head``, ``gap``,
            ``folded`` (pictures in a row of a narrow page) and ``stacked`` (heads above their rows there).
        key: Of the element.
        on_pick: Called with the ``pick`` of a cell that was chosen.
    """
    _show(_description(sheet, panels, pickable=on_pick is not None), key, on_pick)


def show_once(
    describe: Callable[..., Sequence[Data]],
    *content: object,
    key: str,
    on_pick: Callable[[str], None] | None = None,
) -> None:
    """Show a wall that is described only where the same was not described before, for whichever visitor.

    Args:
        describe: Makes the panels of an empty sheet and of ``content``, and of nothing else; a function of a module.
        content: Grids, arrays, texts, numbers, and tuples of them.
        key: Of the element.
        on_pick: Called with the ``pick`` of a cell that was chosen.
    """

    def make() -> bytes:
        sheet = Sheet()
        panels = describe(sheet, *content)
        return _description(sheet, panels, pickable=on_pick is not None)

    told = [_identity(one) for one in content]
    _show(made_once(make, describe.__module__, describe.__qualname__, told, on_pick is not None), key, on_pick)


def _identity(content: object) -> object:
    if isinstance(content, PictureGrid):
        return content.digest
    return tuple(map(_identity, content)) if isinstance(content, tuple) else content


def _description(sheet: Sheet, panels: Sequence[Data], *, pickable: bool) -> bytes:
    """A wall as the browser is sent it, with a version that tells it from every other."""
    tiles = {tile: made.as_data() for tile, made in sheet.sprites().items()}
    text = json.dumps({"tiles": tiles, "panels": list(panels), "pickable": pickable})
    version = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f'{text[:-1]}, "version": "{version}"}}'.encode()


def _show(description: bytes, key: str, on_pick: Callable[[str], None] | None) -> None:
    mount(data=description, key=key, on_pick_change=on_trigger(key, "pick", _as_text(on_pick)))


def _as_text(on_pick: Callable[[str], None] | None) -> Callable[[object], None]:
    def take(value: object) -> None:
        if on_pick is not None:
            on_pick(str(value)[:64])

    return take
