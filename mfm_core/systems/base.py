"""The contract of a system: its configuration, how it is fitted, predicts, is stored and read back, and its paper."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

import torch
from pydantic import Field, JsonValue
from torch import Tensor, nn

from mfm_core.arguments import expect
from mfm_core.config import Config, LabelConfig
from mfm_core.data.dataset import Dataset, Unit, video_numbers
from mfm_core.files.tensors import write_tensors
from mfm_core.files.writing import write_whole
from mfm_core.storage.folder import CONFIG, StoredModel

OnReport = Callable[[int, Mapping[str, float]], None]
"""Called while a system is fitted, with the number of the step and what there is to report of it."""

Kind = Literal["sequence", "image"]
WEIGHTS = "weights.safetensors"
MAX_SIZE = 65_536
HELD_OUT_SHARE = 0.15
"""Share of the training samples that is held out for early stopping where no validation data is given."""


class StreamSpec(Config):
    """One modality as a system reads it.

    Attributes:
        kind: A sequence of feature vectors, or an image.
        shape: ``(d,)`` of a step, or ``(channels, height, width)``.
    """

    kind: Kind
    shape: Annotated[tuple[Annotated[int, Field(gt=0, le=MAX_SIZE)], ...], Field(min_length=1, max_length=3)]


class DataSpec(Config):
    """Specification of a system's data: stored with the system and checked before each prediction.

    Attributes:
        streams: Each modality by name, in order.
        label: Classes or scores.
        name: Name of the data set.
        unit: Unit of a step of its sequences; None of images, and where it is not known.
    """

    streams: Annotated[dict[str, StreamSpec], Field(min_length=1, max_length=6)]
    label: LabelConfig
    name: str = ""
    unit: Unit | None = None

    @classmethod
    def of(cls, dataset: Dataset) -> DataSpec:
        """The specification of a data set: classes are counted from the labels it holds."""
        kind: Kind = "image" if dataset.mask is None else "sequence"
        streams = {}
        for name, x in dataset.modalities.items():
            shape = tuple(x.shape[1:]) if kind == "image" else (x.shape[2],)
            if not all(0 < size <= MAX_SIZE for size in shape):
                raise ValueError(f"dataset.modalities.{name}: expected sizes of 1 to {MAX_SIZE}, got {shape}")
            streams[name] = StreamSpec(kind=kind, shape=shape)
        if dataset.labels.dtype == torch.int64:
            n_classes = max(int(dataset.labels.max()) + 1, 2) if len(dataset) else 2
            label = LabelConfig(kind="classes", size=n_classes)
        else:
            label = LabelConfig(kind="scores", size=dataset.labels.shape[1])
        unit = None if dataset.steps is None else dataset.steps.unit
        return cls(streams=streams, label=label, name=dataset.name, unit=unit)

    @property
    def classes(self) -> bool:
        """Whether the label is one of several classes, rather than scores."""
        return self.label.kind == "classes"

    def check(self, dataset: Dataset) -> None:
        """Raise ValueError unless ``dataset`` is one, and has this system's modalities, with its shapes."""
        given = DataSpec.of(expect("dataset", dataset, Dataset)).streams
        for name, stream in self.streams.items():
            if given.get(name) != stream:
                got = {key: (one.kind, *one.shape) for key, one in given.items()}
                raise ValueError(
                    f"dataset.modalities: expected {name} as {stream.kind} of shape {stream.shape}, got {got}"
                )


class SystemConfig(Config):
    """Base of the configurations of systems: frozen, and strict about its keys.

    Attributes:
        system: Name of the system in the registry.
    """

    system: str

    @classmethod
    def search_space(cls) -> Mapping[str, tuple[bool | int | float | str, ...]]:
        """Values that a search on validation data chooses each field among; none where there is nothing to choose."""
        return {}


