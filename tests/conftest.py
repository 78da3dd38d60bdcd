"""Shared by all tests: small models that need no training, a generator, and real data where there are some."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
import torch
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright
from torch import nn

from mfm_core import MFM, Codes, Latents, ModelConfig
from mfm_core.config import ImageModality, LabelConfig, MemoryConfig, SequenceModality
from mfm_core.evaluation import digits, probes
from mfm_core.storage import models
from tests import made_up_digits

Network = TypeVar("Network", bound=nn.Module)

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_configure(config: pytest.Config) -> None:
    # torch 2.13 warns of itself when it first loads its forward-mode derivatives.
    config.addinivalue_line("filterwarnings", r"ignore:.torch\.jit\.script. is deprecated:DeprecationWarning")
    # Deadlines tell a busy machine from an idle one, not a right answer from a wrong one.
    settings.register_profile("any_machine", deadline=None)
    settings.load_profile("any_machine")


def pytest_runtest_setup() -> None:
    torch.set_num_threads(1)  # a command that a test calls sets its own number; sums of several round differently


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that a test starts and enters here are killed at its end."""
    begun: list[subprocess.Popen[bytes]] = []
    yield begun
    for process in begun:
        process.kill()
        process.wait()


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="session")
def tiny_config() -> ModelConfig:
    """SVHN-MNIST in shape, but with networks of a few thousand parameters."""
    small = {"channels": (8, 12), "fusion_channels": (8, 12), "hidden": 16}
    return ModelConfig(
        modalities={
            "svhn": ImageModality(shape=(3, 32, 32), d_z=5, d_f=6, fusion="residual", **small),
            "mnist": ImageModality(shape=(1, 28, 28), d_z=4, d_f=7, flow=2, flow_mixed=1, **small),
        },
        d_y=3,
        d_f=8,
        features=12,
        hidden=10,
    )


def with_large_weights(model: Network) -> Network:
    """Frozen, with fixed random weights that make pictures differ visibly."""
    generator = torch.Generator().manual_seed(0)
    model = model.eval().requires_grad_(requires_grad=False)
    for parameter in model.parameters():
        spread = 2 / max(parameter[0].numel(), 1) ** 0.5
        parameter.copy_(spread * torch.randn(parameter.shape, generator=generator))
    return model


@pytest.fixture(scope="session")
def tiny_model(tiny_config: ModelConfig) -> MFM:
    return with_large_weights(MFM(tiny_config))


@pytest.fixture(scope="session")
def sequence_config() -> ModelConfig:
    """Spoken videos in kind, but of a few features and with networks of a few thousand parameters."""
    return ModelConfig(
        modalities={
            "language": SequenceModality(d_x=9, d_z=5, d_f=4, hidden=6),
            "acoustic": SequenceModality(d_x=4, d_z=3, d_f=5, hidden=5, feedback="output"),
            "visual": SequenceModality(d_x=5, d_z=4, d_f=3, hidden=4),
        },
        label=LabelConfig(kind="scores", size=2),
        d_y=3,
        d_f=6,
        hidden=10,
        memory=MemoryConfig(memory=7, attention=8, candidate=9, gate=6),
        length=8,
    )


@pytest.fixture(scope="session")
def sequence_model(sequence_config: ModelConfig) -> MFM:
    return with_large_weights(MFM(sequence_config))


@pytest.fixture
def sequences(sequence_config: ModelConfig, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Six random sequences of seven steps, of each modality."""
    return {
        name: torch.randn(6, 7, modality.d_x, generator=generator)
        for name, modality in sequence_config.sequences.items()
    }


@pytest.fixture
def real() -> torch.Tensor:
    """Which of the seven steps are real: all, padding on the right, on the left, holes, and a single step."""
    rows = ["1111111", "1110000", "0001111", "0101101", "0000001", "1000000"]
    return torch.tensor([[step == "1" for step in row] for row in rows])


@pytest.fixture
def pictures(tiny_config: ModelConfig, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Six random 8-bit pictures of each modality."""
    return {
        name: torch.randint(256, (6, *modality.shape), generator=generator) / 255
        for name, modality in tiny_config.modalities.items()
    }


@pytest.fixture
def latents(tiny_model: MFM, generator: torch.Generator) -> Latents:
    return tiny_model.sample(6, generator=generator)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; tests that need it are skipped where there is none."""
    folder = os.environ.get("MFM_DATA")
    if not folder:
        pytest.skip("MFM_DATA is not set: no real data to test with")
    return Path(folder)


@pytest.fixture(scope="session")
def drawn_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of made-up digits."""
    return made_up_digits.write(tmp_path_factory.mktemp("drawn_digits"))


@pytest.fixture
def made_up_data(drawn_digits: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Made-up digits stand for the real ones."""
    monkeypatch.setenv("MFM_DATA", str(drawn_digits))
    return drawn_digits


@pytest.fixture(scope="session")
def stored(tiny_model: MFM, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything a stored model can have; tests copy it before they damage it."""
    folder = tmp_path_factory.mktemp("stored") / "tiny"
    generator = torch.Generator().manual_seed(0)
    models.save_model(tiny_model, folder, run={"seed": 0, "command": "train"}, card="# Tiny\n\nMit Umlaut: ä.\n")
    models.save_metrics({"accuracy": 0.5, "swap": {"svhn": [1, 2]}}, folder)
    models.save_codes(make_codes(tiny_model, generator), folder)
    return folder


def make_codes(model: MFM, generator: torch.Generator, n: int = 5) -> Codes:
    prints = {name: torch.randint(-(2**62), 2**62, (n,), generator=generator) for name in model.modalities}
    return Codes(model.sample(n, generator=generator), torch.arange(n), prints)


@pytest.fixture
def folder(stored: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stored, tmp_path / "tiny"))


@pytest.fixture
def few_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast half of the probes of digits, with one seed and two folds."""
    family = probes._classifiers()
    monkeypatch.setattr(probes, "_classifiers", lambda: {name: family[name] for name in ("linear", "RBF SVM")})
    monkeypatch.setattr(digits, "PROBE_SEEDS", (0,))
    monkeypatch.setattr(digits, "PROBE_FOLDS", 2)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The one browser of this process: a second would find the event loop of the first running."""
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
