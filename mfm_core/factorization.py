"""Terms added to Eq. 4, because on real SVHN-MNIST it reconstructs and classifies but does not factorize.

Each is a weight of the configuration; 0 leaves it out. What each buys is measured and told in the model's card.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mfm_core.baselines.discriminative import Discriminative
from mfm_core.config import Config, Positive, Share, Weight
from mfm_core.model import MFM
from mfm_core.networks.fully_connected import fully_connected
from mfm_core.objective import conditional_mmd, excess_over_uniform, mmd
from mfm_core.representations import Latents


class FactorizationConfig(Config):
    """Weights of the terms added to Eq. 4.

    Attributes:
        same_label: Decode with the Z_y of another pair of the same label: Z_y is kept free of style.
        noise: Standard deviation of the noise on Z before decoding: Z_a has no room for what Z_y already says.
        conditional_mmd: Z_a given the label follows the prior: Z_a is kept free of the label.
        adversary: A network that reads the label from Z_a is driven to the uniform guess.
        adversary_steps: Its own steps a batch.
        label_readback: Frozen readers find, in pictures of swapped and sampled codes, the label of Z_y.
        feature_match: MMD between the readers' features of those pictures and of real ones.
        style_readback: Z_a encoded again from those pictures is the Z_a they were made of.
    """

    same_label: bool = True
    noise: Share = 0.1
    conditional_mmd: Weight = 100.0
    adversary: Weight = 5.0
    adversary_steps: Positive = 3
    label_readback: Weight = 5.0
    feature_match: Weight = 5.0
    style_readback: Weight = 5.0


class Adversary(nn.Module):
    """Reads the label from each Z_a."""

    def __init__(self, sizes: Mapping[str, int], n_labels: int) -> None:
        super().__init__()
        self.readers = nn.ModuleDict({name: fully_connected(d, 256, 256, n_labels) for name, d in sizes.items()})

    def forward(self, latents: Latents) -> dict[str, Tensor]:
        """Logits from each modality's Z_a, ``(N, n_labels)``."""
        return {name: self.readers[name](z) for name, z in latents.a.items()}

    def cost(self, latents: Latents, labels: Tensor) -> Tensor:
        """The adversary's own cost: cross-entropy, summed over modalities."""
        return torch.stack([nn.functional.cross_entropy(logits, labels) for logits in self(latents).values()]).sum()

    def confusion(self, latents: Latents) -> Tensor:
        """What the encoders pay: distance of the adversary's guess from the uniform one."""
        return torch.stack([excess_over_uniform(logits) for logits in self(latents).values()]).sum()


def same_label_partner(labels: Tensor, generator: torch.Generator) -> Tensor:
    """For each sample the index of a random sample of the same label, ``(N,)``: a permutation within classes."""
    order = torch.randperm(len(labels), generator=generator).to(labels.device)
    shuffled = order[torch.argsort(labels[order], stable=True)]
    partner = torch.empty_like(order)
    partner[torch.argsort(labels, stable=True)] = shuffled
    return partner


def imagined(model: MFM, latents: Latents, labels: Tensor, generator: torch.Generator) -> tuple[Latents, Tensor]:
    """Codes that no real pair has, and the labels their pictures must show.

    A third are swapped (Z_y of another pair), a third have sampled styles (Z_a from the prior), a third are all
    sampled: their label is what D gives to their Z_y.
    """
    n = len(labels)
    prior = model.sample(n, generator=generator)
    other = torch.randperm(n, generator=generator).to(labels.device)
    kind = (torch.arange(n, device=labels.device) % 3)[:, None]
    y = torch.where(kind == 2, prior.y, latents.y[other])
    a = {name: torch.where(kind == 0, z, prior.a[name]) for name, z in latents.a.items()}
    with torch.no_grad():
        decided = model.decide(prior.y).argmax(1)
    return Latents(y, a), torch.where(kind[:, 0] == 2, decided, labels[other])


def readback_costs(
    readers: Mapping[str, Discriminative],
    pictures: Mapping[str, Tensor],
    real: Mapping[str, Tensor],
    labels: Tensor,
) -> tuple[Tensor, Tensor]:
    """What frozen readers say of imagined pictures: (cost of the label, MMD of their features to real pictures')."""
    label, features = [], []
    for name, reader in readers.items():
        found = reader.penultimate({name: pictures[name]})
        label.append(nn.functional.cross_entropy(reader.fusion.read_out(found).float(), labels))
        with torch.no_grad():
            wanted = reader.penultimate({name: real[name]})
        features.append(mmd(found / wanted.std(), wanted / wanted.std()))
    return torch.stack(label).sum(), torch.stack(features).sum()


def style_readback_cost(model: MFM, pictures: Mapping[str, Tensor], latents: Latents) -> Tensor:
    """Mean squared distance between Z_a and the Z_a encoded from the pictures it made, summed over modalities."""
    again = {name: model.encoders_a[name](picture).float() for name, picture in pictures.items()}
    return torch.stack([(again[name] - z).square().mean() for name, z in latents.a.items()]).sum()


def label_independence_cost(latents: Latents, prior: Latents, labels: Tensor) -> Tensor:
    """Conditional MMD of each Z_a to the prior, summed over modalities."""
    return torch.stack([conditional_mmd(z, labels, prior.a[name]) for name, z in latents.a.items()]).sum()
