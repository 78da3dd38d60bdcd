"""Progress of long commands: a bar on a terminal, else a line every few seconds, both with the time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from mfm_core.experiments.table import duration

EVERY = 5.0
"""Seconds between lines."""
Advance = Callable[[int, str], None]


@contextmanager
def counted(total: int, noun: str) -> Iterator[Advance]:
    """Show how many of ``total`` are done; what is yielded takes that number and a text, such as costs.

    The first call tells from where a command that was stopped goes on: what was done before does not count for the
    time left.

    Args:
        total: How many there are.
        noun: What is counted.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lines(total, noun)
        return
    costs = TextColumn("{task.description}", table_column=Column(ratio=1))  # wraps where the terminal is narrow
    columns = TextColumn(noun), MofNCompleteColumn(), BarColumn(20), TimeRemainingColumn(), costs
    with Progress(*columns, console=console, expand=True) as bar:
        task = bar.add_task("", total=total)
        begun = False

        def advance(done: int, text: str) -> None:
            nonlocal begun
            if not begun:
                bar.reset(task, completed=done - 1, total=total)
                begun = True
            bar.update(task, completed=done, description=text)

        yield advance


def lines(total: int, noun: str, write: Callable[[str], None] | None = None) -> Advance:
    """A function that writes a line with the time left, at first, at the end, and every few seconds between.

    Args:
        total: How many there are.
        noun: What is counted.
        write: Writes a line; on standard error without it.
    """
    start: tuple[int, float] | None = None
    last = -EVERY

    def advance(done: int, text: str) -> None:
        nonlocal start, last
        now = monotonic()
        if start is None:
            start = done, now
        if now - last < EVERY and done < total:
            return
        last = now
        parts = [f"{noun} {done} of {total}", text]
        if (since := done - start[0]) > 0 and done < total:
            parts.append(f"about {duration((now - start[1]) / since * (total - done))} left")
        line = "; ".join(part for part in parts if part)
        if write is None:
            typer.echo(line, err=True)
        else:
            write(line)

    return advance


@contextmanager
def stages(first: str) -> Iterator[Callable[[str], None]]:
    """Show which stage a command is in and since when, where nobody knows how long a stage takes.

    Args:
        first: The first stage; what is yielded tells the next one.
    """
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(first) as status:
            yield status.update
        return
    stage, ended = (first, monotonic()), Event()

    def tell() -> None:
        while not ended.wait(EVERY):
            typer.echo(f"{stage[0]}; for {duration(monotonic() - stage[1])}", err=True)

    def enter(name: str) -> None:
        nonlocal stage
        if name != stage[0]:
            stage = name, monotonic()
            typer.echo(name, err=True)

    teller = Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield enter
    finally:
        ended.set()
        teller.join()
