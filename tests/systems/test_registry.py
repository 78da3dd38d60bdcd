"""The registry of systems: what may enter it, and what ``fit`` and ``train`` refuse before anything is fitted."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

import mfm_core as mfm
from mfm_core.systems import registry
from mfm_core.systems.majority import Majority, MajorityConfig
from tests.systems.made_up import made_up

enter: Callable[..., Callable[[Any], Any]] = mfm.register_system
fit: Callable[..., mfm.System] = mfm.fit
train: Callable[..., mfm.System] = mfm.train
info: Callable[..., object] = mfm.system_info
"""As a caller without a type checker has them."""
ARRAY, DATA = np.zeros((4, 2)), made_up(12, scores=True)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    mfm.system_names()
    monkeypatch.setattr(registry, "_systems", dict(registry._systems))  # what enters stays for this test alone


class MineConfig(MajorityConfig):
    system: Literal["mine"] = "mine"  # type: ignore[assignment]


class Mine(Majority):
    Config = MineConfig


class Nameless(Majority):
    Config = mfm.SystemConfig


def entering(system: object, name: object = "mine", **more: object) -> Callable[[], object]:
    return lambda: enter(name, **{"title": "Mine", "paper": "none", **more})(system)


NAMES = "name: expected lower-case letters, digits and '_', got "
READS = "reads: expected a tuple of 'sequence' and 'image', got "
SAID: list[tuple[Callable[[], object], str]] = [
    (entering(Mine, 3), f"{NAMES}3"),
    (entering(Mine, "Mine"), f"{NAMES}'Mine'"),
    (entering(Mine, title=None), "title: expected text, got None"),
    (entering(Mine, paper=""), "paper: expected text, got none"),
    (entering(Mine, reads=("video",)), f"{READS}('video',)"),
    (entering(Mine, reads=()), f"{READS}()"),
    (entering(Mine, reads="sequence"), f"{READS}'sequence'"),
    (entering(Mine, place=2), "place: expected one that no other system has, got 2, of rf"),
    (entering(Mine, place="x"), "place: expected a whole number, got a str"),
    (entering(Mine, place=0), "place: expected 1 or more, got 0"),
    (entering(Mine, unimodal="x"), "unimodal: expected a bool, got a str"),
    (
        entering(type("Unfit", (mfm.System,), {"Config": MineConfig, "predict": Majority.predict})),
        "Unfit: expected a class that defines fit, from_state, state too, got one that does not",
    ),
    (entering(dict), "system: expected a subclass of System, got the class dict"),
    (entering(3), "system: expected a subclass of System, got an int"),
    (entering(type("Bare", (mfm.System,), {})), "Bare.Config: expected a subclass of SystemConfig, got none"),
    (entering(Mine, "abs1"), "MineConfig.system: expected 'abs1' by default, the name registered, got 'mine'"),
    (entering(Nameless), "SystemConfig.system: expected 'mine' by default, the name registered, got none"),
    (
        entering(Majority, "majority2"),
        "MajorityConfig.system: expected 'majority2' by default, the name registered, got 'majority'",
    ),
    (
        entering(type("Other", (Majority,), {}), "majority"),
        "name: expected one that is not registered, got 'majority', of mfm_core.systems.majority",
    ),
    (lambda: fit("rf", ARRAY), "train: expected a Dataset, got a ndarray"),
    (lambda: fit("rf", DATA, ARRAY), "validation: expected a Dataset, got a ndarray"),
    (lambda: fit("rf", DATA, seed=-1), "seed: expected 0 or more, got -1"),
    (lambda: fit("rf", DATA, seed="x"), "seed: expected a whole number, got a str"),
    (lambda: fit("rf", DATA, seed=1.5), "seed: expected a whole number, got 1.5"),
    (lambda: fit("rf", DATA, seed=2**32), "seed: expected 4294967295 or less, got 4294967296"),
    (lambda: train(mfm.MFMConfig(), ARRAY), "train: expected a Dataset, got a ndarray"),
    (lambda: train(mfm.MFMConfig(), DATA, ARRAY), "validation: expected a Dataset, got a ndarray"),
    (lambda: train(mfm.MFMConfig(), DATA, seed=-1), "seed: expected 0 or more, got -1"),
    (lambda: train(mfm.MFMConfig(), DATA, folder=3), "folder: expected text or a path, got an int"),
    (lambda: info(3), f"name: expected one of {', '.join(mfm.system_names())}, got 3"),
]


@pytest.mark.parametrize(("call", "sentence"), SAID, ids=[sentence[:60] for _, sentence in SAID])
@pytest.mark.usefixtures("alone")
def test_what_does_not_fit_is_refused_in_a_sentence(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        call()
    assert Majority.info.name == "majority"


@pytest.mark.usefixtures("alone")
def test_a_class_enters_by_the_name_of_its_configuration_and_may_enter_anew(tmp_path: Path) -> None:
    assert entering(Mine)() is entering(Mine)() is Mine
    system = mfm.fit("mine", DATA)
    assert (type(system), mfm.system_names()[-1]) == (Mine, "mine")
    mfm.save(system, tmp_path)
    assert type(mfm.load(tmp_path)) is Mine


def test_what_is_no_data_set_is_not_predicted() -> None:
    predict: Callable[..., object] = mfm.fit("majority", DATA).predict
    with pytest.raises(ValueError, match=r"^dataset: expected a Dataset, got a ndarray$"):
        predict(ARRAY)


@pytest.mark.usefixtures("alone")
def test_a_fit_that_returns_no_system_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    entering(Mine)()
    monkeypatch.setattr(Mine, "fit", classmethod(lambda cls, *data, **more: None))
    with pytest.raises(ValueError, match=r"^Mine.fit: expected a System, got None$"):
        mfm.fit("mine", DATA)
