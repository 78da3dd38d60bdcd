"""Stored figures about the model that was trained by Eq. 4 alone, beside which the sliders show another."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

import mfm_core as mfm
from app.claims import results
from app.shared import names
from mfm_core.experiments.losses import ALL_SEEDS, LOSSES, read_losses

OBJECTIVE = "joint"
"""Eq. 4 alone, see ``mfm_core.experiments.losses.OBJECTIVES``."""


def told(one: mfm.MFM, label: str) -> str:
    """The sentence on what the Z_a of the model keeps of the label; empty where that was not measured.

    Args:
        one: The model.
        label: What the label is, a noun.
    """
    return measured(_stored(), {name: names.title(name) for name in one.modalities}, label)


def measured(stored: pd.DataFrame, modalities: Mapping[str, str], label: str) -> str:
    """The sentence on how often a swapped Z_y brings its label along, and a Z_a tells it; empty where not measured.

    Args:
        stored: The figures, see ``mfm_core.experiments.losses.read_losses``.
        modalities: Titles of modalities by name.
        label: What the label is, a noun.
    """
    rows = stored[(stored.objective == OBJECTIVE) & (stored.seed.astype(str) == ALL_SEEDS)]
    swapped, probed, chance = (
        _shares(rows, key, modalities) for key in ("swap_accuracy", "probe_accuracy", "probe_chance")
    )
    if not (swapped and probed and chance):
        return ""
    return (
        f"In models so trained from several seeds a judge reads, after a swap of Z_y, the new {label} in {swapped}, "
        f"and a probe reads the {label} from the Z_a of {probed} (the most frequent one: {chance})."
    )


def _shares(rows: pd.DataFrame, key: str, modalities: Mapping[str, str]) -> str:
    found = rows[rows.key == key].set_index("subject").value.to_dict()
    said = {title: f"{100 * found[name]:.0f} %" for name, title in modalities.items() if name in found}
    if key == "probe_chance":
        return " and ".join(dict.fromkeys(said.values()))
    between = " in " if key == "probe_accuracy" else " of "
    order = [(title, share) if key == "probe_accuracy" else (share, title) for title, share in said.items()]
    return " and ".join(between.join(parts) for parts in order)


def _stored() -> pd.DataFrame:
    """The stored figures; none where they are missing or damaged, which the page Ablations tells of."""
    try:
        return read_losses(results.folder() / LOSSES)
    except (OSError, ValueError):
        return pd.DataFrame(columns=["objective", "seed", "key", "subject", "value"])
