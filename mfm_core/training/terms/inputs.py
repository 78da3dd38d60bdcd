"""Inputs of a term added to Eq. 4: one batch, as the model and the training step see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

import torch
from torch import Tensor, nn

from mfm_core.latents import Generated, Latents
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.printing import short_repr
from mfm_core.training.imagined import Imagined, imagine
from mfm_core.training.objective import ObjectiveConfig

if TYPE_CHECKING:
    from mfm_core.training.terms.weights import TermWeights

Helper = tuple[nn.Module, torch.optim.Optimizer]
T = TypeVar("T")


@dataclass(frozen=True)
class FlowCosts:
    """Costs of the flows that a step trains, by modality.

    Attributes:
        surprise: In nats a number.
        moved: Squared distance that mixed couplings move a code, a number.
        recognition: Label cost of what they are told; none where that is fixed.
    """

    surprise: Mapping[str, Tensor] = field(default_factory=dict)
    moved: Mapping[str, Tensor] = field(default_factory=dict)
    recognition: Mapping[str, Tensor] = field(default_factory=dict)

    __repr__ = short_repr


@dataclass(frozen=True)
class SingleScores:
    """Score as each single modality tells it, by its surrogate.

    Attributes:
        index: The samples that have all modalities, ``(n,)``.
        score: ``(n, M)``.
    """

    index: Tensor
    score: Tensor

    __repr__ = short_repr


@dataclass(frozen=True)
class TermInputs:
    """One batch of N samples, as the terms added to Eq. 4 see it.

    Attributes:
        model: The model, while it trains.
        weights: The configuration of the terms, with its options.
        objective: Eq. 4.
        inputs: What is to be generated: images ``(N, C, H, W)`` or sequences ``(N, T, d)``, by modality.
        mask: Real steps of sequences, boolean ``(N, T)``; None for images.
        labels: Classes ``(N,)`` or scores ``(N, size)``.
        latents: Z of the samples. Of images no gradient of it reaches the features: the added terms are large and
            unsteady, and let through they drown what the label says of the features.
        noisy: The same with the noise that decoders see while training.
        prior: Z drawn from N(0, I), N of them.
        generated: What the model generates of the samples, by modality; of sequences also at absent modalities.
        generator: Source of randomness, on the CPU. Terms draw from it in their order.
        inferred: Z as each surrogate infers it of the same samples; of images alone.
        flows: Costs of flows; of images alone.
        readers: Frozen classifiers by modality; of images alone.
        further_readers: More of them, in whose features pictures are compared too.
        only: Modalities to generate; all of them if empty.
        single: What each modality alone tells of a score, where a term or option of the run reads it.
        helpers: Networks that terms train by themselves, with their optimisers, by the key of the term.
    """

    model: MFM
    weights: TermWeights
    objective: ObjectiveConfig
    inputs: Mapping[str, Tensor]
    mask: Tensor | None
    labels: Tensor
    latents: Latents
    noisy: Latents
    prior: Latents
    generated: Mapping[str, Tensor]
    generator: torch.Generator
    inferred: Sequence[Latents] = ()
    flows: FlowCosts = FlowCosts()
    readers: Mapping[str, Discriminative] = field(default_factory=dict)
    further_readers: Mapping[str, Sequence[Discriminative]] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    single: SingleScores | None = None
    helpers: Mapping[str, Helper] = field(default_factory=dict)
    _kept: dict[object, object] = field(default_factory=dict, init=False, repr=False, compare=False)

    __repr__ = short_repr

    @cached_property
    def imagined(self) -> Imagined:
        """Codes that no real pair has, see :func:`imagine`; drawn when the first term asks."""
        return imagine(self.model, self.noisy, self.inferred, self.labels, self.generator)

    @cached_property
    def drawn(self) -> Generated:
        """Pictures and labels that the model generates of :attr:`imagined`."""
        return self.model.decode_factors(self.model.factors(self.imagined.latents), only=self.only)

    def once(self, compute: Callable[[TermInputs], T]) -> T:
        """Result of ``compute`` on this batch, computed once however many terms ask for it."""
        if compute not in self._kept:
            self._kept[compute] = compute(self)
        return cast(T, self._kept[compute])
