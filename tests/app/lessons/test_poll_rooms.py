"""Rooms of a class: bounded, forgotten in time, one answer a visitor, shared and safe between replicas."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from app.lessons import poll_rooms
from app.lessons.poll_rooms import CODE, CODE_LETTERS, FILE, IDLE, LIFETIME, MOST_ROOMS, Poll, PollRooms, is_code

POLL = Poll("How many?", ("few", "some", "many"))
OTHER = Poll("Which?", ("this", "that"))


class Clock:
    """Seconds as a test sets them."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rooms(tmp_path: Path, clock: Clock) -> PollRooms:
    return PollRooms(tmp_path, clock)


def test_answers_are_counted_one_a_visitor(rooms: PollRooms) -> None:
    code, key = rooms.open(POLL)
    assert is_code(code)
    assert set(code) <= set(CODE_LETTERS)
    assert len(code) == CODE
    for session, choice in (("a", 0), ("b", 2), ("c", 2), ("a", 1)):
        rooms.answer(code, session, 1, choice)
    seen = rooms.look(code, "a")
    assert seen is not None
    assert (seen.poll, seen.counts, seen.total, seen.mine) == (POLL, (0, 1, 2), 3, 1)
    assert rooms.look(code, "d").mine is None
    assert rooms.is_host(code, key)
    assert not rooms.is_host(code, "x")


def test_another_question_forgets_the_answers_and_the_same_keeps_them(rooms: PollRooms) -> None:
    code, key = rooms.open(POLL)
    rooms.answer(code, "a", 1, 2)
    rooms.ask(code, key, POLL)
    assert rooms.look(code, "a").total == 1
    rooms.ask(code, key, OTHER)
    seen = rooms.look(code, "a")
    assert (seen.poll, seen.round, seen.counts, seen.mine) == (OTHER, 2, (0, 0), None)
    with pytest.raises(ValueError, match=r"^question: expected the one that is asked now, got one before$"):
        rooms.answer(code, "a", 1, 0)


@pytest.mark.parametrize("choice", [-1, 3, 99])
def test_a_choice_that_is_not_there_is_refused(rooms: PollRooms, choice: int) -> None:
    code, _ = rooms.open(POLL)
    with pytest.raises(ValueError, match=rf"^choice: expected 0 to 2, got {choice}$"):
        rooms.answer(code, "a", 1, choice)
    assert rooms.look(code, "a").total == 0


def test_only_the_key_of_a_room_asks_and_closes(rooms: PollRooms) -> None:
    code, key = rooms.open(POLL)
    other_code, other_key = rooms.open(POLL)
    for wrong in ("", "ä", other_key):
        with pytest.raises(ValueError, match=r"^key: expected that of the room"):
            rooms.ask(code, wrong, OTHER)
        with pytest.raises(ValueError, match=r"^key: expected that of the room"):
            rooms.close(code, wrong)
    rooms.close(code, key)
    assert rooms.look(code, "a") is None
    assert rooms.look(other_code, "a") is not None
    with pytest.raises(ValueError, match=r"^room: expected the code of an open room"):
        rooms.answer(code, "a", 1, 0)


def test_a_room_is_forgotten_in_time(rooms: PollRooms, clock: Clock) -> None:
    code, key = rooms.open(POLL)
    clock.now = LIFETIME
    assert rooms.look(code, "a") is not None
    clock.now = LIFETIME + 1
    assert rooms.look(code, "a") is None
    assert not rooms.is_host(code, key)


def test_a_full_server_refuses_a_room_until_one_is_idle(rooms: PollRooms, clock: Clock) -> None:
    codes = [rooms.open(POLL)[0] for _ in range(MOST_ROOMS)]
    assert len(set(codes)) == MOST_ROOMS
    with pytest.raises(ValueError, match=rf"^room: expected at most {MOST_ROOMS} at a time"):
        rooms.open(POLL)
    clock.now = IDLE / 2
    for code in codes[1:]:
        rooms.answer(code, "a", 1, 0)
    clock.now = IDLE + 1
    rooms.open(POLL)
    assert rooms.look(codes[0], "a") is None
    assert all(rooms.look(code, "a") is not None for code in codes[1:])
    with pytest.raises(ValueError, match=r"^room: "):
        rooms.open(POLL)


def test_a_full_room_takes_no_further_visitor(rooms: PollRooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll_rooms, "MOST_ANSWERS", 3)
    code, _ = rooms.open(POLL)
    for session in "abc":
        rooms.answer(code, session, 1, 0)
    with pytest.raises(ValueError, match=r"^room: expected at most 3 answers, got another$"):
        rooms.answer(code, "d", 1, 0)
    rooms.answer(code, "a", 1, 1)  # who is in may change
    assert rooms.look(code, "a").counts == (2, 1, 0)


def test_no_answer_is_lost_between_replicas(tmp_path: Path) -> None:
    code, _ = PollRooms(tmp_path).open(POLL)
    start = threading.Barrier(4)

    def answer(place: int) -> None:
        rooms = PollRooms(tmp_path)
        start.wait()
        for i in range(25):
            rooms.answer(code, f"{place}-{i}", 1, i % 3)
            rooms.look(code, "x")

    threads = [threading.Thread(target=answer, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert PollRooms(tmp_path).look(code, "x").counts == (4 * 9, 4 * 8, 4 * 8)


def test_a_room_is_reached_from_every_replica(rooms: PollRooms, tmp_path: Path, clock: Clock) -> None:
    code, key = rooms.open(POLL)
    other = PollRooms(tmp_path, clock)
    assert other.is_host(code, key)
    other.answer(code, "a", 1, 2)
    assert rooms.look(code, "a").mine == 2
    rooms.answer(code, "a", 1, 1)  # the same visitor, at the other replica now
    assert other.look(code, "a").counts == (0, 1, 0)
    other.ask(code, key, OTHER)
    assert rooms.look(code, "a").poll == OTHER
    rooms.close(code, key)
    assert other.look(code, "a") is None


def test_nobody_is_named_and_nothing_is_left_of_a_room(rooms: PollRooms, tmp_path: Path, clock: Clock) -> None:
    code, key = rooms.open(POLL)
    rooms.answer(code, "0123456789abcdef", 1, 2)
    assert POLL.ask.encode() in (tmp_path / FILE).read_bytes()
    assert b"0123456789abcdef" not in (tmp_path / FILE).read_bytes()
    rooms.close(code, key)
    assert POLL.ask.encode() not in (tmp_path / FILE).read_bytes()
    code, _ = rooms.open(POLL)
    clock.now = LIFETIME + 1
    assert rooms.look(code, "a") is None
    assert POLL.ask.encode() not in (tmp_path / FILE).read_bytes()


def test_a_file_that_is_damaged_or_a_folder_that_is_none_is_told(rooms: PollRooms, tmp_path: Path) -> None:
    code, key = rooms.open(POLL)
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    for ask in (
        lambda: rooms.look(code, "a"),
        lambda: rooms.answer(code, "a", 1, 0),
        lambda: rooms.is_host(code, key),
        lambda: rooms.open(POLL),
    ):
        with pytest.raises(ValueError, match=r"^rooms: expected a file that can be read and written, got “file is not"):
            ask()
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"^rooms: expected a folder that can be written, got "):
        PollRooms(tmp_path / "file" / "rooms").open(POLL)


@pytest.mark.parametrize("text", ["", "ABCD", "ABCDEF", "ABCD1", "abcde", "ABC E"])
def test_what_is_no_code(text: str) -> None:
    assert not is_code(text)
