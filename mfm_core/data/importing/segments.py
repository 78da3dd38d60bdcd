"""Files of CMU-MultimodalSDK aligned to words, cut into labelled segments, and split by video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from mfm_core.data.dataset import Split, video_of
from mfm_core.data.importing.alignment import expected_values
from mfm_core.data.importing.csd import SOURCE, Role, Track, Tracks, joined_segments, read_role, role_of
from mfm_core.data.importing.official_folds import official_folds, split_videos
from mfm_core.data.notes import Notes
from mfm_core.data.sequence_files import Part

SILENCE = "sp"


def read_aligned(
    paths: Sequence[Path], length: int, *, notes: Notes | None = None, folds: Mapping[str, Split] | None = None
) -> dict[Split, Part]:
    """Read the files of one data set, align them to its words, and cut it into labelled segments.

    A word belongs to the segment that its middle lies in. The last ``length`` words of a segment are kept, in order of
    their start. How videos are split, :func:`split_videos` says.

    Args:
        paths: One file of words, one of labels, and one a modality.
        length: Number of steps.
        notes: Counts what is left out or masked.
        folds: The fold of each video by its id, if the user knows better.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a file is damaged, or words or labels are missing, or no word lies in any segment.
    """
    notes = Notes() if notes is None else notes
    files: dict[Role, Path] = {}
    for path in paths:
        if (role := role_of(path)) in files:
            raise ValueError(f"{path}: expected one file of {role}, got two")
        files[role] = path
    for needed in ("words", "labels"):
        if needed not in files:
            raise ValueError(f"{paths[0].parent}: expected a .csd file of {needed} among the files; {SOURCE}")
    if len(files) == 2:
        raise ValueError(f"{paths[0].parent}: expected a .csd file of language, acoustic or visual features; {SOURCE}")
    read = {role: read_role(path, role, notes) for role, path in files.items()}
    words, labels = read.pop("words"), read.pop("labels")
    if not set(words) & set(labels):  # one names videos, the other segments of them
        words, labels = joined_segments(words), joined_segments(labels)
    keys = sorted(set(words) & set(labels))
    for key in sorted(set(words) ^ set(labels)):
        lacks = files["labels" if key in words else "words"].name
        notes.add(f"videos are left out, for {lacks} does not have them", key)
    features = {role: _Features(files[role], tracks) for role, tracks in read.items()}
    for of in features.values():
        for key in keys:
            if of.of(key) is None:
                notes.add(f"videos or segments lack {of.path.name}", key)
    segments = {key: _segments(key, words[key], labels[key], features, length, notes) for key in keys}
    splits = split_videos(keys, folds)
    videos = {video_of(key) for key in keys}
    title, official = official_folds(videos)
    if known := len(official.keys() - (folds or {}).keys()):
        notes.add(f"videos of {title} are in their official fold", f"of {len(videos)}", known)
    return {split: _part([s for v in names for s in segments[v]], split, files) for split, names in splits.items()}


class _Features:
    """One file of features: the track of a video, or of one of its segments."""

    def __init__(self, path: Path, tracks: Tracks) -> None:
        self.path, self._tracks, self._videos = path, tracks, joined_segments(tracks)
        self.d = next(iter(tracks.values())).features.shape[1]

    def of(self, key: str) -> Track | None:
        """The track of this name, else that of the video that it is a segment of."""
        return self._tracks.get(key) or self._videos.get(video_of(key))


class _Segment(NamedTuple):
    name: str
    label: npt.NDArray[np.float32]  # (size,)
    words: npt.NDArray[np.str_]  # (T,)
    times: npt.NDArray[np.float32]  # (T, 2)
    modalities: dict[str, npt.NDArray[np.float32]]  # (T, d)


def _segments(
    key: str, said: Track, labels: Track, features: Mapping[Role, _Features], length: int, notes: Notes
) -> list[_Segment]:
    words = np.array([word.decode("utf-8", "replace") for word in said.features[:, 0].tolist()], dtype=str)
    middle = said.intervals.mean(1)
    segments = []
    for label, (begin, end), row in zip(labels.features, labels.intervals, labels.rows.tolist(), strict=True):
        with np.errstate(over="ignore"):
            score = label.astype(np.float32)
        name = key if key != video_of(key) and len(labels.rows) == 1 else f"{key}[{row}]"
        if not np.isfinite(score).all():
            notes.add("segments are left out, for their label is not finite", f"video {key}, segment {row}")
            continue
        spoken = np.flatnonzero((begin <= middle) & (middle < end) & (words != SILENCE) & (words != ""))[-length:]
        if len(spoken) == 0:
            notes.add("segments are left out, for no word lies in them", f"video {key}, segment {row}")
            continue
        times = said.intervals[spoken]
        aligned: dict[str, npt.NDArray[np.float32]] = {
            role: _padded(_aligned(of, key, times, notes), length) for role, of in features.items()
        }
        shown = times.astype(np.float32)
        segments.append(_Segment(name, score, _padded(words[spoken], length), _padded(shown, length, np.nan), aligned))
    return segments


def _aligned(of: _Features, key: str, times: npt.NDArray[np.float64], notes: Notes) -> npt.NDArray[np.float32]:
    """The expected values of a modality at each word, zeros where it is not observed, ``(T, d)``."""
    track = of.of(key)
    if track is None:
        return np.zeros((len(times), of.d), np.float32)
    with np.errstate(over="ignore"):
        values = expected_values(track.features.astype(np.float32), track.intervals, times)
    wrong = ~np.isfinite(values)
    if wrong.any():
        step, feature = (int(i) for i in np.argwhere(wrong)[0])
        notes.add(
            "steps hold no finite number of a feature and count as not observed",
            f"{of.path}, video {key}, the word at {times[step, 0]:g} s, feature {feature}",
            int(wrong.any(1).sum()),
        )
    return np.where(wrong.any(1, keepdims=True), np.float32(0), values)


_Scalar = TypeVar("_Scalar", bound=np.generic)


def _padded(x: npt.NDArray[_Scalar], length: int, value: float | None = None) -> npt.NDArray[_Scalar]:
    """Padded on the left, with zeros and empty text or with another value: (T, ...) -> (length, ...)."""
    padding = np.zeros((length - len(x), *x.shape[1:]), dtype=x.dtype)
    if value is not None:
        padding[:] = value
    return np.concatenate([padding, x])


def _part(segments: Sequence[_Segment], split: str, files: Mapping[Role, Path]) -> Part:
    if not segments:
        raise ValueError(
            f"{files['words'].parent}: expected at least one segment with words in the {split} split, got none; are "
            "there enough videos?"
        )
    return Part(
        {name: np.stack([s.modalities[name] for s in segments]) for name in segments[0].modalities},
        np.stack([s.label for s in segments]),
        ids=np.array([s.name for s in segments]),
        words=np.stack([s.words for s in segments]),
        times=np.stack([s.times for s in segments]),
    )
