"""Everything that is measured of a stored model, by what it is a model of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from pydantic import JsonValue
from torch import Tensor

from mfm_core.data import load_dataset
from mfm_core.data.sets.svhn_mnist import DigitPools
from mfm_core.evaluation.comparison import label_hits
from mfm_core.evaluation.crossed_bootstrap import crossed_mean
from mfm_core.evaluation.digits import decode_all, encode_all, evaluate, evaluation_pairs, one_thread_each
from mfm_core.evaluation.figures import Figure
from mfm_core.evaluation.held_out_videos import held_out, measure_videos, video_codes
from mfm_core.evaluation.predictions import independent_units
from mfm_core.evaluation.quantities import figure
from mfm_core.evaluation.statistics import share
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage.codes import Codes, fingerprint
from mfm_core.storage.folder import StoredModel, model_folder
from mfm_core.storage.models import load_judge, load_pretrained
from mfm_core.systems.storage import load

OnProgress = Callable[[str], None]
Measured = tuple[list[Figure], dict[str, JsonValue]]
"""The figures, and what else goes into ``metrics.json``."""


@dataclass(frozen=True)
class Measurement:
    """How stored models of one kind are measured.

    Attributes:
        figures: From name or folder, content of ``config.json``, seed and a call with each stage.
        codes: Z of every held-out sample; None of a network that has none.
    """

    figures: Callable[[str, StoredModel, int, OnProgress], Measured]
    codes: Callable[[MFM, StoredModel], Codes] | None


def measure(name: str, *, seed: int = 0, on_progress: OnProgress = lambda stage: None) -> Measured:
    """Measure a stored model on held-out digits or videos.

    Args:
        name: A pretrained name, or the folder of a stored model.
        seed: Of the pairing and of all sampling.
        on_progress: Called with the name of each stage.

    Raises:
        FileNotFoundError: If the model or its data are not there.
        ValueError: If a file is damaged, or models of its kind are not measured.
    """
    stored = StoredModel.of_folder(model_folder(name))
    return measurement_of(stored).figures(name, stored, seed, on_progress)


def held_out_codes(name: str) -> Codes | None:
    """Z of every held-out video, or of every held-out SVHN digit, paired once; None of a model that has no Z."""
    stored = StoredModel.of_folder(model_folder(name))
    codes = measurement_of(stored).codes
    return None if codes is None else codes(load_pretrained(name), stored)


def measurement_of(stored: StoredModel) -> Measurement:
    """How a stored model is measured.

    Raises:
        ValueError: If models of its kind are not.
    """
    key = stored.kind, bool(stored.model.sequences)
    if key not in MEASUREMENTS:
        raise ValueError(f"kind: expected an MFM, or a classifier of images, got {stored.kind} of sequences")
    return MEASUREMENTS[key]


def _digits(name: str, stored: StoredModel, seed: int, on_progress: OnProgress) -> Measured:
    judges = {modality: load_judge(modality) for modality in stored.model.modalities}
    return evaluate(load_pretrained(name), judges, seed=seed, on_progress=on_progress), {}


def _videos(name: str, stored: StoredModel, seed: int, on_progress: OnProgress) -> Measured:
    return measure_videos(load_pretrained(name), stored, seed=seed, on_progress=on_progress)


def _classifier(name: str, stored: StoredModel, seed: int, on_progress: OnProgress) -> Measured:
    pairs = evaluation_pairs(DigitPools.load("test"), seed)
    with one_thread_each():
        hits = label_hits(load(name), pairs)
    photographs = [torch.from_numpy(independent_units(pairs))]  # pairs repeat SVHN digits, and no MNIST digit
    found = crossed_mean(hits, photographs) if "svhn" in stored.model.modalities else share(hits)
    return [figure("label_accuracy", "+".join(stored.model.modalities), found)], {}


def _digit_codes(model: MFM, stored: StoredModel) -> Codes:
    pairs = load_dataset("svhn_mnist").part("test")
    latents = encode_all(model, pairs.modalities).map(lambda block: block.clone())
    prints = {name: fingerprint(x) for name, x in pairs.modalities.items()}
    errors = {name: errors_alone(model, name, x) for name, x in pairs.modalities.items()}
    return Codes(latents, pairs.labels, prints, errors)


def errors_alone(model: MFM, name: str, pictures: Tensor) -> Tensor:
    """Mean squared error a pixel of pictures, painted again as a model infers them from them alone, ``(N,)``."""
    painted, _ = decode_all(model, encode_all(model, {name: pictures}))
    return (painted[name] - pictures).square().flatten(1).mean(1)


def _video_codes(model: MFM, stored: StoredModel) -> Codes:
    return video_codes(model, held_out(stored))


MEASUREMENTS: Mapping[tuple[str, bool], Measurement] = {
    (MFM.kind, False): Measurement(_digits, _digit_codes),
    (MFM.kind, True): Measurement(_videos, _video_codes),
    (Discriminative.kind, False): Measurement(_classifier, None),
}
"""By the kind of the stored network, and whether it reads sequences."""
