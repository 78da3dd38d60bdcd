"""Stored models: a folder with config.json, weights.safetensors, card.md, metrics.json and codes.safetensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from pydantic import JsonValue, TypeAdapter, ValidationError
from torch import nn
from torch.overrides import TorchFunctionMode

from mfm_core.arguments import expect, path_of, text_of
from mfm_core.config import ModelConfig
from mfm_core.files.tensors import TensorSpec, check_tensors, read_header, read_tensors, write_tensors
from mfm_core.files.writing import write_whole
from mfm_core.latents import Latents
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.problems import expectation
from mfm_core.storage.codes import Codes, find_originals, fingerprint
from mfm_core.storage.folder import CONFIG, StoredModel, check_bounded, model_folder, pretrained_names, read_text

__all__ = [
    "Codes",
    "StoredModel",
    "check_pretrained",
    "find_originals",
    "fingerprint",
    "load_card",
    "load_codes",
    "load_discriminative",
    "load_judge",
    "load_metrics",
    "load_pretrained",
    "pretrained_names",
    "save_card",
    "save_codes",
    "save_metrics",
    "save_model",
]

WEIGHTS, CARD, METRICS, CODES = "weights.safetensors", "card.md", "metrics.json", "codes.safetensors"
UMAP, DIRECTIONS, MAP_PAIRS = "umap.safetensors", "directions.json", "map.safetensors"
MAX_PARAMETERS = 50_000_000
MAX_CODES = 100_000
MAX_STEPS = 10_000

_METRICS = TypeAdapter(dict[str, JsonValue])
Network = MFM | Discriminative
"""Networks that are stored in this layout; each names its ``kind``."""
NETWORKS: Mapping[str, type[Network]] = {network.kind: network for network in (MFM, Discriminative)}
_Network = TypeVar("_Network", bound=Network)


def save_model(
    model: Network, folder: str | Path, *, run: Mapping[str, JsonValue], card: str, title: str = "", about: str = ""
) -> StoredModel:
    """Store a model. Metrics and codes of the weights that lay there before are removed, for they describe others.

    Args:
        model: The model, in any mode and on any device; floating-point weights are stored as float32.
        folder: Where to; made if need be.
        run: Where the weights come from: configuration of the run, command, seed, date; ``data``, the name of the data
            set, and ``unit``, what a step of its sequences is.
        card: Markdown about the model: data and their licence, how it was made, what was measured.
        title: Name in a list of models; where empty, that of the data set that it was trained on, or of the folder.
        about: What it is for, a sentence.

    Returns:
        What was written as ``config.json``.

    Raises:
        ValueError: If the model has more parts than :func:`load_pretrained` would accept.
    """
    check_bounded(model.config, "model")
    folder = path_of("folder", folder)
    folder.mkdir(parents=True, exist_ok=True)
    for outdated in (METRICS, CODES, UMAP, DIRECTIONS, MAP_PAIRS):
        (folder / outdated).unlink(missing_ok=True)
    stored = StoredModel(format_version=1, kind=model.kind, title=title, about=about, model=model.config, run=dict(run))
    weights = {name: x.float() if x.is_floating_point() else x for name, x in model.state_dict().items()}
    write_tensors(weights, folder / WEIGHTS)
    write_whole(folder / CONFIG, stored.model_dump_json(indent=2) + "\n")
    save_card(card, folder)
    return stored


def save_card(card: str, folder: str | Path) -> None:
    """Write a model's card, Markdown, into its folder."""
    write_whole(path_of("folder", folder) / CARD, text_of("card", card, may_be_empty=True))


def save_metrics(metrics: Mapping[str, JsonValue], folder: str | Path) -> None:
    """Write a model's measured figures into its folder."""
    write_whole(path_of("folder", folder) / METRICS, _METRICS.dump_json(dict(metrics), indent=2) + b"\n")


