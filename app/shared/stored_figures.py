"""The measured figures of stored models, and in a sentence why those of a model cannot be shown."""

from __future__ import annotations

from dataclasses import dataclass

import mfm_core as mfm
from app.shared import stored_models
from mfm_core.evaluation.figures import read_figures
from mfm_core.storage.models import METRICS


@dataclass(frozen=True)
class StoredFigures:
    """Stored measurements of a model.

    Attributes:
        figures: Its figures; none where it was not measured, or where they cannot be read.
        damage: Which figures cannot be shown and why, a sentence; empty where nothing is wrong.
    """

    figures: tuple[mfm.Figure, ...] = ()
    damage: str = ""


def of_model(name: str) -> StoredFigures:
    """The figures of a stored model, read once until its files change.

    Args:
        name: Its name, see :func:`app.shared.stored_models.stored_as`.
    """
    place = stored_models.stored_as(name)
    return stored_models.kept("figures", place, lambda: _read(name, place))


def damages() -> list[str]:
    """Which figures of any stored model cannot be shown and why, a sentence a model."""
    return [found.damage for found in map(of_model, stored_models.models()) if found.damage]


def _read(name: str, place: str) -> StoredFigures:
    try:
        return StoredFigures(read_figures(mfm.load_metrics(place).get("figures"), METRICS))
    except FileNotFoundError:
        return StoredFigures()  # it was not measured
    except (OSError, ValueError) as error:
        why = str(error).rpartition(f"{METRICS}: ")[2]  # without the path, which is the server's affair
        title = stored_models.title(name)
        return StoredFigures(damage=f"None of the measured figures of {title} can be shown: {METRICS}: {why}")
