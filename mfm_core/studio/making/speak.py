"""Speak one text with espeak-ng and tell when each word is spoken: a program of its own, without any package.

espeak-ng keeps state from one text to the next (its flutter, its noise), so that the same text never sounds the same
twice in one process. Each text is therefore spoken by a new process, of which the same text is the same to the bit.

Standard input: JSON with ``voice``, ``rate``, ``pitch``, ``range``, ``volume`` and ``ssml``. Standard output: one line
of JSON with ``rate`` (samples a second) and ``events`` (kind, place in the text, sample, phoneme), then the samples as
16-bit numbers in the machine's order.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import sys

WORD, END, PHONEME = 1, 5, 7
_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: samples come to the callback, nothing is played
_PHONEME_EVENTS = 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_UTF8_SSML = 0x01 | 0x10


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """``espeak_EVENT`` of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


def main() -> None:
    """Read the order, speak, and write what was spoken."""
    order = json.load(sys.stdin)
    name = ctypes.util.find_library("espeak-ng")
    if name is None:
        sys.exit("libespeak-ng: not found; install espeak-ng, which is needed only to make the studio clips")
    espeak = ctypes.CDLL(name)
    rate = espeak.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS)
    if espeak.espeak_SetVoiceByName(order["voice"].encode()) != 0:
        sys.exit(f"voice: espeak-ng knows no {order['voice']}")
    for parameter, key in ((_RATE, "rate"), (_VOLUME, "volume"), (_PITCH, "pitch"), (_RANGE, "range")):
        espeak.espeak_SetParameter(parameter, order[key], 0)

    pieces: list[bytes] = []
    events: list[tuple[int, int, int, str]] = []

    def receive(samples: ctypes._Pointer[ctypes.c_short], n: int, found: ctypes._Pointer[_Event]) -> int:
        if n > 0:
            pieces.append(ctypes.string_at(samples, 2 * n))
        i = 0
        while found[i].type != 0:
            event = found[i]
            phoneme = event.id.string.decode(errors="replace") if event.type == PHONEME else ""
            if event.type in (WORD, END, PHONEME):
                events.append((event.type, event.text_position, event.sample, phoneme))
            i += 1
        return 0

    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))
    callback = kind(receive)  # kept alive while the library may call it
    espeak.espeak_SetSynthCallback(callback)
    text = order["ssml"].encode()
    if espeak.espeak_Synth(text, len(text) + 1, 0, 1, 0, _UTF8_SSML, None, None) != 0:
        sys.exit("espeak-ng could not speak the text")
    sys.stdout.buffer.write(json.dumps({"rate": rate, "events": events}).encode() + b"\n" + b"".join(pieces))


if __name__ == "__main__":
    main()
