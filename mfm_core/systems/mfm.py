"""MFM: the Multimodal Factorization Model (Tsai et al., 2019) as a system, of images or of sequences."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self, cast

import torch
from pydantic import Field, field_validator, model_validator
from torch import Tensor, nn

from mfm_core.arguments import expect, function_or, path_of, seed_number
from mfm_core.config import ModelConfig, Weight
from mfm_core.data.dataset import Dataset
from mfm_core.latents import Latents, concatenate
from mfm_core.model import MFM
from mfm_core.storage.folder import StoredModel
from mfm_core.systems.base import DataSpec, OnReport
from mfm_core.systems.parts.family import FamilyConfig, OnValidation, default_objective, model_of
from mfm_core.systems.parts.sequences import batches
from mfm_core.systems.parts.stored_as_model import StoredAsModel
from mfm_core.systems.registry import check_data, register_system
from mfm_core.training.augmentation import Augmentation
from mfm_core.training.common import presence
from mfm_core.training.factorization import FactorizationConfig
from mfm_core.training.image_source import DatasetImages
from mfm_core.training.images import FactorizeRun, FactorizeTask
from mfm_core.training.loop import Task
from mfm_core.training.terms.registry import label_problem, terms_of
from mfm_core.training.video_terms import SequenceTerms
from mfm_core.training.videos import SequenceRun, SequenceTask, groups

CHOSEN = ("flow", "recognition", "label_balance", "certainty", "conditional_mmd")
"""Terms that an MFM of images is trained with where its configuration names none, with their weight in small models."""


class MFMConfig(FamilyConfig):
    """An MFM; see :class:`FamilyConfig` for sizes and training.

    Attributes:
        flow: Couplings of the flow that takes the label out of Z_a of an image; 0 for none.
        factorization: Terms added to Eq. 4 for images, but for those that need stored readers; None for those that suit
            the label.
        mmd_y: Weight of the MMD of Z_y alone to the prior, of sequences.
        terms: Other terms added to Eq. 4 for sequences.
    """

    system: Literal["mfm"] = "mfm"
    flow: Annotated[int, Field(ge=0, le=64)] = 4
    factorization: FactorizationConfig | None = None
    mmd_y: Weight = 1.0
    terms: SequenceTerms = Field(default_factory=SequenceTerms)

    @field_validator("factorization", mode="before")
    @classmethod
    def _none_that_need_readers(cls, given: object) -> object:
        """Terms that need stored readers are left out, unless somebody asks for one, who is then refused."""
        if isinstance(given, FactorizationConfig):
            given = given.model_dump(include=given.model_fields_set)
        if not isinstance(given, dict):
            return given
        return {term.key: 0.0 for term in terms_of("image") if term.readers} | given

    @model_validator(mode="after")
    def _no_readers(self) -> Self:
        for term in self.factorization.active() if self.factorization is not None else ():
            if term.readers:
                weight = cast(FactorizationConfig, self.factorization).weight(term.key)
                raise ValueError(f"factorization.{term.key}: expected 0, for a system has no readers, got {weight}")
        if given := self.terms.weight("mmd_y"):
            raise ValueError(f"terms.mmd_y: expected 0, for mmd_y beside it is the weight of a system, got {given}")
        return self


@register_system(
    "mfm",
    title="MFM",
    paper="Tsai et al. (2019), Learning factorized multimodal representations, ICLR",
    reads=("sequence", "image"),
    place=25,
)
class MFMSystem(StoredAsModel):
    """A fitted MFM: its label comes from Z_y alone, and surrogates infer what a sample lacks.

    Attributes:
        model: The :class:`MFM`, for swapping, interpretation and everything else that takes a model. It reads samples
            as :meth:`prepared` returns them; :meth:`encode` prepares them by itself.
    """

    Config = MFMConfig

    @property
    def model(self) -> MFM:
        """The model itself."""
        return cast(MFM, self.network)

    @classmethod
    def reads_back(cls, stored: StoredModel) -> bool:
        """Every stored MFM."""
        return stored.kind == MFM.kind

    @classmethod
    def build(cls, model: ModelConfig) -> nn.Module:
        """An MFM without training."""
        return MFM(model)

    @classmethod
    def last_layer(cls, network: nn.Module) -> nn.Linear:
        """D."""
        return cast(MFM, network).label_head

    @classmethod
    def architecture(cls, config: FamilyConfig, spec: DataSpec, length: int) -> ModelConfig:
        """Sizes by the data; images of classes have flows that take the label out of Z_a."""
        model, config = model_of(config, spec, length), cast(MFMConfig, config)
        if config.model is not None or not model.images or not spec.classes:
            return model
        with_flows = {name: m.model_copy(update={"flow": config.flow}) for name, m in model.images.items()}
        return model.model_copy(update={"modalities": with_flows})

    @classmethod
    def task(cls, config: FamilyConfig, model: ModelConfig, parts: tuple[Dataset, Dataset], seed: int) -> Task:
        """Eq. 4, and on images the added terms that need no readers.

        Raises:
            ValueError: If no training sample has all modalities: the encoder of Z_y would learn nothing.
        """
        names = tuple(model.modalities)
        if not presence(parts[0], names).all(dim=1).any():
            raise ValueError(
                f"train: expected some samples with all of {', '.join(names)}, got none of {len(parts[0])}"
            )
        config, device = cast(MFMConfig, config), torch.device("cpu")
        loop = {"seed": seed}
        if model.sequences:
            run = SequenceRun(
                **{
                    "system": "mfm_sequences",
                    "data": parts[0].name,
                    "model": model,
                    "objective": config.objective or default_objective(model),
                    "noise": config.noise,
                    "noise_y": config.noise_y,
                    "mmd_y": config.mmd_y,
                    "terms": config.terms,
                    "training": loop,
                }
            )
            return SequenceTask(run, device, parts)
        images = FactorizeRun(
            **{
                "system": "mfm",
                "model": model,
                "objective": config.objective or default_objective(model),
                "factorization": config.factorization or image_terms(model, config),
                "augmentation": dict.fromkeys(model.modalities, Augmentation()),
                "readers": {},
                "training": loop,
            }
        )
        return FactorizeTask(images, {}, DatasetImages(*parts), device)

    def decide(self, data: Dataset) -> Tensor:
        """D of Z_y; of a sample without any modality that of the prior's mean."""
        return self.model.decide(self._infer(data).y)

    def encode(self, dataset: Dataset) -> Latents:
        """Infer Z of a data set in its own units, which is prepared as for :meth:`predict`.

        Args:
            dataset: Samples with the modalities of the system.

        Returns:
            Z of each sample; what it lacks is inferred, and Z of a sample without any modality is the prior's mean.

        Raises:
            ValueError: If ``dataset`` lacks a modality of the system, or has it in another shape.
        """
        data = self.prepared(dataset)
        with torch.no_grad():
            return concatenate([self._infer(data.take(rows)) for rows in batches(len(data))] or [self._infer(data)])

    def _infer(self, data: Dataset) -> Latents:
        blocks = {name: torch.zeros(len(data), size) for name, size in self.model.sizes.items()}
        for group in groups(data, self.model.modalities):
            for name, block in self.model.encode(group.inputs, group.mask).blocks().items():
                blocks[name][group.index] = block
        return Latents(blocks.pop("y"), blocks, data.mask)