class StoredSystem(Config):
    """Content of ``config.json`` of a stored system.

    Attributes:
        format_version: Version of this layout; 1 is that of stored models.
        system: Name in the registry.
        config: The system's configuration.
        data: What it reads and predicts.
    """

    format_version: Literal[2]
    system: str
    config: dict[str, JsonValue]
    data: DataSpec


@dataclass(frozen=True)
class SystemInfo:
    """Description of a system in the registry.

    Attributes:
        name: Name in the registry, lower case.
        title: Name in the paper's tables.
        paper: Where it was published.
        reads: Kinds of modalities that it accepts.
        config: Class of its configuration.
        unimodal: Whether it reads one of the modalities alone.
        place: Place among the systems of the paper's tables, from 1; None of a system that is in none.
    """

    name: str
    title: str
    paper: str
    reads: tuple[Kind, ...]
    config: type[SystemConfig]
    unimodal: bool = False
    place: int | None = None


class System(ABC):
    """A fitted system: it predicts labels of a data set and is stored as named tensors.

    Args:
        config: Its configuration.
        spec: What it reads and predicts.

    Attributes:
        info: Set by the registry.
        Config: Class of the configuration; its ``system`` has the registered name as the default.
    """

    info: ClassVar[SystemInfo]
    Config: ClassVar[type[SystemConfig]]

    def __init__(self, config: SystemConfig, spec: DataSpec) -> None:
        self.config, self.spec = config, spec

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {stream.shape}" for name, stream in self.spec.streams.items())
        label = self.spec.label
        return f"{type(self).__name__}({self.config.system!r}; reads {shapes}; predicts {label.size} {label.kind})"

    @classmethod
    @abstractmethod
    def fit(
        cls, config: SystemConfig, train: Dataset, validation: Dataset | None, *, seed: int, on_report: OnReport
    ) -> Self:
        """Fit the system.

        Args:
            config: An instance of ``Config``.
            train: Samples to learn from; for sequences with a mask.
            validation: Samples for early stopping and choices; None where the user gave none.
            seed: Of everything random.
            on_report: Called with progress.

        Raises:
            ValueError: If the data cannot be learnt from, in one sentence.
        """

    @abstractmethod
    def predict(self, dataset: Dataset) -> Tensor:
        """Predict labels: logits ``(N, n_labels)`` float32 of classes, or scores ``(N, size)`` float32.

        Raises:
            ValueError: If ``dataset`` lacks a modality of the system, or has it in another shape.
        """

    def save(self, folder: Path) -> None:
        """Store the system: ``config.json`` with what it is, ``weights.safetensors`` with what it learnt.

        Args:
            folder: Where to; made if need be.
        """
        folder.mkdir(parents=True, exist_ok=True)
        config = self.config.model_dump(mode="json")
        stored = StoredSystem(format_version=2, system=self.config.system, config=config, data=self.spec)
        write_tensors(self.state(), folder / WEIGHTS)
        write_whole(folder / CONFIG, stored.model_dump_json(indent=2) + "\n")

    @classmethod
    def reads_back(cls, stored: StoredModel) -> bool:
        """Whether a folder in the layout of models holds one of these systems; no, where they are stored otherwise."""
        return False

    @classmethod
    def load_model(cls, folder: Path, stored: StoredModel) -> Self:
        """Read back the system that a folder in the layout of models holds.

        Raises:
            ValueError: If these systems are stored otherwise, or a file is damaged.
        """
        raise ValueError(f"{folder}: {cls.info.name} is not stored in the layout of models")

    @abstractmethod
    def state(self) -> dict[str, Tensor]:
        """Everything that was learnt, as tensors by name."""

    @classmethod
    @abstractmethod
    def from_state(cls, config: SystemConfig, spec: DataSpec, state: Mapping[str, Tensor]) -> Self:
        """Build the fitted system again from what :meth:`state` returned.

        Raises:
            ValueError: If tensors are missing or do not fit, in one sentence that names one.
        """


