"""SAL-CNN: a convolutional network that learns not to rely on who is speaking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from mfm_core.config import Positive, Weight
from mfm_core.data.dataset import video_of
from mfm_core.networks.steps import in_front, to_front
from mfm_core.systems.base import DataSpec, OnReport, SystemConfig
from mfm_core.systems.parts.network import SCORE_COST, NetworkConfig, NetworkData, NetworkSystem, task_of
from mfm_core.systems.parts.recurrent import read_out
from mfm_core.systems.parts.training import train
from mfm_core.systems.registry import register_system
from mfm_core.training.objective import label_cost

DRAWS = 8
"""Draws of noise for each validation sample."""


class SALCNNConfig(NetworkConfig):
    """Sizes and training of the SAL-CNN.

    Attributes:
        channels: Filters of each width over the steps of each modality.
        kernels: Widths of the filters, in steps.
        features: Size of the representation g(X) of all modalities.
        head: Width of the hidden layer that reads it.
        sparsity: Weight of the L1 norm in the selection phase.
        noise: Standard deviation of the random number by which what was selected is multiplied in the addition phase.
    """

    system: Literal["sal_cnn"] = "sal_cnn"
    channels: Positive = 16
    kernels: Annotated[tuple[Positive, ...], Field(min_length=1, max_length=4)] = (2, 3, 5)
    features: Positive = 48
    head: Positive = 48
    sparsity: Weight = 0.1
    noise: Weight = 1.0


class ConvolutionalNetwork(nn.Module):
    """Filters over the steps of each modality, their largest answers, and layers on those of all modalities."""

    def __init__(self, config: SALCNNConfig, spec: DataSpec) -> None:
        super().__init__()
        self.filters = nn.ModuleList(
            nn.ModuleList(nn.Conv1d(stream.shape[0], config.channels, width) for width in config.kernels)
            for stream in spec.streams.values()
        )
        found = len(spec.streams) * len(config.kernels) * config.channels
        self.join = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(found, config.features), nn.Tanh())
        self.head = read_out(config.features, config.head, spec.label.size, config.dropout)

    def represent(self, inputs: Mapping[str, Tensor], mask: Tensor) -> Tensor:
        """g(X): modalities ``(N, T, d)`` and the real steps ``(N, T)`` -> ``(N, features)``."""
        front, found = in_front(mask).unsqueeze(1), []
        for filters, x in zip(self.filters, inputs.values(), strict=True):
            steps = to_front(x, mask).transpose(1, 2)
            for convolve in cast(nn.ModuleList, filters).children():
                width = cast(nn.Conv1d, convolve).kernel_size[0]
                # A filter reads the step and those after it; where a sequence ends it reads zeros.
                answers = torch.relu(convolve(nn.functional.pad(steps, (0, width - 1))))
                found.append(answers.masked_fill(~front, 0).amax(2))
        out: Tensor = self.join(torch.cat(found, dim=1))
        return out

    def forward(self, inputs: Mapping[str, Tensor], mask: Tensor) -> Tensor:
        """Modalities and the real steps -> ``(N, size)``."""
        out: Tensor = self.head(self.represent(inputs, mask))
        return out


def identities(ids: tuple[str, ...] | None, known: tuple[str, ...] | None = None) -> Tensor | None:
    """Number of the video of each sample, ``(N,)``: of ids like ``video[3]`` what stands before the bracket.

    Args:
        ids: Names of the samples, or None.
        known: Names of the training samples, by whose videos is counted; those of ``ids`` without it.

    Returns:
        The numbers, one more than the highest for a video that is not known; or None where no two training samples are
        of one video: then nothing is known of who speaks in more than one.
    """
    known = ids if known is None else known
    if ids is None or known is None:
        return None
    numbers = {video: number for number, video in enumerate(dict.fromkeys(map(video_of, known)))}
    if len(numbers) == len(known):
        return None
    return torch.tensor([numbers.get(video_of(name), len(numbers)) for name in ids])


def select(features: Tensor, identity: Tensor, sparsity: float) -> Tensor:
    """Part of the representations that each identity foretells: h, ``(identities + 1, features)``; the last is 0.

    Minimises ``|g(X) - h(Z)|^2 + sparsity * |h(Z)|_1`` over tables h with an entry for each identity and feature: the
    mean over the samples of an identity, less the mean over all, drawn towards 0 by half the sparsity.
    """
    centred = features - features.mean(0)
    count = torch.bincount(identity).unsqueeze(1)
    mean = torch.zeros(len(count), features.shape[1]).index_add_(0, identity, centred) / count
    return torch.cat([nn.functional.softshrink(mean, sparsity / 2), torch.zeros_like(mean[:1])])


@register_system(
    "sal_cnn",
    title="SAL-CNN",
    paper="Wang et al. (2017), Select-Additive Learning: Improving Generalization in Multimodal Sentiment Analysis",
    place=5,
)
class SALCNN(NetworkSystem):
    """A convolutional network trained by select-additive learning.

    First the network is trained as usual, f(g(X)). In the selection phase a function h of the speaker's identity Z
    alone is fitted to the representation g(X), sparsely: what it foretells is confounded with who speaks. In the
    addition phase h(Z), times a random number of mean 0, is added to g(X) while f is trained again, so that f stops
    relying on it; one number a sample, since a number for each feature would mostly cancel. g stays as it is, and the
    validation cost is that with noise, since validation samples may have the same speakers.

    Where samples have names like ``video[3]``, those of one video are taken to have one speaker; where they have none
    such, nothing can be selected, and the system is its convolutional network. The paper's h is a network of one-hot
    identities, which is a table: so it is fitted exactly. Its CNN reads words by filters of several widths, sound and
    picture by ones of their own; here every modality is read by filters of ``kernels`` steps, and the largest answer
    of each counts. So it finds the order of neighbouring steps, not of distant ones.

    Padded steps are skipped wherever they stand; a missing modality is 0, its mean, at every step.
    """

    Config = SALCNNConfig

    @classmethod
    def build(cls, config: SystemConfig, spec: DataSpec) -> nn.Module:
        """The network of the configuration's sizes."""
        return ConvolutionalNetwork(cast(SALCNNConfig, config), spec)

    @classmethod
    def train_network(cls, config: SystemConfig, data: NetworkData, *, seed: int, on_report: OnReport) -> nn.Module:
        """Train as usual; then select and add, where identities are known."""
        network = super().train_network(config, data, seed=seed, on_report=on_report)
        spec, samples, held_out = data.spec, data.train, data.validation
        identity = identities(samples.ids)
        if identity is None:
            return network
        sal, cnn = cast(SALCNNConfig, config), cast(ConvolutionalNetwork, network)
        cnn.eval().requires_grad_(requires_grad=False)
        features = cnn.represent(samples.inputs, samples.mask)
        table = sal.noise * select(features, identity, sal.sparsity)
        size = table[identity]
        again = identities(held_out.ids, samples.ids)
        drawn = torch.randn(DRAWS, len(held_out), 1, generator=torch.Generator().manual_seed(seed))
        noise = 0 if again is None else drawn * table[again]

        def build() -> nn.Module:
            cnn.head = read_out(sal.features, sal.head, spec.label.size, sal.dropout)
            return cnn

        def cost(network: nn.Module, batch: Tensor) -> Tensor:
            noisy = features[batch] + torch.randn(len(batch), 1) * size[batch]
            return label_cost(
                cast(ConvolutionalNetwork, network).head(noisy), samples.targets[batch], spec.label, SCORE_COST
            )

        def validate(network: nn.Module) -> Tensor:
            noisy = (cnn.represent(held_out.inputs, held_out.mask) + noise).expand(DRAWS, -1, -1).flatten(0, 1)
            targets = torch.cat([held_out.targets] * DRAWS)
            return label_cost(cast(ConvolutionalNetwork, network).head(noisy), targets, spec.label, SCORE_COST)

        task = replace(task_of(cls, config, data), build=build, cost=cost, validate=validate)
        return train(task, sal, seed, on_report)
