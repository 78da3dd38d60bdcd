"""Computational sequences (``.csd``) of CMU-MultimodalSDK, aligned to words.

A file is HDF5: one group, named after its content, with ``data / <video> / features`` (n, d) and ``intervals`` (n, 2)
in seconds. One file has the words, one the labels of segments, the others features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from mfm_core.data.dataset import Split
from mfm_core.data.importing.alignment import expected_values
from mfm_core.data.sequence_files import Part
from mfm_core.files.hdf5 import group, opened, table
from mfm_core.files.npz import Array

Role = Literal["words", "labels", "language", "acoustic", "visual"]
SILENCE = "sp"
SOURCE = "get it with CMU-MultimodalSDK (github.com/CMU-MultiComp-Lab/CMU-MultimodalSDK)"
# Parts of the names of the published files; the first that fits tells the role.
_ROLES: dict[str, Role] = {
    "label": "labels",
    "vector": "language",
    "glove": "language",
    "words": "words",
    "covarep": "acoustic",
    "opensmile": "acoustic",
    "facet": "visual",
    "openface": "visual",
}
_OFFICIAL_VIDEOS = (52, 10, 31)


class Track(NamedTuple):
    """Content of a file about one video.

    Attributes:
        features: ``(n, d)``.
        intervals: Start and end of each row in seconds, ``(n, 2)``.
    """

    features: Array
    intervals: npt.NDArray[np.float64]


def read_csd(path: Path) -> dict[str, Track]:
    """All videos of a file.

    Raises:
        FileNotFoundError: If there is no such file; the message says where to get it.
        ValueError: If it is damaged, or not of this format.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; {SOURCE}")
    with opened(path) as file:
        if len(roots := list(file)) != 1:
            raise ValueError(f"{path}: expected one group that names the content, got {len(roots)}")
        data = group(group(file, roots[0], str(path)), "data", f"{path}: {roots[0]}")
        return {video: _track(group(data, video, str(path)), f"{path}: {video}") for video in data}


def _track(video: object, where: str) -> Track:
    features, intervals = table(video, "features", where), table(video, "intervals", where)
    if features.ndim != 2 or intervals.shape != (len(features), 2) or intervals.dtype.kind not in "iuf":
        raise ValueError(
            f"{where}: expected features (n, d) and intervals (n, 2), got {features.shape} and {intervals.shape}"
        )
    seconds = intervals.astype(np.float64)
    if not np.isfinite(seconds).all() or (seconds[:, 1] < seconds[:, 0]).any():
        raise ValueError(f"{where}: intervals: expected each to end after it starts")
    return Track(features, seconds)


def role_of(path: Path) -> Role:
    """Kind of content of a file, by its name.

    Raises:
        ValueError: If the name does not tell.
    """
    for part, role in _ROLES.items():
        if part in path.stem.lower():
            return role
    raise ValueError(
        f"{path}: expected a name that tells the content, with one of {', '.join(_ROLES)} in it, "
        "as the files of CMU-MultimodalSDK have"
    )


def read_aligned(paths: Sequence[Path], length: int) -> dict[Split, Part]:
    """Read the files of one data set, align them to its words, and cut it into labelled segments.

    A word belongs to the segment that its middle lies in. The last ``length`` words of a segment are kept. Videos are
    split in the order of their names: 52 to training, 10 to validation and 31 to test, which are the official folds of
    CMU-MOSI, or other numbers in these proportions.

    Args:
        paths: One file of words, one of labels, and one a modality.
        length: Number of steps.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a file is damaged, or words or labels are missing, or no word lies in any segment.
    """
    files: dict[Role, dict[str, Track]] = {}
    for path in paths:
        if (role := role_of(path)) in files:
            raise ValueError(f"{path}: expected one file of {role}, got two")
        files[role] = read_csd(path)
    for needed in ("words", "labels"):
        if needed not in files:
            raise ValueError(f"{paths[0].parent}: expected a .csd file of {needed} among the files; {SOURCE}")
    words, labels = files.pop("words"), files.pop("labels")
    if not files:
        raise ValueError(f"{paths[0].parent}: expected a .csd file of language, acoustic or visual features; {SOURCE}")
    videos = sorted(set(words) & set(labels))
    segments = {video: _segments(video, words[video], labels[video], files, length) for video in videos}
    splits = split_videos(videos)
    return {split: _part([s for v in names for s in segments[v]], split) for split, names in splits.items()}


