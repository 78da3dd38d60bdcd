"""Which loss makes it factorize? A pair or draws through several stored models, and the figures of each objective."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from app.ablations import compared
from app.ablations.pairs import DRAWS, donor_pairs, drawn_from_prior, in_all_digits
from app.ablations.view import MOST_COMPARED, AblationsView
from app.elements.element import Data
from app.elements.wall import wall
from app.generate import digit_model
from app.generate.digit_model import DigitModel
from app.shared import names, origins, prose, state, stored_models
from app.shared.picture_grid import PictureGrid
from mfm_core.experiments.losses import LOSSES, OBJECTIVES
from mfm_core.storage.origin import Origin

SHIPPED = "shipped"
"""The objective that the shipped model was trained by, among ``OBJECTIVES``."""


def pictures(available: tuple[str, ...]) -> None:
    """One held-out pair, or draws of the prior, through every chosen model.

    Args:
        available: Names of the stored models that can be compared, see ``app.ablations.pairs``.
    """
    st.subheader("The same pair, or the same draws, through each model", anchor=False)
    if not available:
        st.info("No stored model of images has codes of held-out pairs.")
        return
    chosen = _choose(available)
    models = [digit_model.load(stored_models.stored_as(name)) for name in chosen]
    titles = [stored_models.title(name) for name in chosen]
    state.choose("What goes through", "source", {"pair": "a real pair", "prior": "draws of the prior"})
    if state.seen(AblationsView).source == "prior":
        _draws(models, titles)
    else:
        _real_pair(models, titles)


def _real_pair(models: Sequence[DigitModel], titles: Sequence[str]) -> None:
    """A pair rebuilt, then its style in all ten digits."""
    with st.container(width=420):
        state.slide("Held-out pair", "pair", len(models[0].codes) - 1)
    label = models[0].label
    prose.write(
        "Each row is one model. It rebuilds the pair, then keeps the pair's Z_a and takes Z_y from a pair of each "
        f"{label}. Where the model factorizes, the {label} changes along the row and the style stays."
    )
    pair, donors = state.seen(AblationsView).pair, donor_pairs(models[0])
    grids = [in_all_digits(one, pair, donors) for one in models]
    wanted = [models[0].digit(one) for one in (pair, *donors)]
    wall.show_once(_panels, tuple(grids), tuple(titles), tuple(wanted), key="wall_losses")
    prose.caption(
        f"Held-out pair {pair}, a {wanted[0]}. A dashed frame: the independent judge reads another {label} than the "
        "one that gave Z_y. " + " ".join(_count(title, grid, wanted) for title, grid in zip(titles, grids, strict=True))
    )


def _draws(models: Sequence[DigitModel], titles: Sequence[str]) -> None:
    """Pairs made of all of Z drawn from the prior."""
    with st.container(width=420):
        state.slide("Draw", "draw", 99)
    prose.write(
        "Each row is one model. All of Z is drawn from N(0, I), and both pictures of a column come of the same draw. "
        f"Where Z_y alone carries the label, both show the same {models[0].label}."
    )
    grids = [drawn_from_prior(one, state.seen(AblationsView).draw) for one in models]
    wall.show_once(_drawn_panels, tuple(grids), tuple(titles), key="wall_draws")
    prose.caption(
        f"A dashed frame: in the two pictures of a draw the independent judges do not read the same {models[0].label}. "
        + " ".join(_coherent(title, grid, models[0].label) for title, grid in zip(titles, grids, strict=True))
    )


def _choose(available: tuple[str, ...]) -> tuple[str, ...]:
    known = [name for name in state.seen(AblationsView).stored if name in available] or list(available[:MOST_COMPARED])
    chosen = tuple(name for name in available if name in known)
    state.choose_several("Models", "models", available, known, MOST_COMPARED, stored_models.title)
    return chosen


def _panels(
    sheet: wall.Sheet, grids: tuple[PictureGrid, ...], titles: tuple[str, ...], wanted: tuple[int, ...]
) -> list[Data]:
    """A panel for each modality of the first model."""
    return [_panel(sheet, name, grids, titles, wanted) for name in grids[0].pictures]


def _panel(
    sheet: wall.Sheet,
    modality: str,
    grids: tuple[PictureGrid, ...],
    titles: tuple[str, ...],
    wanted: tuple[int, ...],
) -> Data:
    """One modality: a row a model, a column a digit."""
    rows: list[Data] = []
    for title, grid in zip(titles, grids, strict=True):
        cells: list[Data] = []
        for column, digit in enumerate(wanted):
            alt = f"{title}: {names.title(modality)}, " + (f"a {digit} rebuilt" if column == 0 else f"Z_y of a {digit}")
            wrong = False
            if modality in grid.judged:
                seen = int(grid.judged[modality][0, column].argmax())
                wrong = seen != digit
                alt += f"; the judge reads {seen}"
            shot = sheet.shot(modality, grid.pictures[modality][0, column], alt)
            cells.append(wall.cell(shot, mark="wrong" if wrong else ""))
        rows.append({"head": title, "cells": cells})
    return _wide(modality, ["rebuilt", *map(str, wanted[1:])], rows) | {"stacked": True}


def _read(grid: PictureGrid) -> dict[str, list[int]]:
    """The digit that the judge reads in each picture of a row, by modality."""
    return {name: seen[0].argmax(-1).tolist() for name, seen in grid.judged.items()}


def _drawn_panels(sheet: wall.Sheet, grids: tuple[PictureGrid, ...], titles: tuple[str, ...]) -> list[Data]:
    """A panel for each modality: a row a model, a column a draw."""
    return [_drawn_panel(sheet, name, grids, titles) for name in grids[0].pictures]


def _drawn_panel(sheet: wall.Sheet, modality: str, grids: tuple[PictureGrid, ...], titles: tuple[str, ...]) -> Data:
    rows: list[Data] = []
    for title, grid in zip(titles, grids, strict=True):
        seen, cells = _read(grid), list[Data]()
        for column in range(DRAWS):
            digits = [read[column] for read in seen.values()]
            alt = f"{title}: {names.title(modality)}, draw {column + 1} of the prior"
            if modality in seen:
                alt += f"; the judge reads {seen[modality][column]}"
            shot = sheet.shot(modality, grid.pictures[modality][0, column], alt)
            cells.append(wall.cell(shot, mark="wrong" if len(set(digits)) > 1 else ""))
        rows.append({"head": title, "cells": cells})
    return _wide(modality, [str(column + 1) for column in range(DRAWS)], rows) | {"folded": DRAWS // 2}


def _wide(modality: str, columns: list[str], rows: list[Data]) -> Data:
    """A panel of one modality with a head for each row."""
    return {
        "title": names.title(modality),
        "across": len(columns),
        "columns": columns,
        "rows": rows,
        "gap": "5px",
        "head": "minmax(6rem, 1.8fr)",
        "least": "34rem",
    }


def _coherent(title: str, grid: PictureGrid, label: str) -> str:
    """In how many draws of a row the judges read the same label in both pictures."""
    seen = list(_read(grid).values())
    if len(seen) < 2:
        return ""
    return (
        f"**{title}**: the same {label} in {sum(len(set(each)) == 1 for each in zip(*seen, strict=True))} of {DRAWS}."
    )


def _count(title: str, grid: PictureGrid, wanted: list[int]) -> str:
    """How many pictures of a row the judges read as the digit that gave Z_y."""
    counts = [
        f"{int((seen[0, 1:].argmax(-1) == wanted[1:]).sum())} of {len(wanted) - 1} {names.title(name)}"
        for name, seen in grid.judged.items()
    ]
    return f"**{title}**: as wanted in {' and '.join(counts)} pictures." if counts else ""


def figures(available: tuple[str, ...]) -> None:
    """The figures of small models that differ in their objective alone.

    Args:
        available: Names of the stored models whose pictures stand above.
    """
    st.subheader("Which loss makes it factorize?", anchor=False)
    compared.show(
        LOSSES,
        "One small MFM of SVHN and MNIST for each objective, trained alike",
        command="python -m mfm_core losses",
        alt="Swap accuracy, probes and coherence of small models of digits by their objective",
    )
    with suppress(ValueError):  # of a damaged file, which the chart tells of
        if available and (small := compared.origin_of(SHIPPED)):
            first = available[0]
            prose.caption(larger(stored_models.title(first), origins.of_model(first), small))


def larger(title: str, large: Origin, small: Origin) -> str:
    """How a model whose pictures stand above differs from the bar of the added terms; empty where it does not.

    Args:
        title: Of the model.
        large: Its origin.
        small: That of the bar.
    """
    if large == small:
        return ""
    return (
        f"**The bar “{OBJECTIVES[SHIPPED].title}” is not {title}**, whose pictures stand above. That one has "
        f"{origins.extent(large)}, and {origins.flows(large)}; each model of the bar has {origins.extent(small)}, and "
        f"{origins.flows(small)}. The figures of that model are on the page About this model."
    )
