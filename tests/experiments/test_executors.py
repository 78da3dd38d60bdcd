"""Tables on a Ray cluster: two local nodes, of which one is lost with its worker on the way."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mfm_core.experiments.cells import read_cells
from mfm_core.experiments.executors import NO_RAY, on_ray
from mfm_core.experiments.plan import TablePlan
from mfm_core.experiments.table import run_table
from tests.experiments import stub

ROOT = Path(__file__).parents[2]
PLAN = TablePlan(dataset="stub_data", trials=2, imports=("tests.experiments.stub",))


def test_without_ray_one_sentence_says_how_to_get_it() -> None:
    try:
        import ray  # noqa: F401
    except ImportError:
        with pytest.raises(ValueError, match=r"ray_address: .*requirements-cluster\.txt"):
            next(on_ray([], "auto"))
        assert "pip install" in NO_RAY
    else:
        pytest.skip("Ray is installed")


@pytest.mark.filterwarnings("ignore")
def test_a_lost_node_costs_no_finished_cell_and_doubles_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="needs Ray: pip install -r requirements-cluster.txt")
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("STUB_LOG", str(tmp_path / "log.txt"))
    monkeypatch.setenv("STUB_SECONDS", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(ROOT)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        lost = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        folder, killed = tmp_path / "table", False
        for progress in run_table(PLAN, ["stub", "majority"], folder, n_seeds=3, ray_address=cluster.address):
            if progress.n_new >= 1 and not killed:
                cluster.remove_node(lost, allow_graceful=False)
                killed = True
        assert killed
        assert (progress.n_finished, progress.errors) == (6, {})
    finally:
        cluster.shutdown()
    cells = Counter((cell.system, cell.seed) for cell in read_cells(folder))
    assert set(cells.values()) == {1}
    assert len(cells) == 6
    lines = len(stub.logged())
    again = list(run_table(PLAN, ["stub", "majority"], folder, n_seeds=3, n_workers=0))[-1]
    assert (again.n_new, again.n_finished) == (0, 6)
    assert len(stub.logged()) == lines
