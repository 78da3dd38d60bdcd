"""Recordings measured in a process of its own, which may die."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest

from mfm_core.studio import recording, recording_process
from mfm_core.studio.making.say import wav
from mfm_core.studio.recording_process import measure_apart
from mfm_core.studio.word_times import WordTimes
from tests.studio.test_recording import needs_sound, quiet, tone

TIMED = WordTimes(("so", "Zyzzyx!"), np.array([[0.0, 0.5], [0.5, 0.9]], np.float32))
VECTORS = {"so": np.ones(50, np.float32), "unsaid": np.zeros(50, np.float32)}


def python(program: str) -> tuple[str, ...]:
    return sys.executable, "-c", program


@needs_sound
@quiet
def test_it_gives_what_the_same_calls_give_here() -> None:
    stages: list[str] = []
    sound = wav(tone(1.0))
    made = measure_apart(sound, "a.wav", TIMED, VECTORS, on_progress=stages.append)
    wanted = recording.measure(recording.read_sound(sound, "a.wav"), TIMED, VECTORS)
    assert (made.words, made.unknown) == (("so", "zyzzyx"), ("zyzzyx",)) == (wanted.words, wanted.unknown)
    for name in recording_process.ARRAYS:
        np.testing.assert_array_equal(getattr(made, name), getattr(wanted, name))
    assert stages == ["sound", "vectors of the words", "acoustic features"]


def test_what_cannot_be_taken_gets_the_sentence_that_it_gets_here() -> None:
    with pytest.raises(ValueError, match=r"a\.wav: expected a WAV or MP3 file, got other bytes"):
        measure_apart(b"no sound", "a.wav", TIMED, VECTORS)


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "its process was killed by SIGSEGV"),
        (
            'import os, signal, sys; sys.stdin.buffer.read(); print(\'{"stage": "sound"}\', flush=True); '
            "os.kill(os.getpid(), signal.SIGSEGV)",
            "its process was killed by SIGSEGV",
        ),
        ("raise SystemExit(3)", "its process ended with status 3 and no answer"),
        ('import sys; sys.stdin.buffer.read(); print(\'{"done": ""}\')', "its answer: expected a whole NumPy archive"),
    ],
)
def test_a_process_that_dies_gets_a_sentence(program: str, told: str) -> None:
    loud = wav(tone(20.0))  # more than a pipe holds
    with pytest.raises(ChildProcessError, match=told):
        measure_apart(loud, "a.wav", TIMED, VECTORS, command=python(program))


def test_a_process_that_takes_too_long_is_ended() -> None:
    sleeps = python("import sys, time; sys.stdin.buffer.read(); time.sleep(60)")
    with pytest.raises(ChildProcessError, match="it took too long"):
        measure_apart(b"", "a.wav", TIMED, VECTORS, command=sleeps, seconds=0.2)


def test_one_is_measured_at_a_time_and_the_next_is_told() -> None:
    told = threading.Event()
    sleeps = python("import sys; sys.stdin.buffer.read()")

    def second() -> None:
        with pytest.raises(ChildProcessError):
            measure_apart(b"", "b.wav", TIMED, VECTORS, command=sleeps, on_progress=lambda _: told.set())

    with recording_process._one_at_a_time:
        waiting = threading.Thread(target=second)
        waiting.start()
        assert told.wait(20)
        assert waiting.is_alive()
    waiting.join(60)
    assert not waiting.is_alive()
