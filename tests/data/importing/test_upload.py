"""A user's own clip: read as it was written, scaled as training was, and refused in one sentence if it cannot be."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mfm_core.data.importing.upload import MAX_STEPS, ClipShape, clip_table, read_clip
from mfm_core.data.notes import Notes
from mfm_core.data.scaling import Scaling

D = {"language": 3, "visual": 2}
SCALING = {m: Scaling(torch.full((d,), 0.5), torch.full((d,), 2.0)) for m, d in D.items()}
SHAPE = ClipShape(D, n_labels=1, scaling=SCALING)


def npz(**changes: Any) -> bytes:
    arrays = {
        "language": np.arange(12.0).reshape(4, 3) + 1,
        "visual": np.arange(8, dtype=np.float32).reshape(4, 2) + 1,
        "words": np.array(["i", "liked", "the", "film"]),
        "times": np.array([[0, 0.5], [0.5, 1], [1, 1.25], [1.5, 2]]),
    } | changes
    file = io.BytesIO()
    np.savez(file, **{key: array for key, array in arrays.items() if array is not None})
    return file.getvalue()


CSV = """word,start,end,visual_0,visual_1
i,0,0.5,1,2
liked,0.5,1,3,4
the,,,5,6
"film, yes",1.5,2,7,8
"""


def test_an_archive_becomes_one_clip_scaled_as_training_was() -> None:
    clip = read_clip(npz(), "my.npz", SHAPE)
    assert len(clip) == 1
    assert clip.mask is not None
    assert clip.steps is not None
    assert clip.mask.tolist() == [[True] * 4]
    expected = (np.arange(12.0).reshape(1, 4, 3) + 1 - 0.5) / 2
    np.testing.assert_allclose(clip.modalities["language"], expected.clip(-5, 5), rtol=1e-6)
    assert clip.steps.words == (("i", "liked", "the", "film"),)
    assert clip.steps.times[0, 2].tolist() == [1, 1.25]
    assert clip.labels.shape == (1, 1)
    assert clip.labels.isnan().all()


def test_a_table_of_words_becomes_one_clip_and_what_it_lacks_is_told() -> None:
    clip = read_clip(CSV.encode(), "my.CSV", ClipShape(D, n_labels=3))
    assert clip.present is not None
    assert clip.steps is not None
    assert {m: x.tolist() for m, x in clip.present.items()} == {"language": [False], "visual": [True]}
    assert clip.modalities["visual"][0].tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert (clip.modalities["language"] == 0).all()
    assert clip.steps.words == (("i", "liked", "the", "film, yes"),)
    assert clip.steps.times[0].isnan().any(1).tolist() == [False, False, True, False]


def test_a_modality_may_be_called_as_what_is_told_of_steps() -> None:
    shape = ClipShape({"words": 2, "visual": 2}, n_labels=1)
    features = np.arange(8.0).reshape(4, 2) + 1
    clip = read_clip(npz(language=None, words=features), "my.npz", shape)
    np.testing.assert_array_equal(clip.modalities["words"][0], features)
    assert clip.steps is not None
    assert clip.steps.words == ((),)
    assert clip.steps.times[0, 0].tolist() == [0, 0.5]
    table = read_clip(CSV.encode(), "my.csv", shape)
    assert table.steps is not None
    assert (table.steps.words, table.modalities["visual"][0, 1].tolist()) == (((),), [3, 4])


def test_words_and_times_may_be_missing() -> None:
    clip = read_clip(npz(words=None, times=None, visual=None), "my.npz", SHAPE)
    assert clip.steps is not None
    assert clip.steps.words == ((),)
    assert clip.steps.times.isnan().all()


def csv(old: str, new: str) -> Callable[[], bytes]:
    return lambda: CSV.replace(old, new).encode()


DAMAGE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "another format": ("my.pkl", npz, "my.pkl: expected a clip as .npz or .csv"),
    "d of another model": (
        "my.npz",
        lambda: npz(visual=np.ones((4, 7))),
        "my.npz: visual: expected (T, 2), got (4, 7)",
    ),
    "one dimension": ("my.npz", lambda: npz(visual=np.ones(4)), "my.npz: visual: expected (T, 2), got (4,)"),
    "no steps": ("my.npz", lambda: npz(visual=np.ones((0, 2))), "my.npz: visual: expected 1 to 200 steps, got 0"),
    "too many steps": ("my.npz", lambda: npz(visual=np.ones((201, 2))), "visual: expected 1 to 200 steps, got 201"),
    "other T": (
        "my.npz",
        lambda: npz(visual=np.ones((5, 2))),
        "my.npz: expected one number of steps in all modalities, got language 4, visual 5",
    ),
    "NaN": (
        "my.npz",
        lambda: npz(visual=np.full((4, 2), np.nan)),
        "my.npz: visual: expected a step of finite numbers, got nan at step 0, feature 0, and none without",
    ),
    "infinity": (
        "my.npz",
        lambda: npz(visual=np.full((4, 2), np.inf)),
        "visual: expected a step of finite numbers, got inf",
    ),
    "text for numbers": ("my.npz", lambda: npz(visual=np.full((4, 2), "a")), "visual: expected numbers, got <U1"),
    "objects": ("my.npz", lambda: npz(visual=np.full((4, 2), None)), "'visual': expected numbers or text, got object"),
    "another array": (
        "my.npz",
        lambda: npz(smell=np.ones(3)),
        "my.npz: expected arrays among language, visual, words, times, got smell",
    ),
    "no modality": (
        "my.npz",
        lambda: npz(language=None, visual=None),
        "my.npz: expected features beside the words (columns language_0, visual_0 …), got words alone, which",
    ),
    "fewer words": (
        "my.npz",
        lambda: npz(words=np.array(["a"])),
        "my.npz: words: expected text (4,), got <U1 of shape",
    ),
    "a long word": ("my.npz", lambda: npz(words=np.array(["a" * 61] * 4)), "words: expected 1 to 60 printable letters"),
    "an unprintable word": ("my.npz", lambda: npz(words=np.array(["\x1b[31m"] * 4)), "got '\\x1b[31m' at step 0"),
    "times backwards": (
        "my.npz",
        lambda: npz(times=np.array([[1, 0]] * 4)),
        "my.npz: times: expected each step to end after it starts, from 0 s on, got 1 to 0 at step 0",
    ),
    "some times out of order": (
        "my.npz",
        lambda: npz(times=np.array([[4, 5], [3, 4], [2, 3], [np.nan, 2]])),
        "my.npz: times: expected steps in order of their start, where some are not known",
    ),
    "times before 0": ("my.npz", lambda: npz(times=np.full((4, 2), -1)), "from 0 s on, got -1 to -1 at step 0"),
    "endless times": ("my.npz", lambda: npz(times=np.full((4, 2), np.inf)), "got inf to inf at step 0"),
    "times of another shape": (
        "my.npz",
        lambda: npz(times=np.ones((4, 3))),
        "times: expected numbers (4, 2), got float64",
    ),
    "an empty file": ("my.csv", lambda: b"", "my.csv: expected a clip, got an empty file"),
    "a pandas index": (
        "my.csv",
        lambda: b",word,visual_0,visual_1\n0,a,1,2\n",
        "my.csv: expected a name of each column, got a column without a name, number 1",
    ),
    "an underscore": ("my.csv", csv("3,4", "3,1_0"), "my.csv: visual_1: expected a number in step 2, got '1_0'"),
    "a table without words": (
        "my.csv",
        lambda: CSV.partition("\n")[0].encode(),
        "visual: expected 1 to 200 steps, got 0",
    ),
    "another column": ("my.csv", csv("visual_1", "smell_1"), "visual_0 to visual_1, got smell_1"),
    "a column missing": (
        "my.csv",
        lambda: b"word,visual_0\na,1\n",
        "expected columns visual_0 to visual_1, got 1 of them",
    ),
    "a column twice": ("my.csv", csv("visual_1", "visual_0"), "got visual_0 twice"),
    "a short line": ("my.csv", csv("3,4", "3"), "my.csv: expected 5 values in each line, got 4 in step 2"),
    "no number": ("my.csv", csv("3,4", "3,four"), "my.csv: visual_1: expected a number in step 2, got 'four'"),
    "an open quote": ("my.csv", csv('yes"', "yes"), "my.csv: expected a table in UTF-8"),
    "another encoding": ("my.csv", lambda: CSV.encode("utf-16"), "my.csv: expected a table in UTF-8"),
    "too many lines": (
        "my.csv",
        lambda: (CSV + "a,,,1,2\n" * 300).encode(),
        "my.csv: expected 1 to 200 steps, got more",
    ),
    "a large table": ("my.csv", lambda: bytes(4_000_001), "my.csv: expected at most 4000000 bytes, got 4000001"),
    "a name with a line break": ("a\nb.txt", lambda: b"x", "a?b.txt: expected a clip as .npz or .csv"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_is_no_clip_is_refused_in_one_sentence(kind: str) -> None:
    name, make, message = DAMAGE[kind]
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        read_clip(make(), name, SHAPE)
    assert "\n" not in str(error.value)


@given(st.binary(max_size=300), st.sampled_from([".npz", ".csv"]), st.integers(0, 2000))
def test_any_bytes_are_a_clip_or_refused(noise: bytes, ending: str, place: int) -> None:
    whole = npz() if ending == ".npz" else CSV.encode()
    for content in (noise, whole[:place] + noise + whole[place + len(noise) :]):
        with contextlib.suppress(ValueError):
            clip = read_clip(content, "my" + ending, SHAPE)
            assert all(torch.isfinite(x).all() for x in clip.modalities.values())


def test_a_step_with_a_number_that_is_not_finite_counts_as_not_observed() -> None:
    for bad in (np.nan, -np.inf, 1e39):
        visual, notes = np.arange(8.0).reshape(4, 2) + 1, Notes()
        visual[2, 1] = bad
        clip = read_clip(npz(visual=visual), "my.npz", SHAPE, notes)
        assert (clip.modalities["visual"][0, 2] == 0).all()
        assert bool((clip.modalities["visual"][0, 3] != 0).any())
        (line,) = notes.lines()
        assert line.startswith(
            "1 steps hold a number that is not finite and count as not observed; the first: my.npz: "
        )
        assert "visual, video of the clip, step 2, feature 1" in line


def test_steps_of_another_scale_are_told() -> None:
    visual, notes = np.full((4, 2), 1.0), Notes()
    visual[1] = 3e30
    visual[2, 0] = 3e30  # one feature alone may be rare
    assert read_clip(npz(visual=visual), "my.npz", SHAPE, notes).modalities["visual"].abs().max() <= 5
    (line,) = notes.lines()
    assert line.startswith("1 steps lie more than 50 standard deviations from the training clips in most features")
    assert line.endswith("my.npz: visual, step 1, feature 0, 3e+30")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_tables_are_read_whatever_separates_their_columns(separator: str) -> None:
    table = "word,start,end,visual_0,visual_1\na,0,1,1,2\nb,1,2,3,4\n".replace(",", separator)
    clip = read_clip(table.encode(), "my.csv", SHAPE)
    assert clip.steps is not None
    assert clip.steps.words == (("a", "b"),)
    assert clip.steps.times[0].tolist() == [[0, 1], [1, 2]]


def test_empty_lines_of_a_table_are_no_steps() -> None:
    lines = [f"w{n},{n}.0,{n}.5,1,2" for n in range(MAX_STEPS)]
    table = "word,start,end,visual_0,visual_1\n" + "\n\n".join(lines)
    clip = read_clip(table.encode(), "my.csv", SHAPE)
    assert clip.steps is not None
    assert clip.steps.words == (tuple(f"w{n}" for n in range(MAX_STEPS)),)


def test_steps_come_in_the_order_of_their_start() -> None:
    notes, words = Notes(), np.array(["d", "c", "b", "a"])
    given = npz(words=words, times=np.array([[3.0, 4], [2, 3], [1, 2], [0, 1]]))
    turned, plain = read_clip(given, "my.npz", SHAPE, notes), read_clip(npz(), "my.npz", SHAPE)
    assert turned.steps is not None
    assert turned.steps.words == (("a", "b", "c", "d"),)
    assert turned.steps.times[0, :, 0].tolist() == [0, 1, 2, 3]
    torch.testing.assert_close(turned.modalities["visual"].flip(1), plain.modalities["visual"])
    assert notes.lines() == ["4 steps are put in order of their start; the first: my.npz, step 3"]


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (np.zeros((4, 2)), "4 times are left out, for all are the same; the first: my.npz, 0 s"),
        (
            np.array([[0, 400], [400, 800], [800, 1200], [1200, 1600]]),
            "4 times are left out, for they are no seconds; the first: my.npz, 400 s a word; milliseconds?",
        ),
    ],
)
def test_times_that_say_nothing_are_left_out_and_told(times: np.ndarray, message: str) -> None:
    notes = Notes()
    clip = read_clip(npz(times=times), "my.npz", SHAPE, notes)
    assert clip.steps is not None
    assert bool(clip.steps.times.isnan().all())
    assert notes.lines() == [message]


def test_a_clip_written_as_a_table_comes_back() -> None:
    random = np.random.default_rng(0)
    given = {name: random.normal(size=(5, d)).astype(np.float32) for name, d in SHAPE.d.items()}
    words, times = ("a", 'say "no"', "x,y", "d;e", "f"), np.arange(10, dtype=np.float32).reshape(5, 2)
    raw = dataclasses.replace(SHAPE, scaling=None)
    clip = read_clip(clip_table(given, words, times).encode(), "my.csv", raw)
    assert clip.steps is not None
    assert clip.steps.words == (words,)
    assert clip.steps.times[0].tolist() == times.tolist()
    for name, x in given.items():
        np.testing.assert_array_equal(clip.modalities[name][0].numpy(), x)