def load_pretrained(name_or_folder: str | Path) -> MFM:
    """Load a stored MFM: frozen, in evaluation mode, on the CPU, safe to share between threads.

    Args:
        name_or_folder: A name of :func:`pretrained_names`, or a folder that :func:`save_model` wrote.

    Raises:
        FileNotFoundError: If the folder or a file in it is missing.
        ValueError: If a file is damaged or does not fit the others, in one sentence that names it.
    """
    return _load(model_folder(name_or_folder), MFM)


def check_pretrained(name_or_folder: str | Path) -> None:
    """Check that the files of a stored MFM belong together, by their headers, without reading weights or codes.

    Raises:
        FileNotFoundError: If the folder, the configuration or the weights are missing.
        ValueError: If a file is damaged or does not fit the others, in one sentence that names it.
    """
    folder = model_folder(name_or_folder)
    model = _without_numbers(folder, MFM)
    check_tensors(folder / WEIGHTS, _expected_weights(model))
    if (path := folder / CODES).is_file():
        check_tensors(path, _expected_codes(model.config, path))


def load_discriminative(name_or_folder: str | Path) -> Discriminative:
    """Load a stored baseline or judge, as :func:`load_pretrained` loads an MFM; it raises the same."""
    return _load(model_folder(name_or_folder), Discriminative)


def load_network(name_or_folder: str | Path) -> Network:
    """Load a stored network of whatever kind its folder tells, as :func:`load_pretrained` does; it raises the same."""
    folder = model_folder(name_or_folder)
    return _load(folder, NETWORKS[StoredModel.of_folder(folder).kind])


def load_judge(modality: str) -> Discriminative:
    """Load the classifier that judges generated pictures of one modality: ``judge({"svhn": images})``, logits (N, 10).

    Raises:
        FileNotFoundError: If there is no judge of this modality.
        ValueError: If its files are damaged, or it reads something else.
    """
    judge = load_discriminative(f"judge_{modality}")
    if judge.modalities != (modality,):
        raise ValueError(f"judge_{modality}: expected a judge of {modality}, got one of {', '.join(judge.modalities)}")
    return judge


def _load(folder: Path, network: type[_Network]) -> _Network:
    model = _without_numbers(folder, network)
    model.load_state_dict(read_tensors(folder / WEIGHTS, _expected_weights(model)), assign=True)
    model.eval().requires_grad_(requires_grad=False)
    return model


def _without_numbers(folder: Path, network: type[_Network]) -> _Network:
    """The network that the configuration of a stored model describes, see :func:`_without_memory`."""
    stored = StoredModel.of_folder(folder)
    if stored.kind != network.kind:
        raise ValueError(f"{folder / CONFIG}: kind: expected {network.kind!r}, got {stored.kind!r}")
    return _without_memory(stored.model, network, folder / CONFIG)


def _expected_weights(model: Network) -> dict[str, TensorSpec]:
    return {name: TensorSpec.of(tensor) for name, tensor in model.state_dict().items()}


def _without_memory(config: ModelConfig, network: type[_Network], source: Path) -> _Network:
    """The network with the names, shapes and types of its tensors, but no numbers in them yet."""
    with torch.device("meta"), _Undrawn():
        model = network(config)
    if (n := sum(tensor.numel() for tensor in model.state_dict().values())) > MAX_PARAMETERS:
        raise ValueError(f"{source}: model: expected at most {MAX_PARAMETERS} parameters, got {n}")
    return model


