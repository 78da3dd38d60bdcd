"""Where the cells of a table are computed: in processes of this machine, or on a Ray cluster."""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process

from mfm_core.experiments.cells import CellResult, compute_cell
from mfm_core.experiments.plan import Cell, TablePlan
from mfm_core.jobs.runner import MAX_DEATHS

TICK = 1.0
NO_RAY = "ray_address: expected Ray to be installed, got none; run: pip install -r requirements-cluster.txt"


@dataclass(frozen=True)
class Job:
    """A cell to compute.

    Attributes:
        plan: What all cells of the table share.
        cell: Which.
        storage: Of its search.
    """

    plan: TablePlan
    cell: Cell
    storage: str


@dataclass(frozen=True)
class Event:
    """Cells finished or failed since the last event.

    Attributes:
        running: Cells being computed.
        cell: The cell that ended, if one did.
        result: What it gave.
        error: Why it failed, in one sentence.
    """

    running: tuple[Cell, ...]
    cell: Cell | None = None
    result: CellResult | None = None
    error: str = ""


def compute(job: Job) -> CellResult:
    """Compute a cell."""
    return compute_cell(job.plan, job.cell, job.storage)


def in_this_process(jobs: Sequence[Job], work: Callable[[Job], CellResult] = compute) -> Iterator[Event]:
    """Compute cells one after the other, in this process.

    Args:
        jobs: The cells.
        work: Computes one of them.

    Yields:
        An event before and after each cell.
    """
    for job in jobs:
        yield Event((job.cell,))
        try:
            result = work(job)
        except Exception as error:
            yield Event((), job.cell, error=_sentence(error))
        else:
            yield Event((), job.cell, result=result)


def in_processes(jobs: Sequence[Job], n_workers: int, work: Callable[[Job], CellResult] = compute) -> Iterator[Event]:
    """Compute cells in processes of this machine.

    A process that dies (killed, out of memory) costs no more than the cells that were running: they are begun anew, at
    most three times each. The processes end when this one does, however it ends.

    Args:
        jobs: The cells.
        n_workers: Number of processes.
        work: Computes one of them.

    Yields:
        An event for each cell that ended, and one a second.
    """
    waiting, deaths = deque(jobs), Counter[Cell]()
    running: dict[Future[CellResult], Job] = {}
    pool = _pool(n_workers)
    try:
        while waiting or running:
            while waiting and len(running) < n_workers:
                job = waiting.popleft()
                try:
                    running[pool.submit(work, job)] = job
                except BrokenProcessPool:  # told before the futures were
                    waiting.appendleft(job)
                    break
            done, _ = wait(running, timeout=TICK, return_when=FIRST_COMPLETED)
            broken = False
            for future in done:
                job, error = running.pop(future), future.exception()
                cells = tuple(other.cell for other in running.values())
                if isinstance(error, BrokenProcessPool):
                    broken = True
                    deaths[job.cell] += 1
                    if deaths[job.cell] < MAX_DEATHS:
                        waiting.appendleft(job)
                    else:
                        yield Event(cells, job.cell, error=f"its process was killed {MAX_DEATHS} times")
                elif error is not None:
                    yield Event(cells, job.cell, error=_sentence(error))
                else:
                    yield Event(cells, job.cell, result=future.result())
            if broken:
                pool.shutdown(wait=False, cancel_futures=True)
                waiting.extendleft(reversed(list(running.values())))
                running.clear()
                pool = _pool(n_workers)
            elif not done:
                yield Event(tuple(job.cell for job in running.values()))
    finally:
        pool.shutdown(wait=not running, cancel_futures=True)


def on_ray(jobs: Sequence[Job], address: str, work: Callable[[Job], CellResult] = compute) -> Iterator[Event]:
    """Compute cells on a Ray cluster, one a free core; Ray begins those of a lost worker or node anew.

    Args:
        jobs: The cells.
        address: Of the cluster's head, as ``ray start --head`` prints it, or ``auto``.
        work: Computes one of them.

    Yields:
        An event for each cell that ended, and one a second.

    Raises:
        ValueError: If Ray is not installed.
        ConnectionError: If there is no cluster at the address.
    """
    try:
        import ray
    except ImportError:
        raise ValueError(NO_RAY) from None
    ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    try:
        remote = ray.remote(num_cpus=1, max_retries=MAX_DEATHS)(work)
        running = {remote.remote(job): job for job in jobs}
        while running:
            ready, _ = ray.wait(list(running), num_returns=1, timeout=TICK)
            # Ray queues what has no free core: at most so many run.
            n_cores = int(ray.cluster_resources().get("CPU", 1))
            for reference in ready:
                job = running.pop(reference)
                cells = tuple(other.cell for other in running.values())[:n_cores]
                try:
                    result = ray.get(reference)
                except Exception as error:
                    yield Event(cells, job.cell, error=_sentence(getattr(error, "cause", None) or error))
                else:
                    yield Event(cells, job.cell, result=result)
            if not ready:
                yield Event(tuple(job.cell for job in running.values())[:n_cores])
    finally:
        ray.shutdown()


def _sentence(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _pool(n_workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(n_workers, mp_context=get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """One thread a process, so that they do not fight for the cores; and an end with the process that began it."""
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    threadpool_limits(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)
