"""The stored models: which there are, known without loading any, and the one place where they are loaded."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import streamlit as st
import torch
from streamlit.runtime.scriptrunner import get_script_run_ctx

import mfm_core as mfm
from app.shared.byte_cache import ByteCache
from mfm_core.data.registry import DatasetInfo, data_folder, dataset_names, modality_info
from mfm_core.jobs.store import default_folder
from mfm_core.lab.settings import MODEL, model_name, run_of
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage.folder import CONFIG, PRETRAINED, StoredModel, model_folder
from mfm_core.storage.models import CODES, DIRECTIONS, METRICS, UMAP, WEIGHTS, check_pretrained
from mfm_core.studio.clip_files import CLIPS, FEATURES

MOST_BYTES = 112_000_000
"""Bytes that models, codes and clips may hold together; those looked at longest ago are loaded again when asked for."""

V = TypeVar("V")
FILES = (CONFIG, WEIGHTS, CODES, METRICS, UMAP, DIRECTIONS, CLIPS, FEATURES)
"""Files whose change makes another version of what is kept of them."""
_run = threading.local()

NEARNESS = ("studio", "codes", "data")
"""Where clips come from, by how sure every visitor has them: made by the project, stored as Z, the user's own copy."""


def stored_as(name: str) -> str:
    """Name of a stored model, or its folder where ``MFM_PRETRAINED`` names another place than the repository's."""
    if (run := run_of(name)) is not None:
        return str(lab_folder(run))
    place = os.environ.get("MFM_PRETRAINED")
    return os.path.join(place, name) if place else name  # noqa: PTH118 - mfm_core takes a name or a path as text


def lab_folder(run: str) -> Path:
    """Where the model of a run of the page Lab is, which no list names: who has its link opens it."""
    return default_folder() / run / MODEL


LINKED = "linked_models"
"""Key of the session's state."""


def linked() -> tuple[str, ...]:
    """Models of the page Lab that this session has opened by a link, and are still there."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return ()
    known = dict.fromkeys((*st.session_state.get(LINKED, ()), *_of_link()))
    return tuple(name for name in known if Path(stored_as(name), CONFIG).is_file())


def remember_linked() -> None:
    """Keep the models of the page Lab that the link asks for, for the other pages of this session."""
    st.session_state[LINKED] = tuple(dict.fromkeys((*st.session_state.get(LINKED, ()), *_of_link())))


def _of_link() -> tuple[str, ...]:
    """Models of the page Lab that the link asks for."""
    params = st.query_params.to_dict()
    asked = [model_name(params["lab"])] if "lab" in params else []
    asked += [part for key in ("model", "models") for part in params.get(key, "").split(".")]
    return tuple(name for name in asked if run_of(name) is not None)


def elsewhere() -> bool:
    """Whether ``MFM_PRETRAINED`` names another place than the repository's."""
    return bool(os.environ.get("MFM_PRETRAINED"))


def title(name: str) -> str:
    """A model in a list: its own title, that of the data set it is named after, or that and its folder's name."""
    stored, plain = _configuration(name), name.replace("_", " ")
    if stored is None:
        return plain
    if stored.title or stored.data not in dataset_names():
        return stored.title or plain
    return stored.dataset.title if stored.data == name else f"{stored.dataset.title} ({plain})"


def dataset_of(name: str) -> DatasetInfo:
    """Description of the data set that a model was trained on; of one that stores none, a neutral one."""
    stored = _configuration(name)
    return DatasetInfo("", unit="step") if stored is None else stored.dataset


def modalities(name: str) -> tuple[str, ...]:
    """Modalities of a model; none where its configuration cannot be read."""
    stored = _configuration(name)
    return () if stored is None else tuple(stored.model.modalities)


