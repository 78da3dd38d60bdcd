"""Rooms in which a class answers one question together, without accounts: bounded, and forgotten with the room.

They are in a file that all replicas of the app share, as they share the store of jobs, so that a class may be spread
over them. Of who answers it holds a hash with the salt of the room; what is deleted is overwritten.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

MOST_ROOMS = 100
MOST_ANSWERS = 1_000
LIFETIME = 3 * 3600.0
"""Seconds after which a room is forgotten, with its answers."""
IDLE = 20 * 60.0
"""Seconds without an answer or a new question after which a room makes way where there are too many."""
CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Of codes; none looks like another."""
CODE = 5
"""Letters of a code."""
PATIENCE = 10.0
"""Seconds that one visitor's answer waits for that of another to be written."""
FILE = "rooms.sqlite"
TABLES = """
PRAGMA secure_delete = ON;
PRAGMA foreign_keys = ON;
CREATE TABLE IF NOT EXISTS rooms (
  code TEXT PRIMARY KEY, host TEXT NOT NULL, salt TEXT NOT NULL, ask TEXT NOT NULL, choices TEXT NOT NULL,
  round INTEGER NOT NULL, opened REAL NOT NULL, used REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS answers (
  code TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE, who TEXT NOT NULL, choice INTEGER NOT NULL,
  PRIMARY KEY (code, who)
);
"""


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


