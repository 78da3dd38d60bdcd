"""Words with their times, read as untrusted input: CSV, SubRip (SRT), WebVTT, or a Praat TextGrid.

* ``.csv``: columns ``word``, ``start``, ``end``, in seconds.
* ``.srt``, ``.vtt``: cues; the time of a cue of several words is shared among them by their letters.
* ``.TextGrid``: the interval tier called ``words``, or else the first; empty intervals are pauses.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mfm_core.printing import short_repr
from mfm_core.problems import printable, reason

MAX_BYTES = 1_000_000
MAX_WORDS, MAX_LETTERS = 400, 60
ENDINGS = (".csv", ".srt", ".vtt", ".textgrid")


class TimedWord(NamedTuple):
    """A word with the seconds at which it begins and ends."""

    word: str
    start: float
    end: float


class WordTimes(NamedTuple):
    """Words in order.

    Attributes:
        words: As they are written, T of them.
        times: Start and end in seconds, ``(T, 2)`` float32, each start not before the one before.
    """

    words: tuple[str, ...]
    times: npt.NDArray[np.float32]

    def __repr__(self) -> str:
        return short_repr(self)


def read_word_times(content: bytes, file_name: str) -> WordTimes:
    """Read words with their times.

    Args:
        content: The file.
        file_name: Its name, whose ending tells the format.

    Raises:
        ValueError: If the file is too large, of another format, damaged, or holds no words or too many.
        OSError: If the libraries that read subtitles and TextGrids are not installed.
    """
    name = printable(file_name)
    ending = next((one for one in ENDINGS if file_name.lower().endswith(one)), None)
    if ending is None:
        raise ValueError(f"{name}: expected words as {', '.join(ENDINGS)}")
    if len(content) > MAX_BYTES:
        raise ValueError(f"{name}: expected at most {MAX_BYTES} bytes, got {len(content)}")
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{name}: expected text in UTF-8, got other bytes") from None
    readers = {".csv": _csv, ".srt": _subtitles, ".vtt": _subtitles, ".textgrid": _textgrid}
    found = sorted(readers[ending](text, name), key=lambda word: word.start)
    if not 1 <= len(found) <= MAX_WORDS:
        raise ValueError(f"{name}: expected 1 to {MAX_WORDS} words, got {len(found) or 'none'}")
    for step, (word, start, end) in enumerate(found, start=1):
        if not (len(word) <= MAX_LETTERS and word.isprintable()):
            raise ValueError(f"{name}: word {step}: expected at most {MAX_LETTERS} printable letters, got {len(word)}")
        if not 0 <= start < end < 1e6:  # which NaN is not
            raise ValueError(f"{name}: word {step}: expected seconds with start before end, got {start:g} and {end:g}")
    times = np.array([(start, end) for _, start, end in found], np.float32)
    return WordTimes(tuple(word for word, _, _ in found), times)


def _csv(text: str, name: str) -> Iterator[TimedWord]:
    try:
        lines = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        if missing := {"word", "start", "end"} - {(key or "").strip() for key in lines.fieldnames or ()}:
            raise ValueError(f"{name}: expected columns word, start, end, missing {', '.join(sorted(missing))}")
        for row, line in enumerate(lines, start=1):
            known = {(key or "").strip(): (value or "").strip() for key, value in line.items() if key is not None}
            try:
                start, end = float(known["start"]), float(known["end"])
            except (KeyError, ValueError):
                raise ValueError(f"{name}: row {row}: expected numbers as start and end") from None
            if known["word"]:
                yield TimedWord(known["word"], start, end)
    except csv.Error as error:
        raise ValueError(f"{name}: expected a table with commas: {reason(error)}") from None


def _subtitles(text: str, name: str) -> Iterator[TimedWord]:
    try:
        import pysubs2
    except ImportError:
        raise OSError("pysubs2: not found; subtitles need requirements-data.txt") from None
    try:
        cues = pysubs2.SSAFile.from_string(text, "vtt" if text.lstrip().startswith("WEBVTT") else "srt")
    except (pysubs2.exceptions.Pysubs2Error, ValueError, IndexError, OverflowError):
        raise ValueError(f"{name}: expected cues with times as SubRip or WebVTT") from None
    for cue in cues:
        words = cue.plaintext.split()
        letters = np.cumsum([0, *(len(word) for word in words)])
        if not words:
            continue
        bounds = cue.start / 1000 + letters / letters[-1] * (cue.end - cue.start) / 1000
        for word, start, end in zip(words, bounds[:-1], bounds[1:], strict=True):
            yield TimedWord(word, float(start), float(end))


def _textgrid(text: str, name: str) -> Iterator[TimedWord]:
    try:
        from praatio.utilities.textgrid_io import parseTextgridStr
    except ImportError:
        raise OSError("praatio: not found; TextGrids need requirements-data.txt") from None
    try:
        tiers = [tier for tier in parseTextgridStr(text)["tiers"] if tier["class"] == "IntervalTier"]
        chosen = next((tier for tier in tiers if tier["name"].lower() == "words"), tiers[0])
        entries = [(str(label).strip(), float(start), float(end)) for start, end, label in chosen["entries"]]
    except Exception as error:  # whatever a parser stumbles over in a damaged file
        raise ValueError(f"{name}: expected a TextGrid with a tier of intervals ({type(error).__name__})") from None
    for label, start, end in entries:
        if label and label not in ("sp", "sil", "<eps>"):
            yield TimedWord(label, start, end)
