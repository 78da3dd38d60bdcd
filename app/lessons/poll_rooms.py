"""Rooms in which a class answers one question together, without accounts: in the server's memory, and bounded."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_ROOMS = 100
MOST_ANSWERS = 1_000
LIFETIME = 3 * 3600.0
"""Seconds after which a room is forgotten, with its answers."""
IDLE = 20 * 60.0
"""Seconds without an answer or a new question after which a room makes way where there are too many."""
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Of codes; none looks like another."""
CODE = 5
"""Letters of a code."""


@dataclass(frozen=True)
class Poll:
    """A question to a class.

    Attributes:
        ask: The question.
        choices: The answers there are.
    """

    ask: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """A room as one visitor sees it.

    Attributes:
        poll: The question.
        round: How many questions the room had, this one included.
        counts: Answers of each choice.
        mine: The visitor's own answer; None before.
    """

    poll: Poll
    round: int
    counts: tuple[int, ...]
    mine: int | None

    @property
    def total(self) -> int:
        """How many have answered."""
        return sum(self.counts)


@dataclass
class _Room:
    host: str
    poll: Poll
    opened: float
    used: float
    round: int = 1
    answers: dict[str, int] = field(default_factory=dict)


class PollRooms:
    """All rooms of a server; safe to share between threads. Nothing is written anywhere, and nobody is named."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._rooms: dict[str, _Room] = {}
        self._lock = threading.Lock()
        self._clock = clock

    def open(self, poll: Poll) -> tuple[str, str]:
        """Open a room for a question.

        Returns:
            The code that the class joins by, and the key by which whoever opened the room asks on.

        Raises:
            ValueError: If there are as many rooms as there may be.
        """
        with self._lock:
            now = self._forget()
            if len(self._rooms) >= MOST_ROOMS:
                idle = [code for code, room in self._rooms.items() if now - room.used > IDLE]
                if not idle:
                    raise ValueError(f"room: expected at most {MOST_ROOMS} at a time, got another; try again later")
                del self._rooms[min(idle, key=lambda code: self._rooms[code].used)]
            code = _code()
            while code in self._rooms:
                code = _code()
            key = secrets.token_urlsafe(12)
            self._rooms[code] = _Room(key, poll, now, now)
        return code, key

    def ask(self, code: str, key: str, poll: Poll) -> None:
        """Ask another question in a room and forget the answers to the one before; the same question changes nothing.

        Raises:
            ValueError: If there is no such room, or the key is not its own.
        """
        with self._lock:
            room = self._own(code, key)
            if room.poll != poll:
                room.poll, room.answers, room.round, room.used = poll, {}, room.round + 1, self._clock()

    def answer(self, code: str, session: str, round_: int, choice: int) -> None:
        """Count the answer of a session, in place of the one it gave before.

        Args:
            code: Of the room.
            session: Who answers; one answer each.
            round_: Of the question that was seen; an answer to one before is not counted.
            choice: Its place among the choices.

        Raises:
            ValueError: If there is no such room or choice, the question is another by now, or the room is full.
        """
        with self._lock:
            room = self._room(code)
            if round_ != room.round:
                raise ValueError("question: expected the one that is asked now, got one before")
            if not 0 <= choice < len(room.poll.choices):
                raise ValueError(f"choice: expected 0 to {len(room.poll.choices) - 1}, got {choice}")
            if session not in room.answers and len(room.answers) >= MOST_ANSWERS:
                raise ValueError(f"room: expected at most {MOST_ANSWERS} answers, got another")
            room.answers[session] = choice
            room.used = self._clock()

    def look(self, code: str, session: str) -> Seen | None:
        """A room as a session sees it; None where there is none of this code, or no longer."""
        with self._lock:
            self._forget()
            room = self._rooms.get(code)
            if room is None:
                return None
            given = list(room.answers.values())
            counts = tuple(given.count(place) for place in range(len(room.poll.choices)))
            return Seen(room.poll, room.round, counts, room.answers.get(session))

    def is_host(self, code: str, key: str) -> bool:
        """Whether a key is that of a room."""
        with self._lock:
            self._forget()
            room = self._rooms.get(code)
            return room is not None and secrets.compare_digest(room.host.encode(), key.encode())

    def close(self, code: str, key: str) -> None:
        """Forget a room and its answers.

        Raises:
            ValueError: As ``ask``.
        """
        with self._lock:
            self._own(code, key)
            del self._rooms[code]

    def _room(self, code: str) -> _Room:
        self._forget()
        if code not in self._rooms:
            raise ValueError("room: expected the code of an open room, got another")
        return self._rooms[code]

    def _own(self, code: str, key: str) -> _Room:
        room = self._room(code)
        if not secrets.compare_digest(room.host.encode(), key.encode()):
            raise ValueError("key: expected that of the room, got another")
        return room

    def _forget(self) -> float:
        """Forget the rooms whose time is over; the time now."""
        now = self._clock()
        for code in [code for code, room in self._rooms.items() if now - room.opened > LIFETIME]:
            del self._rooms[code]
        return now


def is_code(text: str) -> bool:
    """Whether a text could be the code of a room."""
    return len(text) == CODE and set(text) <= set(LETTERS)


def _code() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(CODE))
