"""Stored models of sequences: they come back as they were, serve many threads, and damage is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
import torch
from torch import Tensor

from mfm_core import MFM, Codes
from mfm_core.storage import models
from tests import damage
from tests.sequences import SUBSETS, Inputs, equal, everything, only


def make_codes(model: MFM, inputs: Inputs, mask: Tensor) -> Codes:
    return Codes(model.encode(inputs, mask), torch.linspace(-1, 1, 12).view(6, 2))


@pytest.fixture
def stored(sequence_model: MFM, sequences: Inputs, real: Tensor, tmp_path: Path) -> Path:
    models.save_model(sequence_model, tmp_path / "talk", run={"seed": 0}, card="# Talk\n")
    models.save_codes(make_codes(sequence_model, sequences, real), tmp_path / "talk")
    return tmp_path / "talk"


def test_a_stored_model_makes_what_it_made_before(
    sequence_model: MFM, stored: Path, sequences: Inputs, real: Tensor
) -> None:
    loaded = models.load_pretrained(stored)
    assert loaded.config == sequence_model.config
    assert equal(everything(loaded, sequences, real), everything(sequence_model, sequences, real))


def test_codes_come_back_as_they_were(sequence_model: MFM, stored: Path, sequences: Inputs, real: Tensor) -> None:
    codes, wanted = models.load_codes(stored), make_codes(sequence_model, sequences, real)
    assert torch.equal(codes.latents.joint(), wanted.latents.joint())
    assert torch.equal(codes.latents.mask, real)
    assert torch.equal(codes.labels, wanted.labels)
    assert codes.fingerprints == {}


def test_the_videos_of_codes_come_back(sequence_model: MFM, stored: Path, sequences: Inputs, real: Tensor) -> None:
    assert models.load_codes(stored).units is None
    units = torch.tensor([0, 0, 3, 3, 3, 1])
    models.save_codes(replace(make_codes(sequence_model, sequences, real), units=units), stored)
    assert torch.equal(models.load_codes(stored).units, units)


def tensors(change: Callable[[damage.Header, bytearray], None]) -> Callable[[Path], None]:
    return lambda path: damage.rewrite(path, change)


NAN = bytes.fromhex("0000c07f")
LONG = (
    b'{"labels":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},'
    b'"mask":{"dtype":"BOOL","shape":[1,10001],"data_offsets":[8,10009]}}'
)
CODES_DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "no mask": (tensors(damage.rename("mask", "real")), "expected 6 tensors, missing mask, surplus real"),
    "a step that is neither": (
        tensors(damage.overwrite("mask", b"\x02")),
        "mask: expected bytes 0 or 1 for torch.bool, got 2",
    ),
    "a sample without steps": (
        tensors(damage.overwrite("mask", bytes(7))),
        "mask: expected at least one real step of each sample, got none of sample 0",
    ),
    "a mask of another number of samples": (
        tensors(damage.edit("mask", shape=[7, 6])),
        "mask: expected shape (6, 6) of torch.bool, got (7, 6) of torch.bool",
    ),
    "a mask that is flat": (
        tensors(damage.edit("mask", shape=[42])),
        "mask: expected shape (6, 0) of torch.bool, got (42,) of torch.bool",
    ),
    "too long": (
        lambda path: damage.write(path, LONG, bytes(10_009)),
        "mask: expected at most 10000 steps, got 10001",
    ),
    "scores that are classes": (
        tensors(damage.edit("labels", dtype="I64", shape=[6])),
        "labels: expected shape (6, 2) of torch.float32, got (6,) of torch.int64",
    ),
    "a score that is none": (
        tensors(damage.overwrite("labels", NAN)),
        "labels: expected finite numbers, got NaN or infinity",
    ),
    "fingerprints": (
        tensors(damage.add("fingerprints.visual")),
        "expected 6 tensors, missing none, surplus fingerprints.visual",
    ),
}


@pytest.mark.parametrize("kind", CODES_DAMAGE)
def test_damaged_codes_are_refused(stored: Path, kind: str) -> None:
    inflict, message = CODES_DAMAGE[kind]
    path = stored / "codes.safetensors"
    inflict(path)
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: {message}')}$"):
        models.load_codes(stored)


def test_threads_that_share_a_model_get_what_serial_calls_get(stored: Path, real: Tensor) -> None:
    model, start = models.load_pretrained(stored), Barrier(8)

    def work(seed: int) -> list[Inputs]:
        generator = torch.Generator().manual_seed(seed)
        found = []
        for _ in range(5):
            sizes = {name: modality.d_x for name, modality in model.config.sequences.items()}
            inputs = {name: torch.randn(6, 7, d, generator=generator) for name, d in sizes.items()}
            mask = real[torch.randperm(6, generator=generator)]
            with torch.inference_mode():
                found.append(everything(model, only(inputs, SUBSETS[seed % len(SUBSETS)]), mask))
        return found

    def session(seed: int) -> list[Inputs]:
        start.wait(timeout=30)
        return work(seed)

    serial = [work(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for ours, theirs in zip(pool.map(session, range(8)), serial, strict=True):
            assert all(equal(a, b) for a, b in zip(ours, theirs, strict=True))
