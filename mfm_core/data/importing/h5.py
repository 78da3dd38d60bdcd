"""The ``.h5`` files of github.com/pliang279/MFN, ``new_data``: one table, ``d1``, a modality and split."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mfm_core.data.dataset import Split
from mfm_core.data.notes import Notes, observed
from mfm_core.data.sequence_files import Part, with_known_labels
from mfm_core.data.sequence_layout import FILE_SPLITS
from mfm_core.files.hdf5 import members, opened, table
from mfm_core.files.npz import Array, as_float32

KEY = "d1"
_NAME = re.compile(r"(?P<kind>audio|text|video|y)_(?P<split>train|valid|test)(_emb)?")
_MODALITIES = {"text": "language", "audio": "acoustic", "video": "visual"}


def read_tensors_of(paths: Sequence[Path], notes: Notes | None = None) -> dict[Split, Part]:
    """Read the files of one data set, such as ``audio_train.h5``, ``text_valid_emb.h5`` and ``y_test.h5``.

    A split may lack a modality, but not its labels.

    Args:
        paths: The files.
        notes: Counts what is masked, left out or not read.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a file is damaged, lacks ``d1``, or is not named as published.
    """
    notes = Notes() if notes is None else notes
    found: dict[str, tuple[Array, str]] = {}
    for path in paths:
        match = _NAME.fullmatch(path.stem)
        if match is None:
            raise ValueError(
                f"{path}: expected a name such as audio_train.h5, text_valid_emb.h5, video_test.h5 or y_train.h5, "
                "as in new_data of github.com/pliang279/MFN"
            )
        with opened(path) as file:
            where = f"{path}: {KEY}"
            found[f"{match['kind']}_{match['split']}"] = as_float32(table(file, KEY, str(path)), where), where
            for key in members(file):
                if key != KEY:
                    notes.add("tables are not read", f"{path}: {key}")
    parts: dict[Split, Part] = {}
    for split, end in FILE_SPLITS.items():
        if f"y_{end}" not in found:
            raise ValueError(f"{paths[0].parent}: expected y_{end}.h5 among the files, got {', '.join(sorted(found))}")
        known = {m: found[f"{kind}_{end}"] for kind, m in _MODALITIES.items() if f"{kind}_{end}" in found}
        modalities = {m: observed(x, where, notes) for m, (x, where) in known.items()}
        parts[split] = with_known_labels(Part(modalities, found[f"y_{end}"][0]), found[f"y_{end}"][1], notes)
    return parts
