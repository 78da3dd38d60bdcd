"""The allocator gives large pieces pages of their own, whatever was freed before, and has few arenas."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.shared import allocator

ROOT = Path(__file__).parents[3]
# What glibc itself tells: of a piece of 2 MB after one of 16 MB was freed, and of eight threads that allocate at once.
PROGRAM = """
import ctypes, sys, threading
from app.shared import allocator

if "set" in sys.argv:
    assert allocator.give_back_what_is_freed() is True
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
libc.free(libc.malloc(16_000_000))
libc.malloc(2_000_000)
together = threading.Barrier(8)

def allocate():
    together.wait()
    libc.malloc(1_000)
    together.wait()

threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


def told(*arguments: str) -> tuple[int, int]:
    """Arenas, and pieces that have pages of their own."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    total = re.findall(r'<total type="mmap" count="(\d+)"', found)[-1]
    return len(re.findall("<heap nr=", found)), int(total)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_a_large_piece_has_pages_of_its_own_and_arenas_are_two() -> None:
    arenas, pieces = told("set")
    arenas_before, pieces_before = told()
    assert arenas == 2 < arenas_before
    assert pieces == pieces_before + 1


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert allocator.give_back_what_is_freed.__wrapped__() is False
