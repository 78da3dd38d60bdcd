"""Turns at the processor: so many at once, in the order of asking, and who leaves makes room."""

from __future__ import annotations

import threading
import time

import pytest

from app.shared.turns import Turns


def ignore(before: int) -> None:
    del before


def test_no_more_have_their_turn_than_may_and_all_get_one_in_order() -> None:
    turns, at_work, most, order = Turns(2), [], [], []

    def work(number: int) -> None:
        with turns.turn(ignore):
            order.append(number)
            at_work.append(number)
            most.append(len(at_work))
            time.sleep(0.02)
            at_work.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
        time.sleep(0.002)  # so that it is known who came first
    for thread in threads:
        thread.join()
    assert max(most) == 2
    assert sorted(order) == list(range(8))
    assert all(abs(place - number) <= 1 for place, number in enumerate(order))


def test_who_waits_is_told_how_many_are_before_and_may_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.shared.turns.EVERY", 0.001)
    turns, told = Turns(1), []

    def leave(before: int) -> None:
        told.append(before)
        raise KeyboardInterrupt  # as Streamlit ends a run: by what is no Exception

    with turns.turn(ignore), pytest.raises(KeyboardInterrupt), turns.turn(leave):
        pytest.fail("it had its turn while another one had")
    assert told == [1]
    with turns.turn(leave):
        pass


def test_a_failure_gives_the_turn_back() -> None:
    turns = Turns(1)
    with pytest.raises(ValueError, match="damaged"), turns.turn(ignore):
        raise ValueError("damaged")
    with turns.turn(lambda before: pytest.fail(f"{before} before")):
        pass
