"""Figures of the ablations M_A to M_E on digits: those of an MFM, as far as their structure has what is measured."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.evaluation.digits import by_batches
from mfm_core.evaluation.losses import Outcomes, Samples, measured
from mfm_core.networks.ablation import Ablation, Coded
from mfm_core.networks.classifier import Discriminative


def measure_ablation(network: Ablation, judges: Mapping[str, Discriminative], *, seed: int = 0) -> Samples:
    """Measure one ablation (Figure 6) on the held-out pairs, each SVHN digit once.

    Swap and the probe of style need a generative factor apart from the discriminative one, which M_A alone has: one of
    all modalities. Reconstruction and coherence need what generates: M_A, M_B and M_C.

    Args:
        network: An ablation of SVHN and MNIST.
        judges: Classifiers by modality, trained apart from it.
        seed: Of the donors and of the samples of the prior.
    """
    return measured(partial(made_by, network), judges, seed)


def made_by(network: Ablation, pairs: Dataset, donor: Tensor, generator: torch.Generator, workers: int) -> Outcomes:
    """Encode pairs with an ablation and decode what its structure allows: rebuilt, swapped and drawn pictures.

    Args:
        network: The ablation.
        pairs: Of all its modalities.
        donor: The row that each pair takes its style from, where there is one apart, ``(N,)``.
        generator: Of the samples of the prior.
        workers: Batches that may be worked on at once.
    """

    def decode(codes: Mapping[str, Tensor]) -> Coded:
        parts = by_batches(lambda part: network.decode({k: z[part] for k, z in codes.items()}), len(pairs), workers)
        generated = {name: torch.cat([one.generated[name] for one in parts]) for name in parts[0].generated}
        return Coded(dict(codes), generated, torch.cat([one.label for one in parts]))

    prior = {name: torch.randn(len(pairs), size, generator=generator) for name, size in network.blocks.items()}
    parts = by_batches(
        lambda part: network.encode({k: x[part] for k, x in pairs.modalities.items()}), len(pairs), workers
    )
    codes = {name: torch.cat([one[name] for one in parts]) for name in network.blocks}
    rebuilt, sampled = decode(codes), decode(prior).generated
    if not network.design.factorized:
        return Outcomes(rebuilt.label, rebuilt.generated, {}, sampled, {})
    swapped = decode({"y": codes["y"], "a": codes["a"][donor]}).generated
    return Outcomes(rebuilt.label, rebuilt.generated, swapped, sampled, {"+".join(pairs.modalities): codes["a"]})
