"""Systems whose network is stored in the layout of models, so that what reads models reads them too."""

from __future__ import annotations

from abc import abstractmethod
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, cast

from pydantic import JsonValue

from mfm_core.storage.folder import StoredModel
from mfm_core.storage.models import Network, load_network, save_model
from mfm_core.storage.scaling import SCALING, load_scaling, save_scaling
from mfm_core.systems.parts.family import FamilyConfig, FamilySystem, spec_of
from mfm_core.systems.registry import read_config


class StoredAsModel(FamilySystem):
    """A system that is stored in the layout of models, see :func:`mfm_core.save_model`, with its scaling beside it."""

    @property
    @abstractmethod
    def model(self) -> Network:
        """The model itself."""

    def save(self, folder: Path) -> None:
        """Store the model, which :func:`mfm_core.load_pretrained` reads too, with its scaling."""
        run: dict[str, JsonValue] = {
            "fitted": self.config.model_dump(mode="json"),
            "date": datetime.now(UTC).date().isoformat(),
            "data": self.spec.name,
            "unit": self.spec.unit,
        }
        card = f"# {folder.name}\n\n{self.info.title}, fitted to a data set of one's own. Not evaluated.\n"
        save_model(self.model, folder, run=run, card=card)
        (folder / SCALING).unlink(missing_ok=True)
        if self.scaling:
            save_scaling(self.scaling, folder)

    @classmethod
    def load_model(cls, folder: Path, stored: StoredModel) -> Self:
        """The system of a stored model, with the configuration that it was fitted with, or the default one."""
        model = load_network(folder)
        fitted = stored.run.get("fitted")
        known = fitted if isinstance(fitted, dict) else {}
        config = cast(FamilyConfig, read_config({**known, "system": cls.info.name}))
        scaling = load_scaling(folder) if stored.model.sequences else {}
        facts = {"name": stored.data, "unit": stored.dataset.unit}
        spec = spec_of(model.config).model_copy(update=facts)
        return cls(config.model_copy(update={"model": model.config}), spec, model, scaling)