def sizes(name: str) -> dict[str, int]:
    """Size of each block of Z of a stored MFM; none where its configuration cannot be read."""
    stored = _configuration(name)
    if stored is None:
        return {}
    return {"y": stored.model.d_y} | {modality: one.d_z for modality, one in stored.model.modalities.items()}


def label(name: str) -> str:
    """Noun for the label of a model: that of its data set, or of the data sets that all its modalities are."""
    known = dataset_of(name)
    if known.name in dataset_names():
        return known.label
    nouns = {modality_info(modality).label for modality in modalities(name)}
    return nouns.pop() if len(nouns) == 1 else "label"


def about(name: str) -> str:
    """Purpose of a model, a sentence; empty where it does not say."""
    stored = _configuration(name)
    return "" if stored is None else stored.about


def models() -> tuple[str, ...]:
    """Names of all stored MFMs."""
    return tuple(name for name, _ in _stored())


def sequence_models() -> tuple[str, ...]:
    """Names of the stored MFMs of sequences."""
    return tuple(name for name, config in _stored() if not config.images)


def image_models() -> tuple[str, ...]:
    """Names of the stored MFMs of images."""
    return tuple(name for name, config in _stored() if config.images)


def model(place: str) -> mfm.MFM:
    """A stored MFM, loaded once for all visitors; ``place`` as ``stored_as`` gives it.

    Raises:
        OSError: If a file is missing.
        ValueError: If one is damaged, or holds something else.
    """
    return kept("model", place, lambda: mfm.load_pretrained(place))


def codes(place: str) -> mfm.Codes:
    """The codes of a stored MFM, loaded once for all visitors.

    Raises:
        OSError: If a file is missing.
        ValueError: If one is damaged, or holds something else.
    """
    return kept("codes", place, lambda: mfm.load_codes(place))


def clips(place: str) -> mfm.Clips:
    """The studio clips of a folder, loaded once for all visitors.

    Raises:
        OSError: If a file is missing.
        ValueError: If one is damaged.
    """
    return kept("clips", place, lambda: mfm.load_clips(place))


def discriminative(place: str) -> Discriminative:
    """A stored classifier, loaded once for all visitors.

    Raises:
        OSError: If a file is missing.
        ValueError: If one is damaged, or holds something else.
    """
    return kept("discriminative", place, lambda: mfm.load_discriminative(place))


def has_codes(name: str) -> bool:
    """Whether codes are stored with a model, known without reading them."""
    place = stored_as(name)
    return _looked(("codes", place), lambda: _folder(place).joinpath(CODES).is_file())


def damage(name: str) -> str | None:
    """Why a stored MFM cannot be loaded, in a sentence, by the headers of its files; None where nothing is wrong."""
    place = stored_as(name)
    return _looked(("damage", place), lambda: _damage(_folder(place), version(place)))


@lru_cache(maxsize=4_096)
def _damage(folder: Path, files: Hashable) -> str | None:
    del files  # looked at once until they change
    try:
        check_pretrained(folder)
    except (OSError, ValueError) as error:
        return str(error)
    return None


def kept(what: str, place: str, load: Callable[[], V], *more: Hashable) -> V:
    """Something that is loaded or computed of a stored model, once until its files change.

    Args:
        what: What it is.
        place: The model, as ``stored_as`` gives it.
        load: Loads it.
        more: Whatever else it depends on.
    """
    return cache().get((what, version(place), *more), load)


def version(place: str) -> Hashable:
    """Identity of the files of a stored model as they are now: another after they were changed."""

    def look() -> Hashable:
        folder = _folder(place)
        return str(folder), _files(folder)

    return _looked(("version", place), look)


def judges_version(modalities: Iterable[str]) -> Hashable:
    """Identity of the files of the judges of some modalities as they are now; of one that is not stored, too."""
    return tuple(version(stored_as(judge_name(modality))) for modality in modalities)


def judge_name(modality: str) -> str:
    """Name of the stored judge of a modality."""
    return f"judge_{modality}"


