"""Terms added to Eq. 4, because on real SVHN-MNIST it reconstructs and classifies but does not factorize.

Each is a weight of the configuration; 0 leaves it out. What each buys is measured and told in the model's card.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mfm_core.config import Config, Share, Weight, Weights
from mfm_core.latents import Latents
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.training.objective import conditional_mmd, mmd


class FactorizationConfig(Config):
    """Weights of the terms added to Eq. 4.

    Attributes:
        same_label: Decode with the Z_y of another pair of the same label: Z_y is kept free of style.
        noise: Standard deviation of the noise on Z_a before decoding: it has no room for what Z_y already says.
        noise_y: The same on Z_y: classes are regions that fill the prior, not ten points in it.
        mmd_y: MMD of Z_y alone to the prior; among the many dimensions of the joint Z its few count little.
        label_balance: The labels that D gives to Z_y from the prior are as frequent as those of real pairs.
        certainty: D is sure of the label of Z_y from the prior: between two classes lies a border, not a land of its
            own, where each modality could show another digit.
        conditional_mmd: Z_a given the label follows the prior: Z_a is kept free of the label.
        flow: Surprise of the flows that take the label out of Z_a, in nats a number; it trains nothing but them.
        flow_near: Squared distance that their mixed couplings move a code, a number: of the maps that take the label
            out, the nearest, so that one style means the same in every label. It trains nothing but them.
        recognition: Label cost of what those flows are told, which is read from one modality's features alone. A run
            that settles has no such term: what recognizes is fixed there.
        label_readback: Frozen readers find, in pictures of imagined codes, the label of Z_y: a cost above what plain
            digits cost, so that nothing is gained by drawing a digit plainer still.
        feature_match: MMD between restyled and sampled pictures and real ones, in the readers' features and in the
            coarse picture.
        style_kept: Mean and mean square of each channel (colour, contrast, ink) of a swapped picture are those of the
            donor of Z_a.
        grey_kept: So is the mean of x (1 - x): a thin digit that is given much ink draws it, and is not veiled in it.
    """

    same_label: bool = True
    noise: Share = 0.1
    noise_y: Share = 0.5
    mmd_y: Weight = 400.0
    label_balance: Weight = 20.0
    certainty: Weight = 0.0
    conditional_mmd: Weight = 200.0
    flow: Weight = 10.0
    flow_near: Weights = 0.0
    recognition: Weight = 20.0
    label_readback: Weights = 5.0
    feature_match: Weight = 20.0
    style_kept: Weights = 4.0
    grey_kept: Weights = 0.0


def same_label_partner(labels: Tensor, generator: torch.Generator) -> Tensor:
    """For each sample the index of a random sample of the same label, ``(N,)``: a permutation within classes."""
    order = torch.randperm(len(labels), generator=generator).to(labels.device)
    shuffled = order[torch.argsort(labels[order], stable=True)]
    partner = torch.empty_like(order)
    partner[torch.argsort(labels, stable=True)] = shuffled
    return partner


PLAIN = 0.1  # nats: what a reader finds in a digit it has no doubt of; its median on real ones is half of that
LEAST_VARIANCE = 1e-5  # of a mean over a picture, among a batch
SWAPPED, RESTYLED, SAMPLED, TRANSLATED = range(4)


@dataclass(frozen=True)
class Imagined:
    """Codes that no real pair has.

    Attributes:
        latents: Z, ``(N, ...)``.
        labels: What their pictures must show, ``(N,)``.
        kind: How each was imagined, ``(N,)``: swapped, restyled, sampled or translated, in this order.
    """

    latents: Latents
    labels: Tensor
    kind: Tensor


def imagine(
    model: MFM, latents: Latents, inferred: Sequence[Latents], labels: Tensor, generator: torch.Generator
) -> Imagined:
    """Imagine codes of four kinds, a quarter of the batch each.

    Swapped: Z_y of another pair. Restyled: also Z_a from the prior. Sampled: all from the prior, the label is what D
    gives to Z_y. Translated: Z as surrogates infer it from some of the modalities; left out where there are none.

    Args:
        model: The model.
        latents: Z of real pairs.
        inferred: The Z that each surrogate infers of the same pairs.
        labels: The labels of the pairs, ``(N,)``.
        generator: Source of randomness, on the CPU.
    """
    n, device = len(labels), labels.device
    prior = model.sample(n, generator=generator)
    other = torch.randperm(n, generator=generator).to(device)
    kind = torch.arange(n, device=device) % (4 if inferred else 3)
    which = torch.randint(max(len(inferred), 1), (n,), generator=generator).to(device)

    def choose(name: str, swapped: Tensor, restyled: Tensor) -> Tensor:
        options = [swapped, restyled, prior.blocks()[name], *(z.blocks()[name] for z in inferred)]
        return torch.stack(options)[
            torch.where(kind == TRANSLATED, TRANSLATED + which, kind), torch.arange(n, device=device)
        ]

    shuffled = latents.y[other]
    y = choose("y", shuffled, shuffled)
    a = {name: choose(name, z, prior.a[name]) for name, z in latents.a.items()}
    with torch.no_grad():
        decided = model.decide(prior.y).argmax(1)
    shown = torch.stack([labels[other], labels[other], decided, labels])[kind, torch.arange(n, device=device)]
    return Imagined(Latents(y, a), shown, kind)


def readback_costs(
    readers: Mapping[str, Discriminative],
    pictures: Mapping[str, Tensor],
    real: Mapping[str, Tensor],
    imagined: Imagined,
) -> tuple[dict[str, Tensor], Tensor]:
    """Costs of imagined pictures by frozen readers: of each modality's label, and the MMD to real pictures.

    Restyled and sampled pictures are each compared with real ones: were all kinds compared as one crowd, the sampled
    ones would grow wild to make up for the calm of the translated ones, whose style is an average.
    """
    label, distances = {}, []
    for name, reader in readers.items():
        found = reader.penultimate({name: pictures[name]})
        cost = nn.functional.cross_entropy(reader.fusion.read_out(found).float(), imagined.labels, reduction="none")
        label[name] = (cost - PLAIN).clamp_min(0).mean()
        with torch.no_grad():
            wanted = reader.penultimate({name: real[name]})
        pairs = [(found, wanted), (_coarse(pictures[name]), _coarse(real[name]))]
        for kind in (RESTYLED, SAMPLED):
            distances += [mmd(x[imagined.kind == kind] / r.std(), r / r.std()) / 2 for x, r in pairs]
    return label, torch.stack(distances).sum()


def _coarse(pictures: Tensor) -> Tensor:
    """Means over 8 x 8 pixels, ``(N, d)``."""
    return nn.functional.avg_pool2d(pictures, 8, ceil_mode=True).flatten(1)


def label_independence_cost(latents: Latents, prior: Latents, labels: Tensor) -> Tensor:
    """Conditional MMD of each Z_a to the prior, summed over modalities."""
    return torch.stack([conditional_mmd(z, labels, prior.a[name]) for name, z in latents.a.items()]).sum()


def style_kept_costs(pictures: Mapping[str, Tensor], donors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Squared difference from the donor of the mean and the mean square of each channel, over their variance.

    The mean alone would let a thin digit gain ink by a grey haze around it; the mean square counts strokes.

    Returns:
        The mean over channels and over the two moments, of each modality.
    """
    mean, square = (_kept(pictures, donors, moment) for moment in (lambda x: x, torch.square))
    return {name: (cost + square[name]) / 2 for name, cost in mean.items()}