class _Undrawn(TorchFunctionMode):
    """Mode in which initial weights are not drawn: without memory there are none to draw.

    Some draws without memory would import PyTorch's compiler, which takes seconds at the first model of a process.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - as PyTorch has it
        given = dict(kwargs or {})
        initial = getattr(func, "__module__", None) == nn.init.__name__
        return given["tensor"] if initial else func(*args, **given)


def load_card(name_or_folder: str | Path) -> str:
    """The model's card, Markdown.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is too large or not UTF-8.
    """
    return read_text(model_folder(name_or_folder) / CARD)


def load_metrics(name_or_folder: str | Path) -> dict[str, JsonValue]:
    """The model's measured figures.

    Raises:
        FileNotFoundError: If there are none.
        ValueError: If the file is too large or not a JSON object.
    """
    path = model_folder(name_or_folder) / METRICS
    try:
        return _METRICS.validate_json(read_text(path))
    except ValidationError as error:
        raise ValueError(f"{path}: {expectation(error.errors()[0])}") from None


def save_codes(codes: Codes, folder: str | Path) -> None:
    """Write codes of real samples into the folder of the model that encoded them."""
    place = path_of("folder", folder) / CODES
    codes = expect("codes", codes, Codes)
    tensors = {"labels": codes.labels, "y": codes.latents.y.float()}
    tensors |= {f"a.{name}": z.float() for name, z in codes.latents.a.items()}
    tensors |= {f"fingerprints.{name}": numbers for name, numbers in codes.fingerprints.items()}
    tensors |= {f"errors.{name}": numbers for name, numbers in codes.errors.items()}
    if codes.latents.mask is not None:
        tensors["mask"] = codes.latents.mask
    if codes.units is not None:
        tensors["units"] = codes.units
    write_tensors(tensors, place)


def load_codes(name_or_folder: str | Path) -> Codes:
    """Load the codes of real samples that are stored beside a model.

    Raises:
        FileNotFoundError: If the folder or a file in it is missing.
        ValueError: If a file is damaged, or the codes do not fit the model's configuration.
    """
    folder = model_folder(name_or_folder)
    config = StoredModel.of_folder(folder).model
    path = folder / CODES
    tensors = read_tensors(path, _expected_codes(config, path))
    labels, mask = tensors["labels"], tensors.get("mask")
    if config.label.kind == "classes":
        outside = labels[(labels < 0) | (labels >= config.label.size)]
        if len(outside):
            raise ValueError(f"{path}: labels: expected 0 to {config.label.size - 1}, got {int(outside[0])}")
    if mask is not None and not (real := mask.any(dim=1)).all():
        sample = int((~real).nonzero()[0])
        raise ValueError(f"{path}: mask: expected at least one real step of each sample, got none of sample {sample}")
    latents = Latents(tensors["y"], {name: tensors[f"a.{name}"] for name in config.modalities}, mask)
    fingerprints = {name: tensors[f"fingerprints.{name}"] for name in config.images}
    errors = {name: tensors[f"errors.{name}"] for name in config.images if f"errors.{name}" in tensors}
    return Codes(latents, labels, fingerprints, errors, tensors.get("units"))


def _expected_codes(config: ModelConfig, path: Path) -> dict[str, TensorSpec]:
    """Expected tensors of a file of codes, for as many samples, of as many steps, as its header tells."""
    specs = read_header(path).specs
    n = _size(specs, "labels", 0)
    if n > MAX_CODES:
        raise ValueError(f"{path}: labels: expected at most {MAX_CODES} samples, got {n}")
    classes = TensorSpec((n,), torch.int64)
    scores = TensorSpec((n, config.label.size), torch.float32)
    expected = {"labels": classes if config.label.kind == "classes" else scores}
    expected["y"] = TensorSpec((n, config.d_y), torch.float32)
    expected |= {f"a.{name}": TensorSpec((n, m.d_z), torch.float32) for name, m in config.modalities.items()}
    expected |= {f"fingerprints.{name}": TensorSpec((n,), torch.int64) for name in config.images}
    expected |= {key: TensorSpec((n,), torch.float32) for m in config.images if (key := f"errors.{m}") in specs}
    if "units" in specs:
        expected["units"] = TensorSpec((n,), torch.int64)
    if config.sequences:
        n_steps = _size(specs, "mask", 1)
        if n_steps > MAX_STEPS:
            raise ValueError(f"{path}: mask: expected at most {MAX_STEPS} steps, got {n_steps}")
        expected["mask"] = TensorSpec((n, n_steps), torch.bool)
    return expected


def _size(specs: Mapping[str, TensorSpec], name: str, dimension: int) -> int:
    """How long a tensor that a header announces is; 0 where there is none."""
    shape = specs[name].shape if name in specs else ()
    return shape[dimension] if len(shape) > dimension else 0
