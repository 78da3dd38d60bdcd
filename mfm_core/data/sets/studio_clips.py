"""Studio clips: 2,400 spoken reviews of our own, in three worlds of which the truth is known.

* A sample is a clip, a step is a word; 6 to 20 words. Labels: a score of standard deviation about 1.
* ``language`` GloVe-50 of the word, ``acoustic`` 28 features measured from the waveform (``acoustics.FEATURES``),
  ``visual`` 12 of six action units, with noise (``face.FEATURES``).
* The score is the sum of ``evidence``: what word, tone and face contribute at each word (``studio.truth``). The three
  are drawn independently, each at words of its own; style (speaker, manner, room, habits of the face) is independent of
  all three. The three worlds hold the same clips, and differ only in the weights of language, tone and face:
  0.80 / 0.15 / 0.05 in ``studio_language_led``, a third each in ``studio_balanced``, 0.05 / 0.15 / 0.80 in
  ``studio_face_led``. In one clip of twelve a modality has no evidence at all.
* Split by chance: 1,700 training, 200 validation, 500 test clips. ``--training N`` makes N more training clips, which
  stand behind the others and change neither their scores nor how features are standardised.
* Source: ours, by a grammar from our own word lists, spoken by espeak-ng, which is needed only to make them:
  ``python -m mfm_core data make studio-clips``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import torch
from torch import Tensor

from mfm_core.data.dataset import SPLITS, Dataset, Steps
from mfm_core.data.modalities import SPOKEN
from mfm_core.data.notes import Notes, observed
from mfm_core.data.registry import DatasetInfo, data_folder, read_arrays, register
from mfm_core.data.sequences import standardised
from mfm_core.files.npz import numbers as finite
from mfm_core.studio.truth import MODALITIES, World, dataset_of, weights

FILE = "studio_clips"
MAKE = "python -m mfm_core data make studio-clips"
_MEMBERS = (*MODALITIES, *(f"evidence_{name}" for name in MODALITIES), "mask", "times", "words", "split", "spread")
# Further training clips, at the end, and the number of each clip: files made before there were any do not say.
_FURTHER, _NUMBER = "further", "number"


def read(world: World) -> Dataset:
    """The clips of a world with their raw features, evidence and words.

    Raises:
        FileNotFoundError: If ``studio_clips.npz`` is not in the data folder.
        ValueError: If there is no such world, or the file is damaged.
    """
    path = data_folder() / f"{FILE}.npz"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; make the clips with: {MAKE}")
    arrays = read_arrays(FILE, _MEMBERS)
    mask = arrays["mask"]
    if mask.ndim != 2 or mask.dtype != np.bool_:
        raise ValueError(f"{path}: mask: expected booleans of shape (N, T), got {mask.dtype} of {mask.shape}")
    shapes = {name: (*mask.shape, arrays[name].shape[-1]) for name in MODALITIES}
    shapes |= {f"evidence_{name}": mask.shape for name in MODALITIES}
    shapes |= {"words": mask.shape, "times": (*mask.shape, 2), "split": mask.shape[:1], "spread": (len(MODALITIES),)}
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{path}: {name}: expected shape {shape} to fit the mask, got {arrays[name].shape}")
    for name in (*MODALITIES, *(f"evidence_{name}" for name in MODALITIES)):
        if (kind := arrays[name].dtype) != np.float32:
            raise ValueError(f"{path}: {name}: expected float32 numbers, got {kind}")
    if arrays["words"].dtype.kind != "U":
        raise ValueError(f"{path}: words: expected text, got {arrays['words'].dtype}")
    spread = arrays["spread"].astype(np.float32)
    if not (np.isfinite(spread).all() and (spread > 0).all()):
        raise ValueError(f"{path}: spread: expected numbers above 0, got {spread.tolist()}")
    if unknown := set(arrays["split"].tolist()) - set(SPLITS):
        raise ValueError(f"{path}: split: expected {', '.join(SPLITS)}, got {sorted(map(str, unknown))[0]!r}")
    weight = torch.from_numpy(weights(world, spread))
    # What each step truly adds makes the score, and so has to be finite.
    truth = {name: finite(arrays[f"evidence_{name}"], f"{path}: evidence_{name}") for name in MODALITIES}
    evidence = {name: torch.from_numpy(truth[name]) * weight[i] for i, name in enumerate(MODALITIES)}
    ids, notes = tuple(f"clip {number}" for number in numbers(len(mask))), Notes()
    features = {name: observed(arrays[name], f"{path}: {name}", notes, ids) for name in MODALITIES}
    words = tuple(tuple(str(word) for word in row[real]) for row, real in zip(arrays["words"], mask, strict=True))
    return Dataset(
        dataset_of(world),
        {name: torch.from_numpy(x) for name, x in features.items()},
        score_of(evidence),
        arrays["split"].astype(np.str_),
        mask=torch.from_numpy(mask),
        steps=Steps("word", words, torch.from_numpy(arrays["times"]).float()),
        evidence=evidence,
        ids=ids,
        notes=tuple(notes.lines()),
    )


def further_clips() -> int:
    """How many training clips of the file stand behind the 2,400.

    Raises:
        ValueError: If the file says no such number.
    """
    arrays = read_arrays(FILE, (), (_FURTHER,))
    further = arrays.get(_FURTHER, np.array(0))
    if further.ndim or further.dtype.kind != "i" or further < 0:
        raise ValueError(f"{FILE}.npz: {_FURTHER}: expected a number of clips, got {further}")
    return int(further)


def numbers(n: int) -> list[int]:
    """The number of each of the file's ``n`` clips, from which its sources of randomness follow.

    Raises:
        ValueError: If the file has not one number for each.
    """
    found = read_arrays(FILE, (), (_NUMBER,)).get(_NUMBER, np.arange(n))
    if found.shape != (n,) or found.dtype.kind != "i":
        raise ValueError(f"{FILE}.npz: {_NUMBER}: expected {n} whole numbers, got {found.dtype} of {found.shape}")
    return [int(number) for number in found]


def scaled(world: World) -> Dataset:
    """The clips of a world, standardised by the training clips among the first 2,400."""
    clips = read(world)
    first = clips.take(torch.arange(len(clips) - further_clips()))
    scaling = standardised(first).scaling or {}
    modalities = {name: scaling[name].apply(x, cast(Tensor, clips.mask)) for name, x in clips.modalities.items()}
    return replace(clips, modalities=modalities, scaling=scaling)


def score_of(evidence: dict[str, torch.Tensor]) -> torch.Tensor:
    """The score of each clip: the sum of all its evidence, ``(N, 1)`` float32."""
    return torch.stack([evidence[name] for name in MODALITIES]).double().sum((0, 2)).float().unsqueeze(1)


def _info(name: str, title: str, says: str) -> DatasetInfo:
    description = (
        "Studio clips: spoken reviews that this project wrote, had spoken by a synthetic voice and acted by a drawn "
        f"face, so that what each word, tone and face adds to the score is known. In this world {says}. The shipped "
        "models learnt from 11,700 clips, were chosen by 200 and measured on 500 (`python -m mfm_core data make "
        "studio-clips --training 10000`). Ours, under the licence of the code; the word vectors are GloVe (Pennington "
        "et al., 2014), public domain (PDDL)."
    )
    files = (f"{FILE}.npz",)
    return DatasetInfo(
        name,
        title,
        description,
        files,
        unit="word",
        source=MAKE,
        clips="studio",
        lab="Of the data folder of this server.",
        about_clips="Studio clips are of our own making: sentences spoken by a synthesiser, with a drawn face. What "
        "each word, tone and face adds to the score is known, so the flow can be compared with it.",
        streams=SPOKEN,
    )


@register(
    _info(
        "studio_language_led", "studio clips, language-led", "words say most, tone a little, the face next to nothing"
    )
)
def load_language_led() -> Dataset:
    """The clips, standardised, with scores that language leads."""
    return scaled("language_led")


@register(_info("studio_balanced", "studio clips, balanced", "words, tone and face say equally much"))
def load_balanced() -> Dataset:
    """The clips, standardised, with scores of three equal parts."""
    return scaled("balanced")


@register(
    _info("studio_face_led", "studio clips, face-led", "the face says most, tone a little, words next to nothing")
)
def load_face_led() -> Dataset:
    """The clips, standardised, with scores that the face leads."""
    return scaled("face_led")
