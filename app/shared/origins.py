"""Sentences on how models that stand side by side differ in size and training, by their configurations."""

from __future__ import annotations

from collections.abc import Sequence

from app.shared import stored_models
from mfm_core.data.registry import modality_info
from mfm_core.storage.folder import StoredModel, model_folder
from mfm_core.storage.origin import Origin, origin


def of_model(name: str) -> Origin:
    """The origin of a stored model of images, read once until its files change.

    Raises:
        OSError: If a file is missing.
        ValueError: If one is damaged.
    """
    place = stored_models.stored_as(name)

    def read() -> Origin:
        stored = StoredModel.of_folder(model_folder(place))
        return origin(stored.model, stored.run)

    return stored_models.kept("origin", place, read)


def confounded(names: Sequence[str]) -> str:
    """Say what beside their objective tells stored models apart; empty where neither size nor steps do."""
    found = {stored_models.title(name): of_model(name) for name in names}
    if len({(one.parameters, one.steps) for one in found.values()}) < 2:
        return ""
    told = "; ".join(f"{title} has {extent(one)}" for title, one in found.items())
    return f"Not only the objective differs: {told}. The page Ablations compares objectives at one size."


def extent(one: Origin) -> str:
    """The size of a model and the steps of its training in words: ``862,998 parameters and 400 training steps``."""
    size = f"{one.parameters:,} parameters"
    if not one.steps:
        return size
    runs = f" in {len(one.steps)} trainings" if len(one.steps) > 1 else ""
    return f"{size} and {sum(one.steps):,} training steps{runs}"


def flows(one: Origin) -> str:
    """The flows behind the encoders of Z_a in words."""
    layers = sorted(set(one.flows.values()))
    if not any(layers):
        return "no flow behind its encoders of Z_a"
    told = f"flows of {' and '.join(map(str, layers))} layers"
    white = [modality_info(name).title for name in one.whitened]
    return told + (f", with whitening behind that of {' and '.join(white)}" if white else ", without whitening")
