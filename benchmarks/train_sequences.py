"""How fast MFM and MFN of sequences train: ours against those of MMSA, ports of the published code, in turns.

One step is forward, loss, backward and an optimiser's step on one batch of 64 sequences of 20 steps. Both models have
the same sizes of h, z, f and of the memory, no dropout, and the same loss. For MFM: mean squared errors of the
modalities, absolute error of the score, and the MMD of the published code. For MFN: absolute error of the score.
Both use the same optimiser. Ours gets a mask, which says that all steps are real.

``published_models.py`` fetches MMSA 2.2.1 and builds the models; how soon training reaches a quality is measured by
``train_to_quality.py``.

Run: ``python benchmarks/train_sequences.py [--models MFM MFN] [--repeats 30] [--threads 1] [--json rows.json]``
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import product
from pathlib import Path
from statistics import median
from types import ModuleType, SimpleNamespace

import torch
from published_models import (
    SIZES,
    Sizes,
    fetch,
    mfm_sizes,
    n_trained,
    our_mfm_config,
    published,
    shared_sizes,
)
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mfm_core import MFM
from mfm_core.config import LabelConfig
from mfm_core.systems.base import DataSpec, StreamSpec
from mfm_core.systems.mfn import MFN, MFNConfig
from mfm_core.training.objective import ObjectiveConfig, prior_cost

NAMES = ("language", "acoustic", "visual")
FEATURES = ((300, 20, 5), (300, 74, 36))
BATCH, LENGTH = 64, 20
MMD, RECONSTRUCTION = 100.0, (0.5, 0.01, 0.5)

Step = Callable[[dict[str, Tensor], Tensor, Tensor], Tensor]


def their_mfn(module: ModuleType, features: tuple[int, int, int], sizes: Sizes) -> tuple[nn.Module, Step]:
    """MMSA's MFN, and a training step of it."""
    model = module.MFN(SimpleNamespace(**shared_sizes(features, sizes)))

    def cost(inputs: dict[str, Tensor], score: Tensor, _mask: Tensor) -> Tensor:
        return (model(*(inputs[name] for name in NAMES))["M"] - score).abs().mean()

    return model, stepping(model, cost)


def our_mfn(features: tuple[int, int, int], sizes: Sizes) -> tuple[nn.Module, Step]:
    """Our MFN, and a training step of it."""
    streams = {name: StreamSpec(kind="sequence", shape=(d,)) for name, d in zip(NAMES, features, strict=True)}
    config = MFNConfig(
        hidden=dict(zip(NAMES, sizes.h, strict=True)),
        memory=sizes.memory,
        attention=sizes.attention,
        candidate=sizes.candidate,
        gate=sizes.gate,
        head=sizes.memory,
        dropout=0,
    )
    model = MFN.build(config, DataSpec(streams=streams, label=LabelConfig(kind="scores", size=1)))

    def cost(inputs: dict[str, Tensor], score: Tensor, mask: Tensor) -> Tensor:
        return (model(inputs, mask) - score).abs().mean()

    return model, stepping(model, cost)


def their_mfm(module: ModuleType, features: tuple[int, int, int], sizes: Sizes) -> tuple[nn.Module, Step]:
    """MMSA's MFM, and a training step of it."""
    weights = dict(zip(("lda_xl", "lda_xa", "lda_xv"), RECONSTRUCTION, strict=True))
    model = module.MFM(SimpleNamespace(**mfm_sizes(features, sizes), **weights, device="cpu"))

    def cost(inputs: dict[str, Tensor], score: Tensor, _mask: Tensor) -> Tensor:
        decided, generation, mmd, missing = model(*(inputs[name] for name in NAMES))
        return (decided - score).abs().mean() + generation + MMD * mmd + missing

    return model, stepping(model, cost)


