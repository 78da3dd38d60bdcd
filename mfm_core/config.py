"""Configurations: frozen, complete, stored as JSON beside the weights; unknown keys are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator
from torch import Tensor, nn

from mfm_core.problems import expectation, shown, unknown_key

Positive = Annotated[int, Field(gt=0, le=65_536)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Weights = Weight | Annotated[dict[str, Weight], Field(min_length=1)]
"""One weight for every modality, or one for each by name."""
Levels = Annotated[tuple[Positive, ...], Field(min_length=1, max_length=8)]
MAX_NAME = 40
MAX_CHANNELS, PIXELS = 4, (8, 256)
"""Channels of an image at most, and the least and the most pixels of a side."""
_Side = Annotated[int, Field(ge=PIXELS[0], le=PIXELS[1])]
_IMAGE, _SEQUENCE = "an image modality", "a sequence modality"
_NO_KEY = re.compile(rf"{_IMAGE}|{_SEQUENCE}|constrained-\w+|(dict|list|tuple)\[.*\]")
"""Parts of a place that pydantic adds to the keys: as which of several kinds a value was read."""


class Config(BaseModel):
    """Base of all configurations: immutable, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, /, **values: Any) -> None:  # noqa: ANN401
        """Build a configuration from its values.

        Raises:
            ValueError: In one sentence, naming the first key that is wrong.
        """
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ValueError(first_problem(error, whole=type(self).__name__)) from None

    # By this mark pydantic builds configurations inside others by itself still, and knows the place of a problem.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, values: object) -> object:
        if isinstance(values, dict) and cls.model_config.get("extra") == "forbid":
            for key, value in values.items():
                if key not in cls.model_fields:
                    raise ValueError(unknown_key(key, value, cls.model_fields))
        return values

    @classmethod
    def parse(cls, text: str | bytes, source: str) -> Self:
        """Read a configuration from JSON.

        Args:
            text: The JSON.
            source: Where it came from, for the message.

        Raises:
            ValueError: In one sentence, naming the first key that is wrong.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ValueError(f"{source}: {first_problem(error)}") from None

    @classmethod
    def read(cls, path: Path, limit: int = 1_000_000) -> Self:
        """Read a configuration from a JSON file of at most ``limit`` bytes.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file is too large or not a valid configuration.
        """
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file")
        if (size := path.stat().st_size) > limit:
            raise ValueError(f"{path}: expected at most {limit} bytes, got {size}")
        return cls.parse(path.read_bytes(), str(path))


def first_problem(error: ValidationError, whole: str = "the file") -> str:
    """The first thing wrong with a configuration, in one sentence.

    Args:
        error: As pydantic raised it.
        whole: What the message calls the configuration itself, where no key of it is to blame.
    """
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"] if not _NO_KEY.fullmatch(str(part)))
    if problem["type"] == "value_error":  # ours, which begins with the key and ends with what was given
        return f"{where}.".lstrip(".") + expectation(problem)
    sentence = f"{where or whole}: {expectation(problem)}"
    if isinstance(problem["input"], dict):  # the configuration around what is missing or contradicts itself
        return sentence
    return f"{sentence}, got {shown(problem['input'])}"


def weighed(costs: Mapping[str, Tensor], weights: float | Mapping[str, float]) -> dict[str, Tensor]:
    """The cost of each modality times its weight."""
    each = weights if isinstance(weights, Mapping) else dict.fromkeys(costs, weights)
    return {name: each[name] * cost for name, cost in costs.items()}


class ImageModality(Config):
    """An image modality and its convolutional encoders and decoder.

    Attributes:
        shape: Channels, height, width.
        d_z: Size of Z_a.
        d_f: Size of F_a.
        channels: Channels of the levels of the encoder of Z_a, each half as large as the one before; the decoder
            mirrors them.
        fusion: What the encoder of Z_y extracts from this modality with: convolutions, or residual blocks of them.
        fusion_channels: Channels of the levels there.
        fusion_depth: Convolutions, or blocks, of a level there; the first of them halves the picture.
        hidden: Width of the fully connected layers between code and picture.
        flow: Couplings of the flow that takes the label out of the code; 0 for none.
        flow_mixed: Further couplings of it, each behind a learned linear map.
        flow_whitened: Whether mean and covariance of each class are taken from what leaves the flow, as they were
            counted when it was fitted.
    """

    kind: Literal["image"] = "image"
    shape: tuple[Annotated[int, Field(gt=0, le=MAX_CHANNELS)], _Side, _Side]
    d_z: Positive
    d_f: Positive
    channels: Levels = (24, 48, 96)
    fusion: Literal["convolutional", "residual"] = "convolutional"
    fusion_channels: Levels = (32, 64, 128)
    fusion_depth: Annotated[int, Field(gt=0, le=4)] = 1
    hidden: Positive = 256
    flow: Annotated[int, Field(ge=0, le=64)] = 0
    flow_mixed: Annotated[int, Field(ge=0, le=64)] = 0
    flow_whitened: bool = False

    @model_validator(mode="after")
    def _flows(self) -> Self:
        if self.flow_mixed and not self.flow:
            raise ValueError(f"flow_mixed: expected 0 where flow is 0, got {self.flow_mixed}")
        return self


class SequenceModality(Config):
    """A modality that is a sequence of feature vectors, and its recurrent encoders and decoder.

    Attributes:
        d_x: Features of a step.
        d_z: Size of Z_a, and width of the LSTM that infers it.
        d_f: Size of F_a.
        hidden: Width of its view-LSTM in the Memory Fusion Network.
        feedback: What the decoder reads at a step: its own hidden state of the step before, as in the published code,
            or what it generated there as well.
        factors_at: When the decoder reads the factors: at the ``"first"`` step only, as in the published code, or at
            ``"every"`` step, with a learned code of the step, as in the reference [11] of the paper (Cho et al., 2014).
        decoder_hidden: Width of the decoder's LSTM; None for the size of the joined factors, as in the published code.
        encoder_hidden: Width of the LSTM that infers Z_a, each way; None for ``d_z``, as in the published code.
        both_ways: Whether that LSTM also reads from the last step to the first.
        step_width: Numbers that pass between the code and each step by a linear map of that step's own: into Z_a from
            every hidden state, in place of the last one alone, and from the factors to every step of the decoder. None
            for no such maps, as in the published code.
        residual: Whether G_a is a linear layer with residual layers after it, rather than two layers with ``hidden``
            units between them.
    """

    kind: Literal["sequence"] = "sequence"
    d_x: Positive
    d_z: Positive
    d_f: Positive
    hidden: Positive = 64
    feedback: Literal["hidden", "output"] = "hidden"
    factors_at: Literal["first", "every"] = "first"
    decoder_hidden: Positive | None = None
    encoder_hidden: Positive | None = None
    both_ways: bool = False
    step_width: Positive | None = None
    residual: bool = False

    @model_validator(mode="after")
    def _maps(self) -> Self:
        if self.step_width is not None and self.factors_at != "every":
            raise ValueError(f"step_width: expected none with factors_at {self.factors_at!r}, got {self.step_width}")
        return self


class MemoryConfig(Config):
    """The multi-view memory of the Memory Fusion Network; models of images have none.

    Attributes:
        memory: Size of the memory.
        attention: Width of the hidden layer of the delta-memory attention.
        candidate: Width of the hidden layer that proposes what to remember.
        gate: Width of the hidden layer of each of the two gates.
        dropout: Share of these hidden units left out at a step, while training; drawn from the global generator.
    """

    memory: Positive = 64
    attention: Positive = 64
    candidate: Positive = 64
    gate: Positive = 32
    dropout: Share = 0.0


def _kind(given: object) -> str | None:
    """Which modality is meant; what says nothing is an image, as configurations were before there were sequences."""
    kind = given.get("kind", "image") if isinstance(given, dict) else getattr(given, "kind", None)
    tags = {"image": _IMAGE, "sequence": _SEQUENCE}
    return tags.get(kind) if isinstance(kind, str) else None


Modality = Annotated[
    Annotated[ImageModality, Tag(_IMAGE)] | Annotated[SequenceModality, Tag(_SEQUENCE)],
    Discriminator(
        _kind,
        custom_error_type="kind_of_modality",
        custom_error_message="expected a modality of kind 'image' or 'sequence'",
    ),
]


class LabelConfig(Config):
    """The label Y: one of ``size`` classes, or ``size`` scores."""

    kind: Literal["classes", "scores"] = "classes"
    size: Positive = 10


def check_modality_name(name: object) -> None:
    """Raise ValueError unless a modality can be called ``name``: in a model, a data set, or a file of sequences."""
    taken = hasattr(nn.ModuleDict(), str(name)) or name == "y"
    if not isinstance(name, str) or not name.isidentifier() or len(name) > MAX_NAME or taken:
        raise ValueError(
            f"modalities: expected identifiers of at most {MAX_NAME} letters, other than 'y' and the "
            f"attributes of torch.nn.ModuleDict, got {name!r:.{MAX_NAME + 2}}"
        )


class ModelConfig(Config):
    """The architecture of an MFM (Figure 1).

    Attributes:
        modalities: Each modality by name, in order: all images, or all sequences.
        label: What D(F_y) predicts.
        d_y: Size of Z_y.
        d_f: Size of F_y.
        features: Size of what the encoder Q(Z_y | X_1:M) extracts from each image before fusing.
        hidden: Width of the hidden layers of G and of the fusion.
        memory: How that encoder fuses sequences.
        length: Steps of the sequences that :meth:`MFM.sample` draws, and that decoders which read the factors at every
            step have a code of their own for; later steps share the last code.
    """

    modalities: dict[str, Modality]
    label: LabelConfig = LabelConfig()
    d_y: Positive = 8
    d_f: Positive = 64
    features: Positive = 128
    hidden: Positive = 128
    memory: MemoryConfig = MemoryConfig()
    length: Positive = 20

    @property
    def images(self) -> dict[str, ImageModality]:
        """The modalities that are images: all of them or none."""
        return {name: m for name, m in self.modalities.items() if isinstance(m, ImageModality)}

    @property
    def sequences(self) -> dict[str, SequenceModality]:
        """The modalities that are sequences: all of them or none."""
        return {name: m for name, m in self.modalities.items() if isinstance(m, SequenceModality)}

    @property
    def widths(self) -> dict[str, int]:
        """Size of what the encoder of Z_y extracts from each modality."""
        views = {name: m.hidden for name, m in self.sequences.items()}
        return views or dict.fromkeys(self.images, self.features)

    @model_validator(mode="after")
    def _names(self) -> Self:
        if not self.modalities:
            raise ValueError("modalities: expected at least one, got none")
        for name in self.modalities:
            check_modality_name(name)
        if self.images and self.sequences:
            raise ValueError(
                f"modalities: expected all images or all sequences, got {', '.join(self.images)} as images "
                f"and {', '.join(self.sequences)} as sequences"
            )
        return self
