"""A term of the cost of your own, registered from outside the package: ``python examples/own_term.py``.

From then on its key is a weight of configurations: ``terms`` of sequences, ``factorization`` of images. As a file of
``mfm_core/training/terms`` it is found by every process.
"""

from __future__ import annotations

import torch

import mfm_core as mfm


def squared_correlations(codes, scores):
    """Squared correlation of each number of codes (N, d) with a score (N,), as a mean over the numbers."""
    codes, scores = codes - codes.mean(0), scores - scores.mean()
    spread = (codes.square().sum(0) * scores.square().sum()).clamp_min(1e-8)
    return ((codes * scores[:, None]).sum(0).square() / spread).mean()


@mfm.register_term(
    "uncorrelated",  # in configurations and in the log
    "no number of Z_a is correlated with the score",
    reads=("sequence",),
    label="score",
    by_modality=True,  # a weight may be one number, or one of each modality
)
def uncorrelated(seen: mfm.TermInputs):
    """A scalar of each modality, which the weight of the configuration multiplies."""
    return {name: squared_correlations(z, seen.labels[:, 0]) for name, z in seen.latents.a.items()}


def spoken(n=120):
    """Made-up sequences: the first feature of each stream tells a part of the score."""
    x = torch.randn(2, n, 2, 2, generator=torch.Generator().manual_seed(0))
    return mfm.Dataset.from_arrays({"words": x[0], "tone": x[1]}, x[:, :, :, 0].mean(2).sum(0))


def main(epochs=6):
    """Correlation of Z_a of test samples with their score by weight, as a mean over modalities."""
    data, found = spoken(), {}
    test = data.part("test")
    for weight in (0.0, 100.0):
        config = mfm.MFMConfig(
            epochs=epochs, d_a=1, hidden=16, batch_size=32, learning_rate=0.02, terms={"uncorrelated": weight}
        )
        styles = mfm.fit(config, data.part("train"), data.part("validation")).encode(test).a
        each = [squared_correlations(z, test.labels[:, 0]) for z in styles.values()]
        found[weight] = float(torch.stack(each).mean())
    print(", ".join(f"weight {weight}: squared correlation {x:.3f}" for weight, x in found.items()))
    return found


if __name__ == "__main__":
    main()