def our_mfm(features: tuple[int, int, int], sizes: Sizes) -> tuple[nn.Module, Step]:
    """Our MFM, and a training step of it."""
    model = MFM(our_mfm_config(dict(zip(NAMES, features, strict=True)), sizes))
    generator = torch.Generator().manual_seed(0)
    objective = ObjectiveConfig(independence="published_code")

    def cost(inputs: dict[str, Tensor], score: Tensor, mask: Tensor) -> Tensor:
        latents = model.encode(inputs, mask)
        generated = model.decode(latents)
        errors = [
            weight * nn.functional.mse_loss(generated.modalities[name], inputs[name])
            for name, weight in zip(NAMES, RECONSTRUCTION, strict=True)
        ]
        prior = model.sample(len(score), generator=generator)
        label = (generated.label - score).abs().mean()
        return label + torch.stack(errors).sum() + MMD * prior_cost(latents, prior, objective)

    return model, stepping(model, cost)


def stepping(model: nn.Module, cost: Step) -> Step:
    """Forward, loss, backward, optimiser."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def step(inputs: dict[str, Tensor], score: Tensor, mask: Tensor) -> Tensor:
        optimizer.zero_grad()
        total = cost(inputs, score, mask)
        torch.autograd.backward(total)
        optimizer.step()
        return total.detach()

    return step


THEIRS, OURS = {"MFM": their_mfm, "MFN": their_mfn}, {"MFM": our_mfm, "MFN": our_mfn}


def measure(
    name: str, module: ModuleType, features: tuple[int, int, int], sizes: Sizes, repeats: int
) -> dict[str, object]:
    """Sequences a second of both, by the clock and by the processor's time, in turns."""
    generator = torch.Generator().manual_seed(0)
    inputs = {key: torch.randn(BATCH, LENGTH, d, generator=generator) for key, d in zip(NAMES, features, strict=True)}
    score, mask = torch.randn(BATCH, 1, generator=generator), torch.ones(BATCH, LENGTH, dtype=torch.bool)
    torch.manual_seed(0)
    sides = {"MMSA": THEIRS[name](module, features, sizes), "ours": OURS[name](features, sizes)}
    clock: dict[str, list[float]] = {side: [] for side in sides}
    processor: dict[str, list[float]] = {side: [] for side in sides}
    for turn in range(-3, repeats):  # the first three warm up
        for side, (_, step) in sides.items():
            started = time.perf_counter(), time.process_time()
            step(inputs, score, mask)
            if turn >= 0:
                clock[side].append(time.perf_counter() - started[0])
                processor[side].append(time.process_time() - started[1])
    row: dict[str, object] = {"model": name, "features": features, "sizes": sizes.name}
    for side, (model, _) in sides.items():
        row |= {f"parameters_{side}": n_trained(model)}
        row |= {f"per_second_{side}": BATCH / median(clock[side]), f"processor_{side}": BATCH / median(processor[side])}
    for way, times in {"ratio": clock, "processor_ratio": processor}.items():
        row[way] = median(times["MMSA"]) / median(times["ours"])
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=list(OURS), default=list(OURS))
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    find = published(fetch())
    where = {"threads": arguments.threads, "repeats": arguments.repeats, "torch": torch.__version__}
    where |= {"machine": platform.machine(), "batch": BATCH, "length": LENGTH}
    print(", ".join(f"{key} {value}" for key, value in where.items()))
    print("Sequences a second, medians; in brackets by the processor's time, which other work disturbs less.")
    print(f"model {'features':>13}  {'sizes':<27} {'MMSA':>14} {'ours':>14} {'ratio':>13}")
    rows = []
    for name, sizes, features in product(arguments.models, SIZES, FEATURES):
        row = measure(name, find(name), features, sizes, arguments.repeats)
        rows.append(row)
        theirs, ours = (f"{row[f'per_second_{s}']:6.0f} ({row[f'processor_{s}']:5.0f})" for s in ("MMSA", "ours"))
        ratio = f"{row['ratio']:.2f} ({row['processor_ratio']:.2f})"
        widths = "/".join(map(str, features))
        print(f"{name:<5} {widths:>13}  {sizes.name:<27} {theirs:>14} {ours:>14} {ratio:>13}", flush=True)
    if arguments.json:
        content = {"where": where, "sizes": [asdict(sizes) for sizes in SIZES], "rows": rows}
        arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
