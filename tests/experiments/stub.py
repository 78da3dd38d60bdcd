"""A data set and systems for tests of the harness: they write what they do into the file that STUB_LOG names."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self, cast

import numpy as np
import torch
from torch import Tensor

import mfm_core as mfm
from mfm_core.data.registry import DatasetInfo, register
from mfm_core.systems.base import OnReport, take_tensor


def log(*words: object) -> None:
    if path := os.environ.get("STUB_LOG"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(" ".join(map(str, (os.getpid(), *words))) + "\n")


def logged() -> list[list[str]]:
    path = Path(os.environ["STUB_LOG"])
    return [line.split() for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


@register(DatasetInfo("stub_data"))
def load() -> mfm.Dataset:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 4, 3))
    y = (x[:, :, 0].sum(1) + rng.normal(size=120)).astype(np.float32)
    ids = [f"video{i // 3}[{i}]" for i in range(120)]
    return mfm.Dataset.from_arrays({"words": x, "tone": x[..., :2]}, y, ids=ids, name="stub_data")


class StubConfig(mfm.SystemConfig):
    """How well it predicts, and how long it takes."""

    system: Literal["stub"] = "stub"
    noise: float = 1.0
    seconds: float = 0.0

    @classmethod
    def search_space(cls) -> Mapping[str, tuple[bool | int | float | str, ...]]:
        return {"noise": (1.0, 0.5, 0.2, 2.0)}


@mfm.register_system("stub", title="Stub", paper="none")
class Stub(mfm.System):
    """Sum of the first feature, with noise."""

    Config = StubConfig

    def __init__(self, config: mfm.SystemConfig, spec: mfm.DataSpec, seed: Tensor) -> None:
        super().__init__(config, spec)
        self.seed = seed

    @classmethod
    def fit(
        cls,
        config: mfm.SystemConfig,
        train: mfm.Dataset,
        validation: mfm.Dataset | None,
        *,
        seed: int,
        on_report: OnReport,
    ) -> Self:
        config = cast(StubConfig, config)
        log("fit", config.system, seed, config.noise)
        time.sleep(config.seconds + float(os.environ.get("STUB_SECONDS", "0")))
        if config.system == "stub_dies" and not Path(os.environ["STUB_LOG"] + ".died").exists():
            Path(os.environ["STUB_LOG"] + ".died").touch()
            os.kill(os.getpid(), 9)
        if config.system == "stub_fails":
            raise RuntimeError("it cannot be fitted")
        return cls(config, mfm.DataSpec.of(train), torch.tensor([seed]))

    def predict(self, dataset: mfm.Dataset) -> Tensor:
        config = cast(StubConfig, self.config)
        log("predict", config.system, int(self.seed), dataset.split[0])
        generator = torch.Generator().manual_seed(int(self.seed))
        total = next(iter(dataset.modalities.values()))[:, :, 0].sum(1, keepdim=True)
        return total + config.noise * torch.randn(total.shape, generator=generator)

    def state(self) -> dict[str, Tensor]:
        return {"seed": self.seed}

    @classmethod
    def from_state(cls, config: mfm.SystemConfig, spec: mfm.DataSpec, state: Mapping[str, Tensor]) -> Self:
        return cls(config, spec, take_tensor(state, "seed", (1,)))


class DiesConfig(StubConfig):
    system: Literal["stub_dies"] = "stub_dies"  # type: ignore[assignment]


class FailsConfig(StubConfig):
    system: Literal["stub_fails"] = "stub_fails"  # type: ignore[assignment]


@mfm.register_system("stub_dies", title="Stub that is killed once", paper="none")
class Dies(Stub):
    Config = DiesConfig


@mfm.register_system("stub_fails", title="Stub that fails", paper="none")
class Fails(Stub):
    Config = FailsConfig
