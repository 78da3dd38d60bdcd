"""The scaling of features, stored beside a model: what a clip that is not of the data set is standardised by."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from mfm_core.config import SequenceModality
from mfm_core.data.scaling import Scaling
from mfm_core.files.tensors import TensorSpec, read_tensors, write_tensors
from mfm_core.storage.folder import StoredModel, model_folder

SCALING = "scaling.safetensors"


def save_scaling(scaling: Mapping[str, Scaling], folder: str | Path) -> None:
    """Write the scaling of each modality into the folder of a model."""
    tensors = {f"{name}.mean": of.mean.float() for name, of in scaling.items()}
    tensors |= {f"{name}.std": of.std.float() for name, of in scaling.items()}
    write_tensors(tensors, Path(folder) / SCALING)


def load_scaling(name_or_folder: str | Path) -> dict[str, Scaling]:
    """Load the scaling of each modality of a stored model of sequences.

    Raises:
        FileNotFoundError: If the folder or a file in it is missing.
        ValueError: If a file is damaged, or does not fit the model's configuration.
    """
    folder = model_folder(name_or_folder)
    modalities = StoredModel.of_folder(folder).model.modalities
    sizes = {name: modality.d_x for name, modality in modalities.items() if isinstance(modality, SequenceModality)}
    expected = {
        f"{name}.{part}": TensorSpec((d,), torch.float32) for name, d in sizes.items() for part in ("mean", "std")
    }
    tensors = read_tensors(folder / SCALING, expected)
    for name in sizes:
        if bool((tensors[f"{name}.std"] < 0).any()):
            raise ValueError(f"{folder / SCALING}: {name}.std: expected numbers of at least 0")
    return {name: Scaling(tensors[f"{name}.mean"], tensors[f"{name}.std"]) for name in sizes}
