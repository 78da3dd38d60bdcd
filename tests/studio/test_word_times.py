"""Words with times in every format that is read."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfm_core.studio.word_times import ENDINGS, MAX_BYTES, MAX_WORDS, read_word_times

CSV = "word,start,end\nthe,0.0,0.2\nfilm,0.2,0.7\n"
SRT = "1\n00:00:00,000 --> 00:00:00,700\nthe film\n"
VTT = "WEBVTT\n\n00:00.000 --> 00:00.200\nthe\n\n00:00.200 --> 00:00.700\nfilm\n"
GRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 1
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 1
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 1
            text = "x"
    item [2]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 1
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.2
            text = "the"
        intervals [2]:
            xmin = 0.2
            xmax = 0.7
            text = "film"
        intervals [3]:
            xmin = 0.7
            xmax = 1
            text = ""
"""
needs_readers = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("praatio", "pysubs2")), reason="readers not installed"
)


def test_rows_without_a_word_take_no_word_away() -> None:
    rows = [f"{word},{n}.0,{n}.5" for n in range(MAX_WORDS) for word in ("film", "")]
    assert len(read_word_times("\n".join(["word,start,end", *rows]).encode(), "a.csv").words) == MAX_WORDS


@needs_readers
@pytest.mark.parametrize(("name", "text"), [("a.csv", CSV), ("a.vtt", VTT), ("a.TextGrid", GRID)])
def test_each_format_tells_words_and_times(name: str, text: str) -> None:
    found = read_word_times(text.encode(), name)
    assert found.words == ("the", "film")
    np.testing.assert_allclose(found.times, [[0, 0.2], [0.2, 0.7]], atol=1e-6)


@needs_readers
def test_the_time_of_a_cue_is_shared_by_letters() -> None:
    found = read_word_times(SRT.encode(), "a.srt")
    assert found.words == ("the", "film")
    np.testing.assert_allclose(found.times, [[0, 0.3], [0.3, 0.7]], atol=1e-6)


def test_words_are_put_in_order() -> None:
    found = read_word_times(b"word,start,end\nb,1,2\na,0,1\n", "a.csv")
    assert found.words == ("a", "b")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.doc", b"", "expected words as .csv, .srt, .vtt, .textgrid"),
        ("a.csv", b"word,start\na,1\n", "missing end"),
        ("a.csv", b"word,start,end\na,x,1\n", "row 1: expected numbers as start and end"),
        ("a.csv", b"word,start,end\na,2,1\n", "word 1: expected seconds with start before end"),
        ("a.csv", b"word,start,end\na,nan,1\n", "word 1: expected seconds with start before end"),
        ("a.csv", b"word,start,end\n", "got none"),
        ("a.csv", b"word,start,end\n" + b"a,0,1\n" * 500, "expected 1 to 400 words"),
        ("a.csv", b"\xff\x00\x81", "expected text in UTF-8"),
        ("a.csv", b"word,start,end\n" + b"a" * 90 + b",0,1\n", "at most 60 printable letters"),
        ("a.csv", b" " * (MAX_BYTES + 1), f"at most {MAX_BYTES} bytes"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(name: str, content: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=r"^a\.") as caught:
        read_word_times(content, name)
    assert told in str(caught.value)


@needs_readers
@given(
    st.sampled_from(ENDINGS), st.sampled_from([CSV, SRT, VTT, GRID, ""]), st.integers(0, 300), st.binary(max_size=40)
)
def test_damaged_files_are_read_or_refused(ending: str, text: str, at: int, damage: bytes) -> None:
    content = text.encode()[:at] + damage + text.encode()[at:]
    try:
        found = read_word_times(content, f"a{ending}")
    except ValueError as error:
        told = str(error)
    else:
        told = "a." if len(found.words) == len(found.times) else ""
    assert told.startswith("a.")
