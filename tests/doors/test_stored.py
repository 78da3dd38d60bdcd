"""Configurations, stored models, and files that are imported: each is read, or refused in a sentence."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mfm_core as mfm
from mfm_core.data.importing.imported import import_files
from mfm_core.experiments.run import CONFIGS, read_run
from mfm_core.storage.folder import CONFIG
from mfm_core.storage.models import CARD, CODES, METRICS, WEIGHTS, check_pretrained
from tests.data import features, videos
from tests.doors.doors import Touches, at_most, damaged, damaged_archives, damaged_json, door, one_sentence

mfm.system_names()  # imports every system, which is no memory of the model's
RUNS = [json.loads(path.read_bytes()) for path in sorted(CONFIGS.glob("*.json"))]


@given(content=st.sampled_from(RUNS).flatmap(damaged_json))
@door
def test_any_configuration_is_a_run_or_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes(content)
    try:
        with at_most(50_000_000):
            read_run(str(tmp_path / "run.json"))
    except ValueError as error:
        one_sentence(error)


READERS: dict[str, tuple[Callable[[Path], object], ...]] = {
    CONFIG: (check_pretrained, mfm.load_pretrained, mfm.load_codes, mfm.load),
    WEIGHTS: (check_pretrained, mfm.load_pretrained, mfm.load),
    CODES: (check_pretrained, mfm.load_codes),
    METRICS: (mfm.load_metrics,),
    CARD: (mfm.load_card,),
}
"""Everything that reads a file of a stored model."""


def opened(folder: Path, file: str) -> None:
    for read in READERS[file]:
        try:
            with at_most(100_000_000):
                read(folder)
        except (ValueError, FileNotFoundError) as error:
            one_sentence(error)


@given(data=st.data())
@door
def test_any_stored_model_is_loaded_or_refused(stored: Path, data: st.DataObject, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(stored, folder, dirs_exist_ok=True)
    assert {one.name for one in stored.iterdir()} == READERS.keys()
    path = folder / data.draw(st.sampled_from(sorted(READERS)))
    whole, hook = path.read_bytes(), tmp_path / "run_by_a_pickle"
    if path.suffix == ".json":
        content = data.draw(damaged_json(json.loads(whole)))
    elif path.suffix == ".safetensors":
        # Most of the file is numbers: what is read of it is in its head.
        head = 8 + int.from_bytes(whole[:8], "little")
        lies = damaged(whole[:head]).map(lambda start: start + whole[head:])
        content = data.draw(st.one_of(lies, damaged(whole), st.just(pickle.dumps(Touches(hook)))))
    else:
        content = data.draw(damaged(whole))
    path.write_bytes(content)
    opened(folder, path.name)
    assert not hook.exists()


def imported(path: Path, folder: Path, name: str = "mine") -> None:
    try:
        with at_most(400_000_000):
            import_files([path], name, replace=True)
    except (ValueError, FileNotFoundError) as error:
        one_sentence(error)
    assert not (folder.parent / "run_by_a_pickle").exists()
    assert {one.name for one in folder.iterdir()} <= {"mine.npz"}


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MFM_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@given(data=st.data())
@door
def test_any_archive_is_imported_or_refused(data: st.DataObject, data_folder: Path, tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "whole.npz", **videos.published("iemocap"))
    whole = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "odd.npz").write_bytes(data.draw(damaged_archives(whole, tmp_path / "run_by_a_pickle")))
    imported(tmp_path / "odd.npz", data_folder)


@given(data=st.data())
@door
def test_any_pickle_is_imported_or_refused_and_never_run(
    data: st.DataObject, data_folder: Path, tmp_path: Path
) -> None:
    whole = pickle.dumps(features.multimodal_transformer(), protocol=data.draw(st.sampled_from([0, 2, 4, 5])))
    hostile = pickle.dumps({"train": {"text": Touches(tmp_path / "run_by_a_pickle")}})
    (tmp_path / "odd.pkl").write_bytes(data.draw(st.one_of(damaged(whole), damaged(hostile), st.just(hostile))))
    imported(tmp_path / "odd.pkl", data_folder)
