"""Configurations: frozen, complete, stored as JSON beside the weights; unknown keys are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from torch import nn

Positive = Annotated[int, Field(gt=0, le=65_536)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=1e6)]
Levels = Annotated[tuple[Positive, ...], Field(min_length=1, max_length=8)]
MAX_NAME = 40


class Config(BaseModel):
    """Base of all configurations: immutable, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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


def first_problem(error: ValidationError) -> str:
    """The first thing wrong with a configuration, in one sentence."""
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "value_error":  # ours, which begins with the key
        sentence = f"{where}.".lstrip(".") + problem["msg"].removeprefix("Value error, ")
    else:
        sentence = f"{where or 'the file'}: {problem['msg']}"
    if isinstance(problem["input"], dict):  # the configuration around what is missing or contradicts itself
        return sentence
    given = repr(problem["input"])
    shown = given if len(given) <= 80 else given[:77] + "..."
    return f"{sentence} (given {shown})"


class ImageModality(Config):
    """An image modality and its convolutional encoders and decoder.

    Attributes:
        shape: Channels, height, width.
        d_z: Size of Z_a.
        d_f: Size of F_a.
        channels: Channels of the levels of the encoder of Z_a, each half as large as the one before; the decoder
            mirrors them.
        fusion_channels: The same for what the encoder of Z_y extracts from this modality.
        fusion_depth: Convolutions of a level there; the first of them halves the picture.
        hidden: Width of the fully connected layers between code and picture.
    """

    kind: Literal["image"] = "image"
    shape: tuple[
        Annotated[int, Field(gt=0, le=4)], Annotated[int, Field(ge=8, le=256)], Annotated[int, Field(ge=8, le=256)]
    ]
    d_z: Positive
    d_f: Positive
    channels: Levels = (24, 48, 96)
    fusion_channels: Levels = (32, 64, 128)
    fusion_depth: Annotated[int, Field(gt=0, le=4)] = 1
    hidden: Positive = 256


class LabelConfig(Config):
    """The label Y: one of ``size`` classes, or ``size`` scores."""

    kind: Literal["classes", "scores"] = "classes"
    size: Positive = 10


class ModelConfig(Config):
    """The architecture of an MFM (Figure 1).

    Attributes:
        modalities: Each modality by name, in order.
        label: What D(F_y) predicts.
        d_y: Size of Z_y.
        d_f: Size of F_y.
        features: Size of what the encoder Q(Z_y | X_1:M) extracts from each modality before fusing.
        hidden: Width of the hidden layers of G and of the fusion.
    """

    modalities: dict[str, ImageModality]
    label: LabelConfig = LabelConfig()
    d_y: Positive = 8
    d_f: Positive = 64
    features: Positive = 128
    hidden: Positive = 128

    @model_validator(mode="after")
    def _names(self) -> Self:
        if not self.modalities:
            raise ValueError("modalities: expected at least one, got none")
        taken = nn.ModuleDict()
        for name in self.modalities:
            if not name.isidentifier() or len(name) > MAX_NAME or name == "y" or hasattr(taken, name):
                raise ValueError(
                    f"modalities: expected identifiers of at most {MAX_NAME} letters, other than 'y' and the "
                    f"attributes of torch.nn.ModuleDict, got {name[:MAX_NAME]!r}"
                )
        return self