def grey_kept_costs(pictures: Mapping[str, Tensor], donors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same of the mean of x (1 - x), which is 0 in black and white and varies little among real pictures.

    What :func:`style_kept_costs` leaves of a haze stands out here.
    """
    return _kept(pictures, donors, lambda x: x * (1 - x))


def _kept(
    pictures: Mapping[str, Tensor], donors: Mapping[str, Tensor], moment: Callable[[Tensor], Tensor]
) -> dict[str, Tensor]:
    """Mean over channels of ``(mean(moment(x)) - mean(moment(donor)))^2 / variance``, of each modality."""
    costs = {}
    for name, donor in donors.items():
        found, wanted = (moment(x).mean(dim=(2, 3)) for x in (pictures[name], donor))
        costs[name] = ((found - wanted).square().mean(0) / wanted.var(0).clamp_min(LEAST_VARIANCE)).mean()
    return costs


def label_balance_cost(decided: Tensor, labels: Tensor) -> Tensor:
    """Kullback-Leibler divergence of the labels D gives to the prior's Z_y from those of a batch of real pairs.

    Args:
        decided: Logits of D, ``(N, n_labels)``.
        labels: Of the real pairs.
    """
    real = torch.bincount(labels, minlength=decided.shape[1]) / len(labels)
    given = torch.softmax(decided, dim=1).mean(0)
    return nn.functional.kl_div(given.clamp_min(1e-6).log(), real, reduction="sum")


def certainty_cost(decided: Tensor) -> Tensor:
    """Entropy in nats of the labels D gives to each Z_y of the prior, averaged: logits ``(N, n_labels)`` -> scalar.

    With :func:`label_balance_cost` it makes their mutual information large (Krause et al., 2010, "Discriminative
    clustering by regularized information maximization").
    """
    given = torch.log_softmax(decided, dim=1)
    return -(given.exp() * given).sum(1).mean()
