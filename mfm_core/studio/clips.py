"""The shipped studio clips: to play, to encode, and to ask "what if" of; their truth is known.

A folder holds ``clips.json`` (words, times, tones, faces, scores), ``features.safetensors`` (what was measured, and
what would be with each word in another tone and with another face) and ``audio/00.mp3`` and so on. It is read as
untrusted input.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mfm_core.arguments import path_of
from mfm_core.data.dataset import Dataset, Steps
from mfm_core.data.scaling import Scaling
from mfm_core.data.sets.studio_clips import score_of
from mfm_core.files.tensors import read_tensors
from mfm_core.storage.folder import PRETRAINED
from mfm_core.studio import face
from mfm_core.studio.clip_files import CLIPS, FEATURES, STEPS, ClipsFile, audio_path, expected_tensors, read_audio
from mfm_core.studio.edits import EditedClip
from mfm_core.studio.truth import MODALITIES, WORLDS, World, dataset_of, weights


@dataclass(frozen=True)
class Clips:
    """Held-out studio clips. N clips of T = 20 steps, padded on the right.

    Attributes:
        text: What is said, with punctuation, N.
        kinds: How each clip's sentence evaluates ("neutral", "plain + negated", ...), N.
        edits: Words, tones and faces of each clip, N.
        times: Start and end of each word in seconds, ``(N, T, 2)`` float32; NaN at padded steps.
        mask: Which steps are real, boolean ``(N, T)``.
        audio: Each clip's sound, a whole MP3 file, N.
        seconds: Length of each, N.
        spread: Standard deviation of each modality's evidence over training clips, ``(3,)`` float32.
        scaling: How the training split's features were standardised, by modality.
        vectors: GloVe vector of each word of the vocabulary, ``(V, 50)`` float32.
        tones: Raw acoustic features of each word spoken lowered, plain and raised, ``(N, T, 3, 28)`` float32.
        faces: Raw visual features of each word with a frown, at rest and with a smile, ``(N, T, 3, 12)`` float32.
        resting: Curves of each face without judgement, ``(N, frames, 6)`` float32, 25 frames a second, padded with 0;
            the units are ``face.UNITS``.
        strength: How strongly each face judges, ``(N,)`` float32.
        tone_names: Names of the 28 acoustic features.
        face_names: Names of the 12 visual features.
        ids: Names of the clips, N.
        licence: Of the clips.
    """

    text: tuple[str, ...]
    kinds: tuple[str, ...]
    edits: tuple[EditedClip, ...]
    times: Tensor
    mask: Tensor
    audio: tuple[bytes, ...]
    seconds: tuple[float, ...]
    spread: Tensor
    scaling: Mapping[str, Scaling]
    vectors: Tensor
    tones: Tensor
    faces: Tensor
    resting: Tensor
    strength: Tensor
    tone_names: tuple[str, ...]
    face_names: tuple[str, ...]
    ids: tuple[str, ...]
    licence: str

    def __repr__(self) -> str:
        said = f"{sum(len(edit) for edit in self.edits)} words of a vocabulary of {len(self.vectors)}"
        sizes = self.vectors.shape[1], len(self.tone_names), len(self.face_names)
        streams = "{} features of words, {} of tones, {} of faces".format(*sizes)
        return f"Clips({len(self)} clips of {sum(self.seconds):.0f} s; {said}; {streams})"

    def __len__(self) -> int:
        return len(self.edits)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The words that can be said, in the order of ``vectors``."""
        return tuple(self.edits[0].vocabulary)

    @property
    def takes(self) -> tuple[EditedClip, ...]:
        """The former name of :attr:`edits`."""
        warnings.warn("Clips.takes is now Clips.edits", DeprecationWarning, stacklevel=2)
        return self.edits

    def dataset(self, world: World, edits: Sequence[EditedClip] | None = None) -> Dataset:
        """The clips as a data set of one world, standardised as in training.

        Args:
            world: Which weights make the score.
            edits: Changed edits, or the same clip several times; all the clips as they are by default.

        Returns:
            A row a clip, with its true evidence and score.

        Raises:
            ValueError: If there is no such world.
        """
        edits = self.edits if edits is None else tuple(edits)
        index = torch.tensor([take.clip for take in edits], dtype=torch.int64)
        raw, mask = self._raw(edits), self.mask[index]
        evidence = self._evidence(world, edits)
        return Dataset(
            dataset_of(world),
            {name: self.scaling[name].apply(x, mask) for name, x in raw.items()},
            score_of(evidence),
            np.full(len(edits), "test", dtype="<U10"),
            mask=mask,
            scaling=self.scaling,
            steps=Steps("word", tuple(take.words for take in edits), self.times[index]),
            evidence=evidence,
            ids=tuple(self.ids[take.clip] for take in edits),
        )

    def curves(self, take: EditedClip) -> npt.NDArray[np.float32]:
        """The action units of a clip's face, ``(frames, 6)`` at 25 frames a second, in the order of ``face.UNITS``."""
        n_frames = int(np.ceil(self.seconds[take.clip] * face.FRAMES_A_SECOND - 1e-6))
        resting = self.resting[take.clip, :n_frames].numpy()
        times = self.times[take.clip, : len(take)].numpy()
        return face.judging_curves(resting, times, take.faces, float(self.strength[take.clip]))

    def _raw(self, edits: Sequence[EditedClip]) -> dict[str, Tensor]:
        """The features of edits as they were measured, by modality: ``(n, T, d)``, 0 at padded steps."""
        raw = {
            "language": torch.zeros(len(edits), STEPS, self.vectors.shape[1]),
            "acoustic": torch.zeros(len(edits), STEPS, self.tones.shape[-1]),
            "visual": torch.zeros(len(edits), STEPS, self.faces.shape[-1]),
        }
        for row, take in enumerate(edits):
            step = torch.arange(len(take))
            said = torch.tensor([take.vocabulary[word] for word in take.words])
            raw["language"][row, step] = self.vectors[said]
            raw["acoustic"][row, step] = self.tones[take.clip, step, torch.tensor(take.tones) + 1]
            raw["visual"][row, step] = self.faces[take.clip, step, torch.tensor(take.faces) + 1]
        return raw

    def _evidence(self, world: World, edits: Sequence[EditedClip]) -> dict[str, Tensor]:
        """True contribution of each step of edits to the score, by modality: ``(n, T)``."""
        weight = torch.from_numpy(weights(world, self.spread.numpy()))
        evidence = {name: torch.zeros(len(edits), STEPS) for name in MODALITIES}
        for row, take in enumerate(edits):
            for i, (name, values) in enumerate(take.evidence().items()):
                evidence[name][row, : len(take)] = values * weight[i]
        return evidence


