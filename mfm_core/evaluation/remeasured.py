"""Figures of a shipped model, measured again from what is shipped with it, beside those of its card."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from mfm_core.evaluation.crossed_bootstrap import mean_over, picture_clusters
from mfm_core.evaluation.digits import Judges, decode_all, one_thread_each
from mfm_core.evaluation.figures import Figure, read_figures
from mfm_core.evaluation.metrics import class_metrics, score_metrics, trait_metrics
from mfm_core.evaluation.statistics import Estimate
from mfm_core.generation import swap
from mfm_core.model import MFM
from mfm_core.storage.codes import Codes
from mfm_core.storage.folder import StoredModel
from mfm_core.storage.models import METRICS, load_codes, load_discriminative, load_metrics, load_pretrained

MOST = 3
"""Figures that are measured again of each model."""
SEED = 0
"""Of the donors of a swap."""


@dataclass(frozen=True)
class Remeasured:
    """A figure of a card, measured again.

    Attributes:
        figure: As it was measured for the card.
        now: The value now; with an interval of its own where it is of a part of the card's samples.
    """

    figure: Figure
    now: Estimate

    @property
    def agrees(self) -> bool:
        """Whether the value lies in the 95 % interval of the card's figure, or its own interval meets that."""
        return self.now.low <= self.figure.high and self.now.high >= self.figure.low


def remeasure(folder: Path) -> list[Remeasured]:
    """Measure up to three figures of a stored MFM's card again, from its codes of held-out samples.

    No data set is needed. Of sequences, the label head's predictions are measured as for the card. Of pictures, the
    label head's accuracy, and how often the judges read the digit of Z_y after a swap: over the pairs whose codes are
    stored, which are a part of those of the card.

    Args:
        folder: The folder of the model; judges are looked for beside it.

    Returns:
        The figures that the card has an interval of; none where nothing was measured of the model.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is damaged.
    """
    if not (folder / METRICS).is_file():
        return []
    model, codes = load_pretrained(folder), load_codes(folder)
    stored = {(one.key, one.subject): one for one in read_figures(load_metrics(folder).get("figures"), str(folder))}
    with one_thread_each():
        values = _of_pictures(model, codes, folder) if model.config.images else _of_sequences(model, codes, folder)
    found = [Remeasured(stored[key], now) for key, now in values if key in stored]
    return [one for one in found if math.isfinite(one.figure.low)][:MOST]


_Value = tuple[tuple[str, str], Estimate]


def _of_sequences(model: MFM, codes: Codes, folder: Path) -> Sequence[_Value]:
    with torch.inference_mode():
        decided = model.decide(codes.latents.y).double().numpy()
    labels = codes.labels.numpy()
    if codes.labels.dtype == torch.int64:
        metrics = class_metrics(decided, labels)
    elif labels.shape[1] == 1:
        neutral = StoredModel.of_folder(folder).dataset.neutral
        metrics = score_metrics(decided[:, 0], labels[:, 0].astype(float), neutral)
    else:
        metrics = trait_metrics(decided, labels.astype(float))
    return [((one.key, one.subject), Estimate(one.value, one.value, one.value, one.n)) for one in metrics]


def _of_pictures(model: MFM, codes: Codes, folder: Path) -> Sequence[_Value]:
    judges = Judges({name: load_discriminative(folder.parent / f"judge_{name}") for name in model.modalities})
    donors = torch.randperm(len(codes), generator=torch.Generator().manual_seed(SEED))
    _, decided = decode_all(model, codes.latents)
    swapped, _ = decode_all(model, swap(codes.latents, with_=codes.latents[donors], factor=model.modalities))
    pair = picture_clusters(codes)
    key = ("label_accuracy", "+".join(model.modalities))
    found = [(key, mean_over(decided.argmax(1) == codes.labels, [pair]))]
    for name in model.modalities:
        follows = judges.digits(name, swapped[name]) == codes.labels
        found.append((("swap_accuracy", name), mean_over(follows, [pair, pair[donors]])))
    return found
