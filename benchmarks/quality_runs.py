"""Whole trainings of MMSA's MFM and of ours on one data set, with the time at which each validation error was reached.

Time counts from before the model is built and includes a validation an epoch, which both need to stop; what is measured
beside it, errors on test samples among them, stops the watch.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import cast

import torch
from published_models import n_trained
from quality_comparison import Point, Training
from torch import nn

from mfm_core import MFM, Dataset
from mfm_core.training.loop import train
from mfm_core.training.videos import SequenceRun, SequenceTask, encode_present

SLOTS = ("language", "acoustic", "timing")
"""Modalities of CMU-MOSI in the order of MMSA's language, acoustic, visual: it has no visual stream."""


class Watch:
    """Seconds of the processor and by the clock since it was made, without those while it was paused."""

    def __init__(self) -> None:
        self.started = time.process_time(), time.perf_counter()
        self.paused = [0.0, 0.0]

    def read(self) -> tuple[float, float]:
        """Seconds of the processor, and by the clock."""
        return (
            time.process_time() - self.started[0] - self.paused[0],
            time.perf_counter() - self.started[1] - self.paused[1],
        )

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Leave out of the count what is done within."""
        before = time.process_time(), time.perf_counter()
        yield
        self.paused[0] += time.process_time() - before[0]
        self.paused[1] += time.perf_counter() - before[1]


def train_theirs(
    module: ModuleType, settings: Mapping[str, object], data: Dataset, seed: int, epochs: int | None = None
) -> Training:
    """Train MMSA's MFM as its trainer does.

    Adam at its default rate, whatever the configuration says, without clipping; after each epoch the error on
    validation samples decides whether training goes on. Unlike there, nothing is written to the disk.

    Args:
        module: Of its MFM.
        settings: Its configuration.
        data: Samples in three splits, standardised.
        seed: Of weights, batches and dropout.
        epochs: At most; None for no limit, as there.
    """
    features = [data.modalities[name].shape[2] for name in SLOTS]
    torch.manual_seed(seed)
    parts = {split: data.part(split) for split in ("train", "validation", "test")}
    inputs = {split: [part.modalities[name] for name in SLOTS] for split, part in parts.items()}
    labels = {split: part.labels for split, part in parts.items()}
    chosen = SimpleNamespace(**settings)
    watch = Watch()
    network = module.MFM(
        SimpleNamespace(**settings, feature_dims=features, num_classes=1, train_mode="regression", device="cpu")
    )
    optimizer = torch.optim.Adam(network.parameters(), weight_decay=chosen.weight_decay, fused=True)

    @torch.no_grad()
    def error(split: str) -> float:
        network.eval()
        batches = torch.arange(len(labels[split])).split(chosen.batch_size)
        scores = torch.cat([network(*(x[rows] for x in inputs[split]))[0] for rows in batches])
        return float((scores - labels[split]).abs().mean())

    points: list[Point] = []
    best, best_epoch = float("inf"), 0
    while len(points) - best_epoch < chosen.early_stop and (epochs is None or len(points) < epochs):
        network.train()
        for rows in torch.randperm(len(labels["train"])).split(chosen.batch_size):
            optimizer.zero_grad()
            score, generation, mmd, missing = network(*(x[rows] for x in inputs["train"]))
            label = (score - labels["train"][rows]).abs().mean()
            torch.autograd.backward(label + generation + chosen.lda_mmd * mmd + missing)
            optimizer.step()
        validation = error("validation")
        with watch.pause():
            points.append(Point(*watch.read(), validation, error("test")))
        if validation < best:
            best, best_epoch = validation, len(points)
    return Training(tuple(points), n_trained(network))


def train_ours(run: SequenceRun, data: Dataset) -> Training:
    """Train our MFM as ``python -m mfm_core train`` does."""
    parts = data.part("train"), data.part("validation")
    validation, test = parts[1], data.part("test")
    points: list[Point] = []
    watch = Watch()
    task = SequenceTask(run, torch.device("cpu"), parts)

    def note(_step: int, model: nn.Module) -> None:
        with watch.pause():
            points.append(Point(*watch.read(), our_error(model, validation), our_error(model, test)))

    train(task, run.training, on_validation=note)
    return Training(tuple(points), n_trained(task.model))


@torch.inference_mode()
def our_error(model: nn.Module, data: Dataset) -> float:
    """Mean absolute error of the score."""
    return float((encode_present(cast(MFM, model), data)[1] - data.labels).abs().mean())
