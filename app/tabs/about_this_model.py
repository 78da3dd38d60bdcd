"""The page About this model: its card and every measured figure."""

from __future__ import annotations

import streamlit as st
from pydantic import BaseModel, ConfigDict, ValidationError

import mfm_core as mfm
from app.exhibit import MODEL, stored_as


class Measured(BaseModel):
    """One figure of ``metrics.json``."""

    model_config = ConfigDict(extra="ignore")

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    reach: float | None = None
    reached: bool | None = None


def main() -> None:
    """The page."""
    name = stored_as(MODEL)
    try:
        st.markdown(mfm.load_card(name))
    except (FileNotFoundError, ValueError):
        st.info("This model has no card.")
    try:
        metrics = mfm.load_metrics(name)
    except (FileNotFoundError, ValueError):
        st.info("Nothing has been measured of this model yet.")
        return
    st.header("Measured on held-out digits", anchor=False)
    st.caption(f"Seed {metrics.get('seed', 'not recorded')}. Intervals are 95 %.")
    st.table(_rows(metrics.get("figures")), border="horizontal")


def _rows(figures: object) -> list[dict[str, str]]:
    rows = []
    for figure in figures if isinstance(figures, list) else []:
        try:
            found = Measured.model_validate(figure)
        except ValidationError:
            continue
        rows.append(
            {
                "Measure": found.name,
                "Value": f"{found.value:.4g}",
                "Interval": "" if found.low is None or found.high is None else f"{found.low:.4g} to {found.high:.4g}",
                "n": "" if found.n is None else str(found.n),
                "Aim": "" if found.reach is None else f"{found.reach:.4g}",
                "Reached": "" if found.reached is None else ("yes" if found.reached else "no"),
            }
        )
    return rows


main()
