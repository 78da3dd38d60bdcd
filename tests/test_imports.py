"""The house: which room may import which, no circle of imports, and no file that is too long to read."""

from __future__ import annotations

import ast
import copy
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINES = 400
ROOMS = (
    ("mfm_core.arguments", "mfm_core.printing", "mfm_core.problems", "mfm_core.registering"),
    ("mfm_core.config",),
    ("mfm_core.files",),
    ("mfm_core.jobs",),
    ("mfm_core.studio.words", "mfm_core.studio.truth"),  # which the data sets of studio clips are defined by
    ("mfm_core.data",),
    ("mfm_core.latents", "mfm_core.networks", "mfm_core.inputs"),
    ("mfm_core.model",),
    ("mfm_core.directions", "mfm_core.generation", "mfm_core.posterior", "mfm_core.scores"),
    ("mfm_core.interpretation",),
    ("mfm_core.storage",),
    ("mfm_core.studio",),
    ("mfm_core.training",),
    ("mfm_core.systems",),
    ("mfm_core.evaluation",),
    ("mfm_core.experiments", "mfm_core.lab", "mfm_core.reports", "mfm_core.lessons"),
    ("mfm_core.cli",),
    ("mfm_core.__main__", "mfm_core"),
    ("app.shared",),
    ("app.elements",),
    # The lanes draw the clips of one page and are given them whole; the sidebar frames every page.
    ("app", "app.elements.lanes", "app.shared.sidebar"),
)
"""Rooms from the ground up; a module belongs to the room with the longest of these prefixes."""
FLOOR = {prefix: floor for floor, rooms in enumerate(ROOMS) for prefix in rooms}


def modules() -> dict[str, Path]:
    found = {}
    for package in ("mfm_core", "app"):
        for path in (ROOT / package).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[name] = path
    return found


MODULES = modules()


def room(module: str) -> str:
    return max((prefix for prefix in FLOOR if f"{module}.".startswith(f"{prefix}.")), key=len)


def imported(tree: ast.AST, known: dict[str, Path]) -> set[str]:
    """The project's modules that code imports, where a name is one the module itself."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            below = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [one if one in known else node.module for one in below]
        else:
            continue
        found |= {name for name in names if name in known}
    return found


def at_import(tree: ast.Module) -> ast.Module:
    """Statements that run when the module is imported: no bodies of functions, nothing for type checkers alone."""

    class Strip(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            return None

        visit_AsyncFunctionDef = visit_FunctionDef

        def visit_If(self, node: ast.If) -> ast.AST | None:
            return None if "TYPE_CHECKING" in ast.unparse(node.test) else self.generic_visit(node)

    return ast.fix_missing_locations(Strip().visit(copy.deepcopy(tree)))


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def test_every_module_has_a_floor() -> None:
    lost = [name for name in MODULES if room(name) == "mfm_core" and name != "mfm_core"]
    assert lost == [], "enter them into ROOMS"


def test_nothing_imports_upwards(trees: dict[str, ast.Module]) -> None:
    wrong = [
        f"{name} imports {other}"
        for name, tree in trees.items()
        for other in imported(tree, MODULES)
        if FLOOR[room(other)] > FLOOR[room(name)]
    ]
    assert wrong == []


def test_rooms_of_one_floor_do_not_know_each_other(trees: dict[str, ast.Module]) -> None:
    graph: dict[str, set[str]] = {}
    for name, tree in trees.items():
        if not name.startswith("app."):
            graph.setdefault(room(name), set()).update(room(other) for other in imported(tree, MODULES))
    for name, others in graph.items():
        others.discard(name)
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"rooms in a circle: {' -> '.join(error.args[1])}")


def test_no_modules_import_in_a_circle(trees: dict[str, ast.Module]) -> None:
    graph = {name: imported(at_import(tree), MODULES) - {name} for name, tree in trees.items()}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"modules in a circle: {' -> '.join(error.args[1])}")


def test_pages_build_on_each_other_in_one_direction(trees: dict[str, ast.Module]) -> None:
    graph: dict[str, set[str]] = {}
    for name, tree in trees.items():
        if room(name) == "app" and name.count(".") > 1:
            others = [other for other in imported(tree, MODULES) if room(other) == "app" and other.count(".") > 1]
            graph.setdefault(name.split(".")[1], set()).update(other.split(".")[1] for other in others)
    assert {"generate", "flow", "dependency", "about"} <= set(graph)
    for name, others in graph.items():
        others.discard(name)
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"pages in a circle: {' -> '.join(error.args[1])}")


def test_no_file_is_too_long_to_read() -> None:
    files = [
        path
        for folder in ("mfm_core", "app", "tests", "benchmarks", "examples")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".js", ".css"} and ".cache" not in path.parts  # of benchmarks: others' code
    ]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert len(lengths) > 300
    assert {name: n for name, n in lengths.items() if n > LINES} == {}