def clips_names() -> tuple[str, ...]:
    """Names of the clips that are stored beside the pretrained models."""
    return tuple(sorted(path.parent.name for path in PRETRAINED.glob(f"*/{CLIPS}")))


def load_clips(name_or_folder: str | Path = "studio_clips") -> Clips:
    """Load shipped clips, by their name in the repository's ``pretrained`` folder or from another folder.

    Raises:
        FileNotFoundError: If there is no such folder, or a file is not in it.
        ValueError: If it is neither text nor a path; if a file is damaged, too large, or does not fit the others, in
            one sentence.
    """
    folder = _folder(name_or_folder)
    description = ClipsFile.of_folder(folder)
    tensors = read_tensors(folder / FEATURES, expected_tensors(description))
    vocabulary = {word: i for i, word in enumerate(description.vocabulary)}
    times = torch.full((len(description.clips), STEPS, 2), torch.nan)
    mask = torch.zeros(len(description.clips), STEPS, dtype=torch.bool)
    for row, clip in enumerate(description.clips):
        times[row, : len(clip.words)] = torch.tensor(clip.times)
        mask[row, : len(clip.words)] = True
    clips = Clips(
        text=tuple(clip.text for clip in description.clips),
        kinds=tuple(clip.kind for clip in description.clips),
        edits=tuple(
            EditedClip(row, clip.words, clip.tones, clip.faces, vocabulary)
            for row, clip in enumerate(description.clips)
        ),
        times=times,
        mask=mask,
        audio=tuple(read_audio(audio_path(folder, row)) for row in range(len(description.clips))),
        seconds=tuple(clip.seconds for clip in description.clips),
        spread=tensors["spread"],
        scaling={name: Scaling(tensors[f"{name}_mean"], tensors[f"{name}_std"]) for name in MODALITIES},
        vectors=tensors["vectors"],
        tones=tensors["tones"],
        faces=tensors["faces"],
        resting=tensors["resting"],
        strength=tensors["strength"],
        tone_names=description.tone_names,
        face_names=description.face_names,
        ids=tuple(f"clip {clip.number}" for clip in description.clips),
        licence=description.licence,
    )
    _check_numbers(clips, description, folder)
    return clips


def _folder(name_or_folder: str | Path) -> Path:
    """The folder that a name of shipped clips, or a path, means."""
    known = clips_names()
    if isinstance(name_or_folder, str) and name_or_folder in known:
        return PRETRAINED / name_or_folder
    folder = path_of("name_or_folder", name_or_folder)
    if not (name_or_folder and folder.is_dir()):
        of = " or ".join(known) or "no names yet"
        raise FileNotFoundError(
            f"name_or_folder: expected {of}, or the folder of stored clips, got {str(name_or_folder)!r}"
        )
    return folder


def _check_numbers(clips: Clips, description: ClipsFile, folder: Path) -> None:
    """Check what only all files together tell: scales, and scores that are the sum of the evidence."""
    if (clips.spread <= 0).any():
        raise ValueError(f"{folder / FEATURES}: spread: expected numbers above 0, got {float(clips.spread.min()):g}")
    for name, scaling in clips.scaling.items():
        if (scaling.std < 0).any():
            raise ValueError(
                f"{folder / FEATURES}: {name}_std: expected numbers of at least 0, got {float(scaling.std.min()):g}"
            )
    for world in WORLDS:
        scores = clips.dataset(world).labels[:, 0]
        given = torch.tensor([getattr(clip.scores, world) for clip in description.clips])
        if not torch.allclose(scores, given, rtol=0, atol=1e-4):
            row = int((scores - given).abs().argmax())
            raise ValueError(
                f"{folder / CLIPS}: clips.{row}.scores.{world}: expected {scores[row]:.4f}, the sum of its evidence, "
                f"got {given[row]:.4f}"
            )