def take_tensor(
    state: Mapping[str, Tensor], name: str, shape: tuple[int | None, ...], dtype: torch.dtype | None = None
) -> Tensor:
    """A tensor of a stored state, checked.

    Args:
        state: Tensors by name.
        name: Which.
        shape: Its shape; None for a dimension of any size.
        dtype: Its type; None for any floating point.

    Raises:
        ValueError: If it is missing or of another shape or type.
    """
    if name not in state:
        raise ValueError(f"{name}: expected a tensor of this name, got {', '.join(sorted(state)[:8]) or 'none'}")
    given = tuple(state[name].shape)
    if len(given) != len(shape) or any(w is not None and g != w for g, w in zip(given, shape, strict=True)):
        raise ValueError(f"{name}: expected shape {shape}, got {given}")
    of = state[name].dtype
    if of != dtype if dtype is not None else not of.is_floating_point:
        raise ValueError(f"{name}: expected {dtype or 'floating-point numbers'}, got {of}")
    return state[name]


def take_weights(network: nn.Module, state: Mapping[str, Tensor], part: str = "network") -> None:
    """Put the weights of a stored state into a network that has no numbers yet.

    Args:
        network: The network, on the device ``meta``.
        state: Tensors by name.
        part: What stands before the names of the network's own, with a dot.

    Raises:
        ValueError: If a weight is missing, none of the network's, or of another shape or type.
    """
    expected = network.state_dict()
    known = {f"{part}.{name}" for name in expected}
    if surplus := [name for name in state if name.startswith(f"{part}.") and name not in known]:
        raise ValueError(f"{surplus[0]}: expected no such tensor, for the configuration has no such layer")
    found = {name: take_tensor(state, f"{part}.{name}", tuple(x.shape), x.dtype) for name, x in expected.items()}
    network.load_state_dict(found, assign=True)


def fitting_parts(train: Dataset, validation: Dataset | None, spec: DataSpec, seed: int) -> tuple[Dataset, Dataset]:
    """Samples to learn from, and samples for early stopping and choices.

    Without validation samples some videos of ``train`` are held out. Of those given, the ones of a class that no
    training sample has are left out: no system could learn it.

    Args:
        train: Training samples.
        validation: Validation samples; None where there are none.
        spec: The specification of all training samples.
        seed: Of what is held out.

    Raises:
        ValueError: If there are too few samples or videos to hold some out of, or no validation sample is of a known
            class.
    """
    if validation is None:
        return hold_out(train, seed)
    if not spec.classes or bool((known := validation.labels < spec.label.size).all()):
        return train, validation
    if not bool(known.any()):
        raise ValueError(f"validation: expected a sample of class 0 to {spec.label.size - 1}, got none")
    return train, validation.take(known.nonzero().flatten())


def hold_out(train: Dataset, seed: int, share: float = HELD_OUT_SHARE) -> tuple[Dataset, Dataset]:
    """Part training samples into those to learn from and those to validate on, by the seed alone.

    All samples of one video are on one side, because they are not independent: videos are drawn until ``share`` of the
    samples, and 2 at least, are held out, or one video is left.

    Raises:
        ValueError: If there are fewer than 4 samples, or all are of one video.
    """
    if len(train) < 4:
        raise ValueError(f"train: expected at least 4 samples, got {len(train)}")
    video = torch.from_numpy(video_numbers(train.ids, len(train)))
    place = torch.randperm(int(video.max()) + 1, generator=torch.Generator().manual_seed(seed)).argsort()[video]
    if len(torch.unique(place)) == 1:
        raise ValueError(
            f"train: expected samples of 2 videos at least, one to hold out for early stopping, got {len(train)} of "
            "one; give validation samples"
        )
    last = place.sort().values[max(2, round(share * len(train))) - 1]
    n_held_out, order = int((place <= min(last, place.max() - 1)).sum()), place.argsort(stable=True)
    return train.take(order[n_held_out:]), train.take(order[:n_held_out])