def image_terms(model: ModelConfig, config: MFMConfig) -> FactorizationConfig:
    """The terms added to Eq. 4 that need no readers; of scores those alone that need no classes."""
    weights = {
        term.key: term.small["image"] if term.key in CHOSEN and label_problem(term.label, model) is None else 0.0
        for term in terms_of("image")
    }
    same_label = model.label.kind == "classes"
    return FactorizationConfig(same_label=same_label, noise=config.noise, noise_y=config.noise_y, **weights)


def train(
    config: MFMConfig | ModelConfig,
    train: Dataset,
    validation: Dataset | None = None,
    *,
    folder: str | Path | None = None,
    seed: int = 0,
    on_report: OnReport | None = None,
    on_validation: OnValidation | None = None,
) -> MFMSystem:
    """Train an MFM on a data set, or go on with it.

    Args:
        config: The configuration, or the architecture alone.
        train: Samples to learn from.
        validation: Samples that decide which weights are kept; None to hold out 15 % of ``train``, by video.
        folder: Where the state of the run and ``log.jsonl`` are kept: what was killed goes on from there. None to keep
            nothing.
        seed: Of everything random.
        on_report: Called after every step with its number and the terms of the cost.
        on_validation: Called after every validation with the number of the step and the averaged model, which must not
            be changed.

    Returns:
        The fitted system, whose ``model`` is the :class:`MFM`.

    Raises:
        ValueError: If the data is not what the configuration reads, the folder holds another run, or training fails.
    """
    if isinstance(config, ModelConfig):
        config = MFMConfig(model=config)
    config = expect("config", config, MFMConfig)
    check_data(MFMSystem.info, train, validation)
    return MFMSystem.train(
        config,
        train,
        validation,
        seed=seed_number(seed),
        on_report=function_or("on_report", on_report, lambda step, report: None),
        on_validation=function_or("on_validation", on_validation, lambda step, model: None),
        folder=None if folder is None else path_of("folder", folder),
    )
