"""Computational sequences (``.csd``) of CMU-MultimodalSDK, read video by video.

A file is HDF5: one group, named after its content, with ``data / <video> / features`` (n, d) and ``intervals`` (n, 2)
in seconds. One file has the words, one the labels of segments, the others features. What is odd of one video leaves out
what the file has of that video, or that row, and is counted; only a file of which nothing can be read is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from mfm_core.data.dataset import video_of
from mfm_core.data.notes import Notes
from mfm_core.files.hdf5 import group, members, opened, table
from mfm_core.files.npz import Array
from mfm_core.printing import short_repr

Role = Literal["words", "labels", "language", "acoustic", "visual"]
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


class Track(NamedTuple):
    """Content of a file about one video.

    Attributes:
        features: ``(n, d)``.
        intervals: Start and end of each row in seconds, ``(n, 2)``, in order of start.
        rows: Number of each row in the file, ``(n,)``.
    """

    features: Array
    intervals: npt.NDArray[np.float64]
    rows: npt.NDArray[np.int64]

    def __repr__(self) -> str:
        return short_repr(self)


Tracks = Mapping[str, Track]


def read_csd(path: Path, notes: Notes) -> dict[str, Track]:
    """All videos of a file that can be read.

    Args:
        path: The file.
        notes: Counts what is left out.

    Raises:
        FileNotFoundError: If there is no such file; the message says where to get it.
        ValueError: If it is damaged, not of this format, or no video of it can be read.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; {SOURCE}")
    tracks, first = {}, ""
    with opened(path) as file:
        if len(roots := members(file)) != 1:
            raise ValueError(f"{path}: expected one group that names the content, got {len(roots)}")
        data = group(group(file, roots[0], str(path)), "data", f"{path}: {roots[0]}")
        for video in members(data):
            try:
                tracks[video] = _track(group(data, video, str(path)), f"{path}: {video}", notes)
            except ValueError as error:
                first = first or str(error)
                notes.add(f"videos are left out of {path.name}", str(error))
    if not tracks and first:
        raise ValueError(first)
    return tracks


def _track(video: object, where: str, notes: Notes) -> Track:
    features, intervals = table(video, "features", where), table(video, "intervals", where)
    if features.ndim != 2 or intervals.shape != (len(features), 2) or intervals.dtype.kind not in "iuf":
        raise ValueError(
            f"{where}: expected features (n, d) and intervals (n, 2), got {features.shape} and {intervals.shape}"
        )
    if len(features) == 0:
        raise ValueError(f"{where}: expected at least one row, got none")
    seconds = intervals.astype(np.float64)
    with np.errstate(invalid="ignore"):
        fits = np.isfinite(seconds).all(1) & (seconds[:, 1] >= seconds[:, 0])
    if not fits.any():
        raise ValueError(f"{where}: intervals: expected each to end after it starts, got {_span(seconds[0])} in row 0")
    if not fits.all():
        row = int(np.flatnonzero(~fits)[0])
        notes.add(
            "rows are left out, for their interval is not finite or ends before it starts",
            f"{where}, row {row}, {_span(seconds[row])}",
            int((~fits).sum()),
        )
    kept = np.flatnonzero(fits)
    kept = kept[np.argsort(seconds[kept, 0], kind="stable")]
    return Track(features[kept], seconds[kept], kept)


def _span(interval: npt.NDArray[np.float64]) -> str:
    return f"{interval[0]:g} to {interval[1]:g}"


def read_role(path: Path, role: Role, notes: Notes) -> dict[str, Track]:
    """The videos of a file that hold what its role says: text, or numbers, of one width.

    Args:
        path: The file.
        role: Kind of content.
        notes: Counts what is left out.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If no video of it can be read.
    """
    tracks = read_csd(path, notes)
    wanted: Callable[[Track], bool]
    if role == "words":
        said = "words as text (n, 1)"
        wanted = lambda track: track.features.dtype.kind == "S" and track.features.shape[1] == 1  # noqa: E731
    else:
        numeric = Counter(t.features.shape[1] for t in tracks.values() if t.features.dtype.kind in "biuf")
        d = numeric.most_common(1)[0][0] if numeric else 1
        said = f"{d} numbers a row"
        wanted = lambda track: track.features.dtype.kind in "biuf" and track.features.shape[1] == d  # noqa: E731
    kept, first = {}, ""
    for video, track in tracks.items():
        if wanted(track):
            kept[video] = track
            continue
        got = f"{path}: {video}: expected {said}, got {track.features.dtype} of shape {track.features.shape}"
        first = first or got
        notes.add(f"videos are left out of {path.name}", got)
    if not kept:
        raise ValueError(first or f"{path}: expected at least one video, got none")
    return kept


def joined_segments(tracks: Tracks) -> dict[str, Track]:
    """The rows of all segments of a video, such as ``video[0]`` and ``video[1]``, as one track, in order of start."""
    groups: dict[str, list[Track]] = {}
    for key, track in tracks.items():
        groups.setdefault(video_of(key), []).append(track)
    return {video: _joined(parts) for video, parts in groups.items()}


def _joined(parts: Sequence[Track]) -> Track:
    if len(parts) == 1:
        return parts[0]
    features = np.concatenate([part.features for part in parts])
    intervals = np.concatenate([part.intervals for part in parts])
    order = np.argsort(intervals[:, 0], kind="stable")
    return Track(features[order], intervals[order], np.arange(len(features)))


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
