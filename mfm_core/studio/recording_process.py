"""Measures a recording of one's own in a process of its own: libraries that read sound may crash, and a server goes on.

``python -m mfm_core.studio.recording_process`` reads a request as NPZ and answers by lines of JSON, one a stage; behind
the last, which says ``done``, are the arrays of the recording as NPZ. Nothing is pickled or written to a disk.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from mfm_core.files.npz import LOCAL_LIMITS, read_archive
from mfm_core.studio.recording import Array, Recording, measure, plain_word, read_sound
from mfm_core.studio.word_times import WordTimes

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "mfm_core.studio.recording_process")
SECONDS = 300.0
"""After which a process is ended."""

ARRAYS = ("times", "language", "acoustic", "waveform")
_one_at_a_time = threading.Lock()
_ERRORS: Mapping[str, type[Exception]] = {"ValueError": ValueError, "OSError": OSError}


def measure_apart(
    content: bytes,
    file_name: str,
    timed: WordTimes,
    vectors: Mapping[str, Array],
    *,
    on_progress: Callable[[str], object] = str,
    command: tuple[str, ...] | None = None,
    seconds: float = SECONDS,
) -> Recording:
    """Decode and measure a recording as ``read_sound`` and ``measure`` do, in another process, one at a time.

    Args:
        content: The sound's file.
        file_name: Its name, for messages.
        timed: Words and their times.
        vectors: GloVe by word.
        on_progress: Called with the name of each stage; what it raises ends the process.
        command: Of the process.
        seconds: After which it is ended.

    Raises:
        ValueError: If the recording cannot be taken, in one sentence.
        ChildProcessError: If the process dies, or takes too long.
        OSError: If a library is not installed.
    """
    known = {word: vectors[word] for word in map(plain_word, timed.words) if word in vectors}
    request = io.BytesIO()
    np.savez(
        request,
        content=np.frombuffer(content, np.uint8),
        name=np.array(file_name),
        words=np.array(timed.words),
        times=timed.times,
        known=np.array(list(known), dtype=np.str_),
        vectors=np.array(list(known.values()), np.float32),
    )
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with (
        _alone(on_progress),
        subprocess.Popen(  # noqa: S603 - our own command
            command or COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        ) as process,
    ):
        clock = threading.Timer(seconds, process.kill)
        clock.start()
        try:
            return _talk(process, request.getvalue(), on_progress, clock.finished.is_set)
        finally:
            clock.cancel()
            process.kill()


@contextmanager
def _alone(on_progress: Callable[[str], object]) -> Iterator[None]:
    """Wait until no other recording is measured, and say so."""
    if not _one_at_a_time.acquire(blocking=False):
        on_progress("waiting for another recording")
        _one_at_a_time.acquire()
    try:
        yield
    finally:
        _one_at_a_time.release()


def _talk(
    process: subprocess.Popen[bytes], request: bytes, on_progress: Callable[[str], object], late: Callable[[], bool]
) -> Recording:
    """Send the request, pass on the stages, and read the answer."""
    sender, answers = process.stdin, process.stdout
    if sender is None or answers is None:
        raise ValueError("process: expected one with pipes")
    try:
        with sender:
            sender.write(request)
    except BrokenPipeError:
        pass  # it has died, which is told below
    for line in answers:
        said: dict[str, str] = json.loads(line)
        if "stage" in said:
            on_progress(said["stage"])
        elif "error" in said:
            raise _ERRORS.get(said["error"], ChildProcessError)(said["sentence"])
        else:
            return _read(answers.read())
    raise ChildProcessError("it took too long" if late() else f"its process {_ending(process.wait())}")


def _read(content: bytes) -> Recording:
    """The recording that an answer holds."""
    try:
        arrays = read_archive(io.BytesIO(content), LOCAL_LIMITS, "its answer")
    except ValueError as error:
        raise ChildProcessError(str(error)) from None
    times, language, acoustic, waveform = (arrays[name].astype(np.float32) for name in ARRAYS)
    words, unknown = tuple(arrays["words"].tolist()), tuple(arrays["unknown"].tolist())
    return Recording(words, times, language, acoustic, waveform, unknown)


def _ending(code: int) -> str:
    """How a process ended that gave no answer."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code} and no answer"


def answer(request: bytes, answers: IO[bytes]) -> None:
    """Measure the recording of a request.

    Args:
        request: NPZ of the sound, the words with their times and the vectors.
        answers: Where the stages go, and the arrays or why there are none.
    """

    def say(**said: str) -> None:
        answers.write(json.dumps(said).encode() + b"\n")
        answers.flush()

    arrays = read_archive(io.BytesIO(request), LOCAL_LIMITS, "request")
    timed = WordTimes(tuple(arrays["words"].tolist()), arrays["times"].astype(np.float32))
    vectors = dict(zip(arrays["known"].tolist(), arrays["vectors"], strict=True))
    try:
        say(stage="sound")
        sound = read_sound(arrays["content"].tobytes(), str(arrays["name"]))
        made = measure(sound, timed, vectors, on_progress=lambda stage: say(stage=stage))
    except (ValueError, OSError) as error:
        say(error="OSError" if isinstance(error, OSError) else "ValueError", sentence=str(error))
        return
    say(done="")
    made_arrays = {name: getattr(made, name) for name in ARRAYS}
    unknown = np.array(made.unknown, dtype=np.str_)
    buffer = io.BytesIO()
    np.savez(buffer, words=np.array(made.words), unknown=unknown, **made_arrays)
    answers.write(buffer.getvalue())
    answers.flush()


if __name__ == "__main__":
    own = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    answer(sys.stdin.buffer.read(), own)
