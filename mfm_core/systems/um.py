"""UM: one modality alone predicts the label, with no generation (Figure 5(b))."""

from __future__ import annotations

from typing import Literal, cast

from mfm_core.data.dataset import Dataset
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage.folder import StoredModel
from mfm_core.systems.base import DataSpec
from mfm_core.systems.mm import Multimodal
from mfm_core.systems.parts.family import FamilyConfig
from mfm_core.systems.registry import register_system


class UnimodalConfig(FamilyConfig):
    """See :class:`FamilyConfig`; the sizes of codes and the noise on them are not used.

    Attributes:
        key: The modality that is read; None for the first.
    """

    system: Literal["um"] = "um"
    key: str | None = None


@register_system(
    "um",
    title="UM",
    paper="Tsai et al. (2019), section 3.2: the unimodal baseline",
    reads=("image", "sequence"),
    unimodal=True,
    place=31,
)
class Unimodal(Multimodal):
    """MM of the key modality: the others need not be there when it predicts.

    Where a sample lacks the key modality it is filled: mid-grey for images, the mean for sequences.
    """

    Config = UnimodalConfig

    @classmethod
    def reads_back(cls, stored: StoredModel) -> bool:
        """Every stored classifier of one modality."""
        return stored.kind == Discriminative.kind and len(stored.model.modalities) == 1

    @classmethod
    def spec_of_data(cls, config: FamilyConfig, train: Dataset) -> DataSpec:
        """The key modality alone."""
        spec, key = super().spec_of_data(config, train), cast(UnimodalConfig, config).key
        if key is None:
            key = next(iter(spec.streams))
        if key not in spec.streams:
            raise ValueError(f"config.key: expected one of {', '.join(spec.streams)}, got {key!r}")
        return spec.model_copy(update={"streams": {key: spec.streams[key]}})
