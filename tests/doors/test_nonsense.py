"""Uploads that are nonsense in the ways that people try: each is refused in one sentence that names the file."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import pytest

from app.shared.pictures import take
from mfm_core.data.importing.upload import read_clip
from mfm_core.data.notes import Notes
from mfm_core.lab.data import read_upload
from mfm_core.lessons.lesson import parse_lesson
from mfm_core.studio.recording import read_sound
from mfm_core.studio.word_times import read_word_times
from tests.doors.doors import HTML, at_most, header, one_sentence
from tests.doors.test_uploads import SHAPE, SIZES, clip_bytes, lab_set, picture, table

Read = Callable[[bytes], object]
READERS: Mapping[str, Read] = {
    "mine.npz": lambda content: read_clip(content, "mine.npz", SHAPE, Notes()),
    "mine.csv": lambda content: read_clip(content, "mine.csv", SHAPE, Notes()),
    "own.npz": lambda content: read_upload(content, "own.npz"),
    "mine.wav": lambda content: read_sound(content, "mine.wav"),
    "words.csv": lambda content: read_word_times(content, "words.csv"),
    "words.srt": lambda content: read_word_times(content, "words.srt"),
    "words.TextGrid": lambda content: read_word_times(content, "words.TextGrid"),
    "mine.toml": lambda content: parse_lesson(content, "mine.toml"),
    "picture": lambda content: take(content, (1, 28, 28)),
}
LIBRARIES = {"mine.wav": "librosa", "words.srt": "pysubs2", "words.TextGrid": "praatio"}


def archive(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def arrays(**named: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **named)
    return buffer.getvalue()


def tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        file.addfile(tarfile.TarInfo("../../etc/passwd"))
    return buffer.getvalue()


def wav_of(sound: bytes, *, kind: int = 3, declared: int | None = None) -> bytes:
    """A WAV of one channel at 22,050 Hz: 32-bit floats as kind 3."""
    head = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", 36 + len(sound), b"WAVE", b"fmt ", 16, kind, 1, 22_050, 88_200, 4, 32
    )
    return head + struct.pack("<4sI", b"data", len(sound) if declared is None else declared) + sound


def million(times: str) -> bytes:
    return (times * (1_000_000 // len(times)))[:1_000_000].encode()


BILLION = 10**9
NONSENSE: Mapping[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a zero": lambda: b"\0",
    "zeros": lambda: bytes(1_000_000),
    "noise": lambda: np.random.default_rng(0).bytes(100_000),
    "more than any file may have": lambda: bytes(25_000_000),
    "text": lambda: b"hello\n",
    "text in another encoding": lambda: "wörd,stärt,ende\nß,0,1\n".encode("latin-1"),
    "text in UTF-16": lambda: "word,begin\nso,0\n".encode("utf-16"),
    "text in UTF-32": lambda: "word,start,end\nso,0,1\n".encode("utf-32"),
    "a page": lambda: f"<!DOCTYPE html><html><body>{HTML}</body></html>".encode(),
    "a PDF": lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF",
    "a program": lambda: b"\x7fELF\x02\x01\x01" + bytes(500),
    "JSON": lambda: json.dumps({"words": [1, 2], "times": None}).encode(),
    "deep JSON": lambda: b"[" * 60_000,
    "a pickle": lambda: pickle.dumps({"language": np.zeros((4, 3))}),
    "gzip": lambda: gzip.compress(bytes(10_000)),
    "a tar": tar,
    "a spreadsheet": lambda: archive({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"}),
    "an archive in an archive": lambda: archive({"inner.zip": archive({"language.npy": bytes(9)})}),
    "a bomb": lambda: archive({"language.npy": header("<f4", (10_000_000, 3), 120_000_000)}),
    "a bomb in many parts": lambda: archive({f"{i}.npy": header("<f4", (250_000,), 1_000_000) for i in range(60)}),
    "a billion rows in the header": lambda: archive({"language.npy": header("<f4", (BILLION, 3), 48)}),
    "a billion labels in the header": lambda: archive({"labels.npy": header("<i8", (BILLION,), 48)}),
    "a negative shape": lambda: archive({"language.npy": header("<f4", (-4, 3), 48)}),
    "NaN everywhere in a clip": lambda: arrays(**{name: np.full((4, d), np.nan) for name, d in SIZES.items()}),
    "infinity everywhere in a clip": lambda: arrays(**{name: np.full((4, d), np.inf) for name, d in SIZES.items()}),
    "NaN everywhere in a set": lambda: arrays(
        left=np.full((80, 1, 8, 8), np.nan), right=np.full((80, 1, 8, 8), np.nan), labels=np.full(80, np.nan)
    ),
    "NaN everywhere in a table": lambda: (
        b"word,start,end,language_0,language_1,language_2\n" + b"nan,nan,nan,nan,nan,nan\n" * 4
    ),
    "a table with a head alone": lambda: table().splitlines(keepends=True)[0],
    "a table that ends in a quote": lambda: b'word,start,end\n"so,0,1\n',
    "times that run backwards": lambda: b"word,start,end\nso,2,1\n",
    "sound of NaN": lambda: wav_of(np.full(22_050, np.nan, "<f4").tobytes()),
    "sound that declares four gigabytes": lambda: wav_of(bytes(400), declared=2**32 - 1),
    "sound of an unknown kind": lambda: wav_of(bytes(90_000), kind=0x7FFF),
    "a million letters": lambda: million("a"),
    "a million brackets": lambda: million("["),
    "a million quotes": lambda: million('"'),
    "a million lines": lambda: million("\n"),
    "a million tags": lambda: million("1\n00:00:00,000 --> 00:00:01,000\n<i>{\\"),
    "a million tiers": lambda: b'File type = "ooTextFile"\nObject class = "TextGrid"\n\n' + million('"IntervalTier"\n'),
    "a million keys": lambda: million("a.a.a\n"),
}


@cache
def content_of(what: str) -> bytes:
    """Content of a kind of nonsense, made once for all readers."""
    return NONSENSE[what]()


@pytest.mark.parametrize("name", READERS)
def test_nonsense_is_refused_in_one_sentence(name: str) -> None:
    if name in LIBRARIES:
        pytest.importorskip(LIBRARIES[name], reason="needs requirements-data.txt")
    for what in NONSENSE:
        content = content_of(what)
        refusal: ValueError | None = None
        with at_most(200_000_000):
            try:
                READERS[name](content)
            except ValueError as error:
                refusal = error
        assert refusal is not None, f"{what}: it was taken"
        one_sentence(refusal)
        assert name == "picture" or str(refusal).startswith(name), f"{what}: {refusal}"


@pytest.mark.parametrize(("name", "make"), [
    ("mine.npz", clip_bytes), ("mine.csv", table), ("own.npz", lab_set), ("picture", lambda: picture("PNG", "L")),
])  # fmt: skip
def test_what_makes_sense_is_taken(name: str, make: Callable[[], bytes]) -> None:
    """Or readers that refuse everything would pass."""
    READERS[name](make())
