"""The search of a table kept in PostgreSQL, in a server of the test's own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mfm_core.experiments.cells import compute_cell
from mfm_core.experiments.plan import Cell, TablePlan
from mfm_core.experiments.table import run_table
from tests.experiments import stub

PLAN = TablePlan(dataset="stub_data", trials=3, imports=("tests.experiments.stub",))
ACCOUNT = "nobody"
"""Whose processes the server's are where the tests run as root, for whom PostgreSQL starts none."""


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The URL of a new database, on loopback."""
    pytest.importorskip("psycopg2", reason="needs psycopg2: pip install -r requirements-cluster.txt")
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        pytest.skip("needs a PostgreSQL server: initdb and pg_ctl")
    account = pwd.getpwnam(ACCOUNT) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    with tempfile.TemporaryDirectory() as place, socket.socket() as free:
        os.chown(place, account.pw_uid, account.pw_gid)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        data, log = Path(place) / "data", Path(place) / "log"
        options = f"-h 127.0.0.1 -p {port} -k {place} -c fsync=off"

        def call(*arguments: object) -> None:
            owner: dict[str, Any] = {"user": account.pw_uid, "group": account.pw_gid} if os.geteuid() == 0 else {}
            with Path(place, "said").open("w") as said:  # the server keeps the pipe of what started it
                subprocess.run(
                    [*map(str, arguments)], check=True, stdout=said, stderr=said, cwd=place, timeout=120, **owner
                )

        call("initdb", "-D", data, "-U", "mfm", "-A", "trust", "-E", "UTF8", "--no-sync")
        call("pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")
        try:
            yield f"postgresql+psycopg2://mfm@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


@pytest.fixture(autouse=True)
def stub_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_LOG", str(tmp_path / "log.txt"))


def fits() -> int:
    return sum(words[1] == "fit" for words in stub.logged())


def test_a_search_in_a_database_finds_what_one_in_a_file_finds_and_goes_on(database: str, tmp_path: Path) -> None:
    in_file = compute_cell(PLAN, Cell("stub", 0), str(tmp_path / "search.log"))
    compute_cell(PLAN.model_copy(update={"trials": 1}), Cell("stub", 0), database)
    before = fits()
    in_database = compute_cell(PLAN, Cell("stub", 0), database)
    assert fits() - before <= 3, "two new trials, and the best again if it was an old one"
    assert (in_database.configurations, in_database.predictions) == (in_file.configurations, in_file.predictions)


def test_a_table_keeps_its_searches_in_a_database(database: str, tmp_path: Path) -> None:
    *_, last = run_table(PLAN, ["stub", "majority"], tmp_path / "table", n_seeds=2, n_workers=2, storage=database)
    assert (last.n_finished, last.errors) == (4, {})
    assert not list((tmp_path / "table").glob("searches/*.log"))
    *_, again = run_table(PLAN, ["stub", "majority"], tmp_path / "table", n_seeds=2, n_workers=0, storage=database)
    assert again.n_new == 0
