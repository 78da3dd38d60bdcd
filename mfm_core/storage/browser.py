"""The generative half of an MFM of images for a browser: a description of its layers in JSON, and their weights.

A browser has no PyTorch. It reads :class:`BrowserModel` and one safetensors file and runs the layers itself, so that a
picture can be decoded without a server. G_y and D are stored as float32, for what the label head says must not depend
on rounding; G_a and the decoders as float16, which moves no pixel of the shipped model by as much as 1/255.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

import torch
from pydantic import Field
from safetensors.torch import save
from torch import Tensor, nn

from mfm_core.config import Config, LabelConfig
from mfm_core.files.writing import write_once, write_packed_once
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.networks.convolutional import ConvolutionalDecoder, ConvolutionalEncoder
from mfm_core.networks.fully_connected import ResidualLayers
from mfm_core.networks.fusion import LateFusion

LARGEST_FLOAT16 = 65_504.0


class Linear(Config):
    """A linear layer: ``weight`` (n_out, n_in) and ``bias`` (n_out,) by their names in the file."""

    op: Literal["linear"] = "linear"
    weight: str
    bias: str


class Convolution(Config):
    """A 2-D convolution: ``weight`` (n_out, n_in, k, k); ``bias`` (n_out,) or None."""

    op: Literal["convolution"] = "convolution"
    weight: str
    bias: str | None
    stride: int
    padding: int


class LayerNorm(Config):
    """Normalization of a vector to mean 0 and variance 1, then ``weight`` and ``bias``."""

    op: Literal["layer_norm"] = "layer_norm"
    weight: str
    bias: str
    eps: float


class ChannelAffine(Config):
    """Each channel times ``scale`` plus ``shift``, both (channels,): batch normalization at rest."""

    op: Literal["channel_affine"] = "channel_affine"
    scale: str
    shift: str


class Affine(Config):
    """Every number times ``scale`` plus ``shift``."""

    op: Literal["affine"] = "affine"
    scale: float
    shift: float


class SiLU(Config):
    """x times the logistic function of x."""

    op: Literal["silu"] = "silu"


class Sigmoid(Config):
    """The logistic function."""

    op: Literal["sigmoid"] = "sigmoid"


class Reshape(Config):
    """A vector as a picture of ``shape`` (channels, height, width)."""

    op: Literal["reshape"] = "reshape"
    shape: tuple[int, int, int]


class PixelShuffle(Config):
    """Four channels as one of twice the height and width, cropped to ``height`` and ``width``."""

    op: Literal["pixel_shuffle"] = "pixel_shuffle"
    height: int
    width: int


class NeighbourMean(Config):
    """The mean of a pixel and its neighbours above and to the left; the border repeats itself."""

    op: Literal["neighbour_mean"] = "neighbour_mean"


class Residual(Config):
    """The input plus what ``layers`` make of it."""

    op: Literal["residual"] = "residual"
    layers: tuple[Layer, ...]


Layer = Annotated[
    Linear
    | Convolution
    | LayerNorm
    | ChannelAffine
    | Affine
    | SiLU
    | Sigmoid
    | Reshape
    | PixelShuffle
    | NeighbourMean
    | Residual,
    Field(discriminator="op"),
]
Residual.model_rebuild()


class BrowserNetwork(Config):
    """Networks of one file.

    Attributes:
        format_version: Of this description.
        weights: Name of the safetensors file, packed by gzip; it holds the hash of its content.
        networks: The layers of each network by its name.
    """

    format_version: Literal[2] = 2
    weights: str
    networks: dict[str, tuple[Layer, ...]]


class BrowserModel(BrowserNetwork):
    """The generative half: ``g_y``, ``label_head``, and ``g_a.NAME`` and ``decoders.NAME`` of each modality.

    Attributes:
        label: What the label head says.
        sizes: Size of each block of Z: ``y`` and the modalities.
        shapes: Channels, height and width of each modality.
    """

    label: LabelConfig
    sizes: dict[str, int]
    shapes: dict[str, tuple[int, int, int]]


_Description = TypeVar("_Description", bound=BrowserNetwork)


@dataclass(frozen=True)
class Exported(Generic[_Description]):
    """Networks for a browser.

    Attributes:
        description: The layers.
        weights: The bytes of the safetensors file.
    """

    description: _Description
    weights: bytes

    def write(self, folder: Path) -> Path:
        """Write the weights, packed, and beside them the description as ``.json``, unless they are there already.

        Args:
            folder: Where to; made if need be.

        Returns:
            The file of the weights.
        """
        path = folder / self.description.weights
        write_packed_once(path, self.weights)
        write_once(path.with_name(f"{path.name.partition('.')[0]}.json"), self.description.model_dump_json().encode())
        return path


def export_model(model: MFM) -> Exported[BrowserModel]:
    """Describe G, D and the decoders of an MFM of images, and collect their weights.

    Args:
        model: The model, in evaluation mode.

    Raises:
        ValueError: If the modalities are not images, a network has a layer that browsers are not taught, or a weight
            is beyond float16.
    """
    if not (images := model.config.images):
        raise ValueError(f"model: expected an MFM of images, got one of {', '.join(model.modalities)}, sequences")
    exact, rounded = _Collected(torch.float32), _Collected(torch.float16)
    networks = {name: exact.layers(getattr(model, name), name) for name in ("g_y", "label_head")}
    for part in ("g_a", "decoders"):
        for name, module in getattr(model, part).items():
            networks[f"{part}.{name}"] = rounded.layers(module, f"{part}.{name}")
    weights = save(exact.tensors | rounded.tensors)
    description = BrowserModel(
        weights=_file_name(weights),
        networks=networks,
        label=model.config.label,
        sizes=model.sizes,
        shapes={name: image.shape for name, image in images.items()},
    )
    return Exported(description, weights)


def export_judge(judge: Discriminative) -> Exported[BrowserNetwork]:
    """Describe a classifier of one image modality as the network ``judge``: picture in [0, 1] -> logits.

    Args:
        judge: The classifier, in evaluation mode.

    Raises:
        ValueError: If it reads more than one modality, or has a layer that browsers are not taught.
    """
    if len(judge.modalities) != 1 or not judge.config.images:
        raise ValueError(f"judge: expected a classifier of one image modality, got {', '.join(judge.modalities)}")
    collected = _Collected(torch.float16)
    layers = collected.layers(judge.fusion, "fusion")
    weights = save(collected.tensors)
    return Exported(BrowserNetwork(weights=_file_name(weights), networks={"judge": layers}), weights)


def _file_name(weights: bytes) -> str:
    return f"{hashlib.sha256(weights).hexdigest()[:24]}.safetensors.gz"


@dataclass
class _Collected:
    """Weights on their way into a file.

    Attributes:
        dtype: What they are stored as.
        tensors: By name.
    """

    dtype: torch.dtype
    tensors: dict[str, Tensor] = field(default_factory=dict)

    def layers(self, module: nn.Module, name: str) -> tuple[Layer, ...]:
        """The layers of a module."""
        convert = _CONVERTERS.get(type(module))
        if convert is None:
            known = ", ".join(sorted(kind.__name__ for kind in _CONVERTERS))
            raise ValueError(f"{name}: expected one of {known}, got {type(module).__name__}")
        return convert(self, module, name)

    def keep(self, tensor: Tensor, name: str) -> str:
        """Store a tensor and return its name."""
        values = tensor.detach().cpu()
        if self.dtype is torch.float16 and (largest := float(values.abs().max())) > LARGEST_FLOAT16:
            raise ValueError(f"{name}: expected numbers within ±{LARGEST_FLOAT16:.0f}, got {largest:g}")
        self.tensors[name] = values.to(self.dtype).contiguous()
        return name

    def chain(self, modules: Mapping[str, nn.Module]) -> tuple[Layer, ...]:
        """The layers of modules that follow each other."""
        return tuple(layer for name, module in modules.items() for layer in self.layers(module, name))


def _sequential(to: _Collected, module: Any, name: str) -> tuple[Layer, ...]:  # noqa: ANN401 - the registry knows
    return to.chain({f"{name}.{place}": part for place, part in module.named_children()})


def _linear(to: _Collected, module: Any, name: str) -> tuple[Layer, ...]:  # noqa: ANN401
    return (Linear(weight=to.keep(module.weight, f"{name}.weight"), bias=to.keep(module.bias, f"{name}.bias")),)


def _layer_norm(to: _Collected, module: Any, name: str) -> tuple[Layer, ...]:  # noqa: ANN401
    weight, bias = to.keep(module.weight, f"{name}.weight"), to.keep(module.bias, f"{name}.bias")
    return (LayerNorm(weight=weight, bias=bias, eps=module.eps),)


def _convolution(to: _Collected, module: Any, name: str) -> tuple[Layer, ...]:  # noqa: ANN401
    weight = to.keep(module.weight, f"{name}.weight")
    bias = None if module.bias is None else to.keep(module.bias, f"{name}.bias")
    return (Convolution(weight=weight, bias=bias, stride=module.stride[0], padding=module.padding[0]),)


def _batch_norm(to: _Collected, module: Any, name: str) -> tuple[Layer, ...]:  # noqa: ANN401
    scale = module.weight / (module.running_var + module.eps).sqrt()
    shift = module.bias - module.running_mean * scale
    return (ChannelAffine(scale=to.keep(scale, f"{name}.scale"), shift=to.keep(shift, f"{name}.shift")),)


def _residual(to: _Collected, module: Any, name: str) -> tuple[Layer, ...]:  # noqa: ANN401
    branches = module.branches.named_children()
    return tuple(Residual(layers=to.layers(branch, f"{name}.branches.{place}")) for place, branch in branches)


def _decoder(to: _Collected, module: Any, name: str) -> tuple[Layer, ...]:  # noqa: ANN401
    layers = [*to.layers(module.expand, f"{name}.expand"), Reshape(shape=module.start)]
    for place, (level, (height, width)) in enumerate(zip(module.levels, module.sizes[1:], strict=True)):
        opened = (SiLU(),) if place else ()
        shuffled = PixelShuffle(height=height, width=width)
        layers += [*opened, *to.layers(level, f"{name}.levels.{place}"), shuffled]
    return (*layers, NeighbourMean(), Sigmoid())


def _encoder(to: _Collected, module: Any, name: str) -> tuple[Layer, ...]:  # noqa: ANN401
    parts = {f"{name}.levels": module.levels, f"{name}.read_out": module.read_out}
    return (Affine(scale=2.0, shift=-1.0), *to.chain(parts))


def _fusion(to: _Collected, module: Any, name: str) -> tuple[Layer, ...]:  # noqa: ANN401
    extractor = _sequential(to, module.extractors, f"{name}.extractors")
    join, read_out = to.layers(module.join, f"{name}.join"), to.layers(module.read_out, f"{name}.read_out")
    return (*extractor, SiLU(), *join, SiLU(), *read_out)


_CONVERTERS: dict[type[nn.Module], Callable[[_Collected, Any, str], tuple[Layer, ...]]] = {
    nn.Sequential: _sequential,
    nn.Linear: _linear,
    nn.LayerNorm: _layer_norm,
    nn.Conv2d: _convolution,
    nn.BatchNorm2d: _batch_norm,
    nn.SiLU: lambda _to, _module, _name: (SiLU(),),
    ResidualLayers: _residual,
    ConvolutionalDecoder: _decoder,
    ConvolutionalEncoder: _encoder,
    LateFusion: _fusion,
}
"""How each kind of module is described; a layer that is new to a model gets a line here and one in the element."""