class PollRooms:
    """All rooms of a folder, safe to share between threads, processes and replicas. Nobody is named in them.

    Args:
        folder: Where their file is; made when the first room is opened.
        clock: Seconds of a clock that all who share the folder have, as the time of day.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._file = folder / FILE
        self._clock = clock

    def open(self, poll: Poll) -> tuple[str, str]:
        """Open a room for a question.

        Returns:
            The code that the class joins by, and the key by which whoever opened the room asks on.

        Raises:
            ValueError: If there are as many rooms as there may be, or none can be kept.
        """
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"rooms: expected a folder that can be written, got {error.strerror}") from error
        with self._change(make=True) as (rooms, now):
            if rooms.execute("SELECT count(*) FROM rooms").fetchone()[0] >= MOST_ROOMS:
                idle = rooms.execute("SELECT code FROM rooms WHERE ? - used > ? ORDER BY used", (now, IDLE)).fetchone()
                if idle is None:
                    raise ValueError(f"room: expected at most {MOST_ROOMS} at a time, got another; try again later")
                rooms.execute("DELETE FROM rooms WHERE code = ?", idle)
            code = _code()
            while rooms.execute("SELECT 1 FROM rooms WHERE code = ?", (code,)).fetchone():
                code = _code()
            key, salt = secrets.token_urlsafe(12), secrets.token_hex(16)
            row = (code, key, salt, poll.ask, json.dumps(poll.choices), 1, now, now)
            rooms.execute("INSERT INTO rooms VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        return code, key

    def ask(self, code: str, key: str, poll: Poll) -> None:
        """Ask another question in a room and forget the answers to the one before; the same question changes nothing.

        Raises:
            ValueError: If there is no such room, the key is not its own, or the file cannot be written.
        """
        with self._change() as (rooms, now):
            if _poll(_own(rooms, code, key)) != poll:
                rooms.execute("DELETE FROM answers WHERE code = ?", (code,))
                change = "UPDATE rooms SET ask = ?, choices = ?, round = round + 1, used = ? WHERE code = ?"
                rooms.execute(change, (poll.ask, json.dumps(poll.choices), now, code))

    def answer(self, code: str, visitor: str, round_: int, choice: int) -> None:
        """Count the answer of a visitor, in place of the one they gave before.

        Args:
            code: Of the room.
            visitor: Who answers, by something that only their browser has; one answer each.
            round_: Of the question that was seen; an answer to one before is not counted.
            choice: Its place among the choices.

        Raises:
            ValueError: If there is no such room or choice, the question is another by now, the room is full, or the
                file cannot be written.
        """
        with self._change() as (rooms, now):
            room = _room(rooms, code)
            if round_ != room["round"]:
                raise ValueError("question: expected the one that is asked now, got one before")
            n = len(_poll(room).choices)
            if not 0 <= choice < n:
                raise ValueError(f"choice: expected 0 to {n - 1}, got {choice}")
            who = _who(room, visitor)
            if _choice(rooms, code, who) is None:
                given = rooms.execute("SELECT count(*) FROM answers WHERE code = ?", (code,)).fetchone()[0]
                if given >= MOST_ANSWERS:
                    raise ValueError(f"room: expected at most {MOST_ANSWERS} answers, got another")
            rooms.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (code, who, choice))
            rooms.execute("UPDATE rooms SET used = ? WHERE code = ?", (now, code))

    def look(self, code: str, visitor: str) -> Seen | None:
        """A room as a visitor sees it; None where there is none of this code, or no longer.

        Raises:
            ValueError: If the file cannot be read.
        """
        with self._read() as rooms:
            if rooms is None or (room := self._live(rooms, code)) is None:
                return None
            poll, counts = _poll(room), dict[int, int]()
            for choice, n in rooms.execute("SELECT choice, count(*) FROM answers WHERE code = ? GROUP BY 1", (code,)):
                counts[choice] = n
            mine = _choice(rooms, code, _who(room, visitor))
            return Seen(poll, room["round"], tuple(counts.get(place, 0) for place in range(len(poll.choices))), mine)

    def is_host(self, code: str, key: str) -> bool:
        """Whether a key is that of a room.

        Raises:
            ValueError: If the file cannot be read.
        """
        with self._read() as rooms:
            if rooms is None or (room := self._live(rooms, code)) is None:
                return False
            return secrets.compare_digest(room["host"].encode(), key.encode())

    def close(self, code: str, key: str) -> None:
        """Forget a room and its answers.

        Raises:
            ValueError: As ``ask``.
        """
        with self._change() as (rooms, _):
            _own(rooms, code, key)
            rooms.execute("DELETE FROM rooms WHERE code = ?", (code,))

    @contextmanager
    def _change(self, *, make: bool = False) -> Iterator[tuple[sqlite3.Connection, float]]:
        """The rooms that are not over, for one writer at a time, and the time; nothing is changed where one raises."""
        if not make and not self._file.is_file():
            raise ValueError("room: expected the code of an open room, got another")
        with _told(), closing(_connected(self._file)) as rooms:
            rooms.executescript(TABLES)
            rooms.execute("BEGIN IMMEDIATE")
            with rooms:
                now = self._clock()
                rooms.execute("DELETE FROM rooms WHERE ? - opened > ?", (now, LIFETIME))
                yield rooms, now

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection | None]:
        """The rooms as they are; None where none was ever opened."""
        if not self._file.is_file():
            yield None
            return
        with _told(), closing(_connected(self._file)) as rooms:
            yield rooms

    def _live(self, rooms: sqlite3.Connection, code: str) -> sqlite3.Row | None:
        room = _found(rooms, code)
        if room is None or self._clock() - room["opened"] <= LIFETIME:
            return room
        with self._change():  # forgets what is over
            return None


def is_code(text: str) -> bool:
    """Whether a text could be the code of a room."""
    return len(text) == CODE and set(text) <= set(CODE_LETTERS)


def _connected(file: Path) -> sqlite3.Connection:
    rooms = sqlite3.connect(file, timeout=PATIENCE, isolation_level=None)
    rooms.row_factory = sqlite3.Row
    rooms.execute("PRAGMA synchronous = OFF")  # a room need not outlive the machine
    return rooms


@contextmanager
def _told() -> Iterator[None]:
    """Tell in a sentence why the file could not be read or written."""
    try:
        yield
    except sqlite3.Error as error:
        raise ValueError(f"rooms: expected a file that can be read and written, got “{error}”") from error


def _found(rooms: sqlite3.Connection, code: str) -> sqlite3.Row | None:
    room: sqlite3.Row | None = rooms.execute("SELECT * FROM rooms WHERE code = ?", (code,)).fetchone()
    return room


def _room(rooms: sqlite3.Connection, code: str) -> sqlite3.Row:
    room = _found(rooms, code)
    if room is None:
        raise ValueError("room: expected the code of an open room, got another")
    return room


def _own(rooms: sqlite3.Connection, code: str, key: str) -> sqlite3.Row:
    room = _room(rooms, code)
    if not secrets.compare_digest(room["host"].encode(), key.encode()):
        raise ValueError("key: expected that of the room, got another")
    return room


def _poll(room: sqlite3.Row) -> Poll:
    return Poll(room["ask"], tuple(json.loads(room["choices"])))


def _who(room: sqlite3.Row, visitor: str) -> str:
    return hashlib.sha256(f"{room['salt']}:{visitor}".encode()).hexdigest()


def _choice(rooms: sqlite3.Connection, code: str, who: str) -> int | None:
    given = rooms.execute("SELECT choice FROM answers WHERE code = ? AND who = ?", (code, who)).fetchone()
    return None if given is None else int(given[0])


def _code() -> str:
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE))
