"""Models of MMSA, ports of the published code, beside ours of the same sizes: what benchmarks of training compare.

MMSA 2.2.1 is fetched from PyPI without its dependencies into ``benchmarks/.cache``; of its package only the files of
its models and their configuration are read.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mfm_core import ModelConfig
from mfm_core.config import LabelConfig, MemoryConfig, SequenceModality

CACHE = Path(__file__).resolve().parent / ".cache" / "mmsa-2.2.1"


@dataclass(frozen=True)
class Sizes:
    """The widths that both models share; three numbers are of language, acoustic, visual."""

    name: str
    h: tuple[int, int, int]
    z: tuple[int, int, int]
    f: tuple[int, int, int]
    z_y: int
    f_y: int
    memory: int
    attention: int
    candidate: int
    gate: int


SIZES = (
    Sizes("MMSA's for MOSI", (128, 32, 128), (64, 80, 80), (32, 16, 64), 80, 64, 64, 32, 64, 32),
    Sizes("the authors' best for MOSI", (88, 64, 48), (32, 8, 80), (88, 8, 8), 32, 16, 64, 128, 128, 128),
    Sizes("64 and 32", (64, 64, 64), (32, 32, 32), (32, 32, 32), 32, 32, 64, 64, 64, 32),
)


def fetch() -> Path:
    """The package of MMSA, fetched at the first run."""
    if not (CACHE / "MMSA").is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        (CACHE.parent / ".gitignore").write_text("*\n")
        install = ["install", "--quiet", "--no-deps", "--no-compile", "--target", str(CACHE), "MMSA==2.2.1"]
        subprocess.run([sys.executable, "-m", "pip", *install], check=True)
    return CACHE / "MMSA"


def published(package: Path) -> Callable[[str], ModuleType]:
    """MMSA's modules of models by name, without the packages around them, which import much that they do not need."""
    models = ModuleType("mmsa_single_task")
    models.__path__ = [str(package / "models" / "singleTask")]
    sys.modules[models.__name__] = models
    return lambda name: importlib.import_module(f"{models.__name__}.{name}")


def their_configuration(package: Path, model: str, dataset: str) -> dict[str, object]:
    """Settings with which MMSA trains a model on a data set: sizes, dropout, weights, batch and patience."""
    path = package / "config" / "config_regression.json"
    settings = json.loads(path.read_text(encoding="utf-8"))[model]
    return settings["commonParams"] | settings["datasetParams"][dataset]


def shared_sizes(features: tuple[int, int, int], sizes: Sizes) -> dict[str, object]:
    """Settings of both MMSA's MFM and MFN, without dropout."""

    def layer(width: int) -> dict[str, float]:
        return {"shapes": width, "drop": 0.0}

    return {
        "feature_dims": features,
        "hidden_dims": sizes.h,
        "memsize": sizes.memory,
        "windowsize": 2,
        "num_classes": 1,
        "train_mode": "regression",
        "NN1Config": layer(sizes.attention),
        "NN2Config": layer(sizes.candidate),
        "gamma1Config": layer(sizes.gate),
        "gamma2Config": layer(sizes.gate),
        "outConfig": layer(sizes.memory),
    }


def mfm_sizes(features: tuple[int, int, int], sizes: Sizes) -> dict[str, object]:
    """Settings of MMSA's MFM, without dropout and without the weights of its loss."""
    z, f = (dict(zip("lav", three, strict=True)) for three in (sizes.z, sizes.f))
    return {
        **shared_sizes(features, sizes),
        **{f"z{m}_size": size for m, size in z.items()},
        **{f"f{m}_size": size for m, size in f.items()},
        "zy_size": sizes.z_y,
        "fy_size": sizes.f_y,
        **dict.fromkeys([f"z{m}_to_f{m}_dropout" for m in "ylav"], 0.0),
        "fy_to_y_dropout": 0.0,
    }


def our_mfm_config(features: Mapping[str, int], sizes: Sizes, dropout: float = 0.0) -> ModelConfig:
    """Our MFM of the same sizes.

    Args:
        features: Numbers of a step of the three modalities, in the order of MMSA's language, acoustic, visual.
        sizes: The widths of both.
        dropout: Of the memory.
    """
    each = zip(features.items(), sizes.z, sizes.f, sizes.h, strict=True)
    return ModelConfig(
        modalities={name: SequenceModality(d_x=d, d_z=z, d_f=f, hidden=h) for (name, d), z, f, h in each},
        label=LabelConfig(kind="scores", size=1),
        d_y=sizes.z_y,
        d_f=sizes.f_y,
        hidden=sizes.f_y,
        memory=MemoryConfig(
            memory=sizes.memory,
            attention=sizes.attention,
            candidate=sizes.candidate,
            gate=sizes.gate,
            dropout=dropout,
        ),
    )


def n_trained(model: nn.Module) -> int:
    """Parameters that a step trains: the surrogates of ours take no part."""
    return sum(p.numel() for name, p in model.named_parameters() if not name.startswith("surrogates"))
