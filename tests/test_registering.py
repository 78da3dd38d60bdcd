"""Registries alike: an entry from outside finds the built-in ones there, however early it comes."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from mfm_core.data import registry as data_sets
from mfm_core.data.registry import DatasetInfo, register
from mfm_core.registering import check_takes, load_before, place_of

EARLY = """
import mfm_core as mfm
from mfm_core.data.registry import DatasetInfo, dataset_names, register
from mfm_core.data.sets.pom import load
from mfm_core.training.terms.mmd_y import content_follows_prior
from mfm_core.training.terms.registry import all_terms

def own(*given, target=None):
    return None

class Own(mfm.System):
    class Config(mfm.SystemConfig):
        system: str = "ef_lstm"
    fit = from_state = classmethod(own)
    predict = state = own

words = {"title": "Own", "way": "own", "meaning": "own", "unit": "none"}
calls = {
    "saliency": lambda: mfm.register_interpretation(mfm.Attribution(key="saliency", measure=own, **words)),
    "norm": lambda: mfm.register_interpretation(mfm.Attribution(key="norm", measure=own, **words)),
    "adversary": lambda: mfm.register_term("adversary", "own")(content_follows_prior),  # of a built-in file
    "ef_lstm": lambda: mfm.register_system("ef_lstm", title="Own", paper="none")(Own),
    "youtube": lambda: register(DatasetInfo("youtube"))(load),
}
for name, call in calls.items():
    try:
        call()
    except ValueError as error:
        assert str(error).split(", of ")[0].endswith(f"got {name!r}"), error
        print(name)
assert {"saliency", "norm"} <= set(mfm.interpretations())
assert {"mmd_y", "adversary"} <= {term.key for term in all_terms()}
assert "ef_lstm" in mfm.system_names()
assert "youtube" in dataset_names()
"""


def test_names_of_built_in_entries_are_taken_from_the_start() -> None:
    done = subprocess.run([sys.executable, "-c", EARLY], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (["saliency", "norm", "adversary", "ef_lstm", "youtube"], "")


def test_what_a_built_in_file_enters_while_it_is_read_does_not_load_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def entered() -> None: ...

    loaded: list[str] = []
    file = ModuleType("mfm_core.systems.not_yet_read")
    file.__spec__ = ModuleSpec(file.__name__, None)
    monkeypatch.setitem(sys.modules, file.__name__, file)
    for reading, module in ((True, file.__name__), (False, file.__name__), (True, "mfm_core.systems_of_mine")):
        file.__spec__._initializing = reading  # type: ignore[attr-defined]
        entered.__module__ = module
        load_before(entered, "mfm_core.systems", lambda to=f"{module} {reading}": loaded.append(to))  # type: ignore[misc]
    assert loaded == [f"{file.__name__} False", "mfm_core.systems_of_mine True"]


def test_a_data_set_enters_by_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    data_sets.dataset_names()
    for table in ("_infos", "_loaders"):
        monkeypatch.setattr(data_sets, table, dict(getattr(data_sets, table)))

    def load(*more: object) -> None: ...

    message = r"^name: expected one that is not registered, got 'pom', of mfm_core.data.sets.pom$"
    with pytest.raises(ValueError, match=message):
        register(DatasetInfo("pom"))(load)  # type: ignore[arg-type]
    for name in ("Mine", "", 3):
        message = f"^name: expected at most 40 lower-case letters, digits and '_', got {name!r}$"
        with pytest.raises(ValueError, match=message):
            register(DatasetInfo(name))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^info: expected a DatasetInfo, got a str$"):
        register("mine")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^info.streams: expected each to be a ModalityInfo, got a str$"):
        register(DatasetInfo("mine", streams=("pulse",)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^loader: expected a function, got an int$"):
        register(DatasetInfo("mine"))(3)  # type: ignore[arg-type]
    for title in ("first", "second"):  # as a file that is read again enters anew
        register(DatasetInfo("mine", title=title))(load)  # type: ignore[arg-type]
    assert data_sets.dataset_info("mine").title == "second"


def test_arguments_are_counted_without_a_call() -> None:
    def two(a: int, b: int) -> None:
        raise AssertionError

    check_takes("cost", two, "two", 1, 2)
    check_takes("cost", print, "any", 1, 2)
    with pytest.raises(ValueError, match=r"^cost: expected a function of one, got two \(missing .*'b'\)$"):
        check_takes("cost", two, "one", 1)
    assert place_of(two) == (__name__, two.__qualname__)
