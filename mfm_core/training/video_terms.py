"""Terms added to Eq. 4 on sequences, because without them each Z_a of a video tells its score too.

A video is decoded with the Z_y of another one whose modalities tell nearly the same, so that Z_y has nothing else to
tell; what is asked of Z_a beside stands in ``terms``.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from mfm_core.config import Share
from mfm_core.training.terms.registry import Kind
from mfm_core.training.terms.weights import TermWeights


class SequenceTerms(TermWeights):
    """Weights of the terms added to Eq. 4 on sequences, and their options.

    Attributes:
        adversary_steps: Optimiser steps of the network that reads scores from each Z_a, for each of the model's.
        adversary_hidden: Width of its two hidden layers.
        adversary_rate: Its learning rate.
        neighbour: How often a video is decoded with the Z_y of the one nearest to it in what its modalities tell of
            the score, each alone; of a label that is a single score.
    """

    kind: ClassVar[Kind] = "sequence"

    adversary_steps: Annotated[int, Field(ge=1, le=20)] = 2
    adversary_hidden: Annotated[int, Field(gt=0, le=1024)] = 64
    adversary_rate: Annotated[float, Field(gt=0, le=1)] = 2e-3
    neighbour: Share = 0.0

    @property
    def read_single_scores(self) -> bool:
        """Whether a term or the choice of a neighbour reads what each modality alone tells of the score."""
        return bool(self.neighbour) or super().read_single_scores


def nearest(single: Tensor) -> Tensor:
    """Of each video the index of the other one whose modalities tell most nearly the same, ``(N, M)`` -> ``(N,)``."""
    distances = torch.cdist(single, single)
    return distances.fill_diagonal_(torch.inf).argmin(dim=1)