def data_version() -> Hashable:
    """Identity of the files of the data folder as they are now."""

    def look() -> Hashable:
        folder = data_folder()
        try:
            with os.scandir(folder) as files:
                return str(folder), tuple(sorted((file.name, file.stat().st_mtime_ns) for file in files))
        except OSError:
            return str(folder), ()  # who loads of it says what is wrong

    return _looked("data", look)


@contextmanager
def looked_at_once() -> Iterator[None]:
    """Look at each file once in this block, as in one run of a page, which asks for the same many times."""
    _run.looks = {}
    try:
        yield
    finally:
        _run.looks = None


def _looked(what: Hashable, look: Callable[[], V]) -> V:
    """The result of a look of this run; of one now where there was none, or outside of a run."""
    looks: dict[Hashable, V] | None = getattr(_run, "looks", None)
    if looks is None:
        return look()
    if what not in looks:
        looks[what] = look()
    return looks[what]


@st.cache_resource
def cache() -> ByteCache:
    """All that this server has loaded of stored models.

    What computes with them from then on runs on one thread of torch: sessions work side by side, and two threads of one
    operation would wait for each other in a busy loop.
    """
    torch.set_num_threads(1)
    return ByteCache(MOST_BYTES)


def _folder(place: str) -> Path:
    try:
        return model_folder(place)
    except FileNotFoundError:
        return Path(place)  # who loads it says that it is missing


def _files(folder: Path) -> tuple[int, ...]:
    """When each file of a stored model, or of the studio clips, was last changed."""
    return tuple(_changed(f"{folder}/{name}") for name in FILES)


def _changed(path: str | Path) -> int:
    """When a file was last changed; 0 where there is none."""
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - a run looks hundreds of times, and a path is slow to make
    except OSError:
        return 0


def _stored() -> list[tuple[str, mfm.ModelConfig]]:
    return _looked("stored", _look_for_models)


def _look_for_models() -> list[tuple[str, mfm.ModelConfig]]:
    """Names and architectures of the MFMs on the shelf in their order, then of those opened by a link."""
    place = os.environ.get("MFM_PRETRAINED")
    paths = Path(place or PRETRAINED).glob(f"*/{CONFIG}")
    shelf = {path.parent.name: _read(path.parent, _changed(path)) for path in paths}
    found = sorted(_mfms(shelf), key=lambda one: order(*one))
    return [(name, one.model) for name, one in found + _mfms({name: _configuration(name) for name in linked()})]


def _mfms(read: Mapping[str, StoredModel | None]) -> list[tuple[str, StoredModel]]:
    return [(name, one) for name, one in read.items() if one is not None and one.kind == "mfm"]


def order(name: str, stored: StoredModel) -> tuple[bool, bool, int, int, str]:
    """Key that sorts stored models as they are offered, by what they are.

    Images come before sequences; a model that is simply that of its data set before those with a title of their own,
    which are set against it; then those whose clips more visitors have (:data:`NEARNESS`); then as the registry of
    data sets has them; then by name.
    """
    data, known = stored.data, dataset_names()
    among = known.index(data) if data in known else len(known)
    return not stored.model.images, bool(stored.title), NEARNESS.index(stored.dataset.clips), among, name


def _configuration(name: str) -> StoredModel | None:
    """Configuration of a stored model, known without its weights; None where it cannot be read."""
    place = stored_as(name)

    def look() -> StoredModel | None:
        folder = _folder(place)
        return _read(folder, _changed(folder / CONFIG))

    return _looked(("configuration", place), look)


@lru_cache(maxsize=4_096)
def _read(folder: Path, changed: int) -> StoredModel | None:
    """Configuration that a folder holds, read once until it changes; None where it cannot be read."""
    del changed
    try:
        return StoredModel.of_folder(folder)
    except OSError:
        return None
    except ValueError as error:
        logging.getLogger(__name__).warning("%s", error)
        return None
