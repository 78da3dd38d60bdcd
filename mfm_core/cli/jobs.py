"""The commands that work on jobs that pages ask for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import torch
import typer

from mfm_core.arguments import import_modules
from mfm_core.cli.app import app, one_sentence
from mfm_core.jobs.runner import run_jobs
from mfm_core.jobs.store import JobStore

jobs_app = typer.Typer(help="Work on the jobs that pages ask for.", no_args_is_help=True)
app.add_typer(jobs_app, name="jobs")
NICE = 5
"""Pages come before jobs."""
Store = Annotated[Path, typer.Argument(help="Folder of the jobs; the app's is what MFM_JOBS names.")]


@jobs_app.command("run")
def jobs_run(
    store: Store,
    *,
    imports: Annotated[list[str] | None, typer.Option(help="Modules to import first.")] = None,
    lock: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Work on the jobs of a store, one after the other, until none waits; go on with those that were cut short."""
    with one_sentence():
        if not store.is_dir():
            raise FileNotFoundError(f"{store}: expected a folder of jobs, got none")
        if hasattr(os, "nice"):
            os.nice(NICE)
        torch.set_num_threads(1)  # small networks are no faster on more, and pages need the rest
        import_modules("imports", imports or ())
        typer.echo(f"{run_jobs(JobStore(store), lock=lock)} jobs")


@jobs_app.command("list")
def jobs_list(store: Store) -> None:
    """Show the jobs of a store, in the order in which they were asked for."""
    with one_sentence():
        for job in JobStore(store).jobs():
            how = f"{job.state.done} of {job.state.total} {job.state.unit}" if job.state else "not begun"
            typer.echo(f"{job.id} {job.status:<11} {job.request.kind} {how}  {job.request.title!r}")
