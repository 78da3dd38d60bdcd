"""How soon a training of MFM reaches a quality: ours against that of MMSA, on the real utterances of CMU-MOSI.

Both models have the sizes of MMSA's configuration for MOSI and read the same language, acoustic and timing features,
standardised by the training split. MMSA's is trained as its own trainer does (``quality_runs.py``): its dropout, loss,
batch, rate and early stopping. Ours is trained by the project's loop with ``OURS``, which was chosen on seeds
from 100 on, so none of those reported. Each seed trains both, one after the other, every other seed in the other order.

Q is the lowest validation error that MMSA's model reaches. Shown is how many times sooner ours reaches Q than MMSA's
does, by the processor's time. Where ours never reaches it the ratio counts as 0; where MMSA's does not, its whole time
counts. Validation samples are few (229) and choose the weights, so the same is shown for the error on the 686 test
samples, which choose nothing.

Run: ``python benchmarks/train_to_quality.py [--seeds 8] [--first-seed 0] [--threads 1] [--epochs 2]
[--json runs.json]``, with ``MFM_DATA`` the folder of the data; ``--epochs`` limits both, to try it out. What the seeds
so far gave is in the JSON file after each of them.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean, stdev

import torch
from published_models import SIZES, fetch, our_mfm_config, published, their_configuration
from quality_comparison import Sooner, Split, Training, sooner
from quality_runs import SLOTS, train_ours, train_theirs

from mfm_core import Dataset, load_dataset
from mfm_core.training.loop import TrainingConfig
from mfm_core.training.objective import ObjectiveConfig
from mfm_core.training.videos import SequenceRun

OURS = replace(SIZES[0], gate=64)
"""Sizes of MMSA's configuration; it has gates of 32 and 64, which of ours are alike."""
EPOCHS, BATCH = 10, 64


def our_run(data: Dataset, seed: int, epochs: int | None = None) -> SequenceRun:
    """How ours is trained; ``epochs`` ends it early, None does not."""
    steps = -(-int((data.split == "train").sum()) // BATCH)
    return SequenceRun(
        system="mfm_sequences",
        data=data.name,
        model=our_mfm_config({name: data.modalities[name].shape[2] for name in SLOTS}, OURS, dropout=0.5),
        objective=ObjectiveConfig(mmd=2, label=10, reconstruction=1, label_cost="absolute", surrogate_label=1),
        noise=0.3,
        noise_y=0.5,
        by_length=8,
        training=TrainingConfig(
            seed=seed,
            steps=steps * min(EPOCHS, epochs or EPOCHS),
            batch_size=BATCH,
            learning_rate=4e-3,
            warmup=20,
            weight_decay=0.1,
            average=0.98,
            validate_every=steps,
        ),
    )


def compare(theirs: Sequence[Training], ours: Sequence[Training]) -> dict[str, Sooner]:
    """How much sooner ours is, by the quality that is asked for."""
    found: dict[str, Sooner] = {}
    splits: tuple[Split, ...] = ("validation", "test")
    for split in splits:
        bests = [getattr(training.best, split) for training in theirs]
        found[f"{split}: MMSA's of the same seed"] = sooner(theirs, ours, bests, split)
        found[f"{split}: mean of MMSA's over seeds"] = sooner(theirs, ours, [fmean(bests)] * len(bests), split)
    own = [training.best.validation for training in ours]
    found["validation: our best of the same seed"] = sooner(theirs, ours, own)
    bests = [training.best.validation for training in theirs]
    found["validation: MMSA's of the same seed, by the clock"] = sooner(theirs, ours, bests, time="clock")
    return found


def table(seeds: Sequence[int], theirs: Sequence[Training], ours: Sequence[Training]) -> str:
    """Errors that both reached, and when, by seed."""
    head = f"{'':>6}{'MMSA':>28}{'ours':>28}{'ours at':>10}\n"
    head += f"{'seed':<6}" + f"{'valid.':>8}{'test':>7}{'at s':>6}{'of s':>7}" * 2 + f"{'Q, s':>10}{'ratio':>7}\n"
    rows = []
    for seed, their, our in zip(seeds, theirs, ours, strict=True):
        halves = [
            f"{t.best.validation:8.3f}{t.best.test:7.3f}{t.best.processor:6.0f}{t.end.processor:7.0f}"
            for t in (their, our)
        ]
        reached = our.reaching(their.best.validation)
        ending = f"{'never':>10}{0:7.2f}"
        if reached is not None:
            ending = f"{reached.processor:10.1f}{their.best.processor / reached.processor:7.2f}"
        rows.append(f"{seed:<6}" + "".join(halves) + ending)
    return head + "\n".join(rows)


def summary(theirs: Sequence[Training], ours: Sequence[Training]) -> str:
    """Errors of the chosen weights over seeds, and how much sooner ours is."""
    lines = []
    for name, side in {"MMSA": theirs, "ours": ours}.items():
        errors = {split: [getattr(t.best, split) for t in side] for split in ("validation", "test")}
        spread = {split: f"{fmean(e):.3f} ± {stdev(e) if len(e) > 1 else 0:.3f}" for split, e in errors.items()}
        lines.append(
            f"{name}: validation {spread['validation']}, test {spread['test']}; {side[0].parameters} parameters"
        )
    n = len(theirs)
    lines.append(f"\n{'times sooner to the error on':<52}{'median (95 % interval)':>26}{'never reached by':>28}")
    for name, found in compare(theirs, ours).items():
        ratio = f"{found.median:.2f} ({found.low:.2f} to {found.high:.2f})"
        never = f"MMSA {found.unreached_theirs}, ours {found.unreached_ours} of {n}"
        lines.append(f"{name:<52}{ratio:>26}{never:>28}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    data, package = load_dataset("cmu_mosi"), fetch()
    module, settings = published(package)("MFM"), their_configuration(package, "mfm", "mosi")
    where = {"threads": arguments.threads, "torch": torch.__version__, "machine": platform.machine()}
    print(", ".join(f"{key} {value}" for key, value in where.items()), flush=True)
    seeds = list(range(arguments.first_seed, arguments.first_seed + arguments.seeds))
    theirs: list[Training] = []
    ours: list[Training] = []
    for seed in seeds:
        sides = [
            lambda seed=seed: theirs.append(train_theirs(module, settings, data, seed, arguments.epochs)),
            lambda seed=seed: ours.append(train_ours(our_run(data, seed, arguments.epochs), data)),
        ]
        for side in sides if seed % 2 == 0 else reversed(sides):
            side()
        print(f"seed {seed}: {theirs[-1].end.processor:.0f} s and {ours[-1].end.processor:.0f} s", flush=True)
        if arguments.json:
            content = {
                "where": where,
                "theirs": settings,
                "ours": our_run(data, arguments.first_seed, arguments.epochs).model_dump(mode="json"),
                "runs": [
                    {"seed": one, "MMSA": asdict(their), "ours": asdict(our)}
                    for one, their, our in zip(seeds, theirs, ours, strict=False)
                ],
                "sooner": {name: asdict(found) for name, found in compare(theirs, ours).items()},
            }
            arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(table(seeds, theirs, ours), summary(theirs, ours), sep="\n\n")


if __name__ == "__main__":
    main()