class _Segment(NamedTuple):
    name: str
    label: npt.NDArray[np.float32]  # (size,)
    words: npt.NDArray[np.str_]  # (T,)
    times: npt.NDArray[np.float32]  # (T, 2)
    modalities: dict[str, npt.NDArray[np.float32]]  # (T, d)


def _segments(
    video: str, said: Track, labels: Track, files: Mapping[Role, Mapping[str, Track]], length: int
) -> list[_Segment]:
    if said.features.dtype.kind != "S" or said.features.shape[1] != 1 or labels.features.dtype.kind not in "biuf":
        raise ValueError(f"{video}: expected words as text (n, 1) and labels as numbers, got {said.features.dtype}")
    words = np.array([word.decode("utf-8", "replace") for word in said.features[:, 0].tolist()], dtype=str)
    middle = said.intervals.mean(1)
    segments = []
    for i, (label, (begin, end)) in enumerate(zip(labels.features, labels.intervals, strict=True)):
        spoken = np.flatnonzero((begin <= middle) & (middle < end) & (words != SILENCE) & (words != ""))[-length:]
        if len(spoken) == 0:
            continue
        times = said.intervals[spoken]
        aligned: dict[str, npt.NDArray[np.float32]] = {}
        for role, tracks in files.items():
            d = next(iter(tracks.values())).features.shape[1]
            track = tracks.get(video, Track(np.zeros((0, d), np.float32), np.zeros((0, 2))))
            if track.features.shape[1] != d or track.features.dtype.kind not in "biuf":
                raise ValueError(f"{video}: {role}: expected {d} numbers a frame, got {track.features.shape}")
            with np.errstate(over="ignore"):
                frames = track.features.astype(np.float32)
            aligned[role] = _padded(expected_values(frames, track.intervals, times), length)
        segments.append(
            _Segment(
                f"{video}_{i}",
                label.astype(np.float32),
                _padded(words[spoken], length),
                _padded(times.astype(np.float32), length, np.nan),
                aligned,
            )
        )
    return segments


_Scalar = TypeVar("_Scalar", bound=np.generic)


def _padded(x: npt.NDArray[_Scalar], length: int, value: float | None = None) -> npt.NDArray[_Scalar]:
    """Padded on the left, with zeros and empty text or with another value: (T, ...) -> (length, ...)."""
    padding = np.zeros((length - len(x), *x.shape[1:]), dtype=x.dtype)
    if value is not None:
        padding[:] = value
    return np.concatenate([padding, x])


def split_videos(videos: Sequence[str]) -> dict[Split, list[str]]:
    """Videos of each split: in the given order, in the proportions of CMU-MOSI's official folds."""
    bounds = np.cumsum(_OFFICIAL_VIDEOS) / sum(_OFFICIAL_VIDEOS)
    first, second = (round(float(bound) * len(videos)) for bound in bounds[:2])
    return {"train": list(videos[:first]), "validation": list(videos[first:second]), "test": list(videos[second:])}


def _part(segments: Sequence[_Segment], split: str) -> Part:
    if not segments:
        raise ValueError(f"{split}: expected at least one segment with words, got none; are there enough videos?")
    modalities = {name: np.stack([s.modalities[name] for s in segments]) for name in segments[0].modalities}
    if len({s.label.shape for s in segments}) != 1:
        raise ValueError(f"{split}: expected labels of one size in all videos")
    return Part(
        modalities,
        np.stack([s.label for s in segments]),
        ids=np.array([s.name for s in segments]),
        words=np.stack([s.words for s in segments]),
        times=np.stack([s.times for s in segments]),
    )
