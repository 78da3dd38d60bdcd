"""Time the checks of what is given to a model against the work that they come before.

Run: python benchmarks/input_checks.py
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import mfm_core as mfm


def median_ms(call: Callable[[], object], repeats: int) -> float:
    """Median time of a call in milliseconds."""
    times = []
    for _ in range(repeats):
        begun = perf_counter()
        call()
        times.append(1000 * (perf_counter() - begun))
    return statistics.median(times)


@torch.inference_mode()
def main() -> None:
    """Print a line a batch size."""
    torch.set_num_threads(1)
    model, generator = mfm.load_pretrained("svhn_mnist"), torch.Generator().manual_seed(0)
    for n in (1, 16, 256):
        given = {name: torch.rand(n, *of.shape, generator=generator) for name, of in model.config.images.items()}
        latents = model.sample(n, generator=generator)
        encode, decode = median_ms(partial(model.encode, given), 7), median_ms(partial(model.decode, latents), 7)
        inputs = median_ms(partial(model.checked_inputs, given), 50)
        blocks = median_ms(partial(model.checked_latents, latents), 50)
        print(
            f"n={n}: encode {encode:.2f} ms, of which checks {inputs:.3f} ms ({inputs / encode:.2%}); "
            f"decode {decode:.2f} ms, of which checks {blocks:.3f} ms ({blocks / decode:.2%})"
        )


if __name__ == "__main__":
    main()
