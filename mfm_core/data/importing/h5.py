"""The ``.h5`` files of github.com/pliang279/MFN, ``new_data``: one table, ``d1``, a modality and split."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mfm_core.data.dataset import Split
from mfm_core.data.sequence_files import FILE_SPLITS, Part
from mfm_core.files.hdf5 import opened, table
from mfm_core.files.npz import Array, numbers

KEY = "d1"
_NAME = re.compile(r"(?P<kind>audio|text|video|y)_(?P<split>train|valid|test)(_emb)?")
_MODALITIES = {"text": "language", "audio": "acoustic", "video": "visual"}


def read_tensors_of(paths: Sequence[Path]) -> dict[Split, Part]:
    """Read the files of one data set, such as ``audio_train.h5``, ``text_valid_emb.h5`` and ``y_test.h5``.

    A split may lack a modality, but not its labels.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a file is damaged, lacks ``d1``, or is not named as published.
    """
    found: dict[str, Array] = {}
    for path in paths:
        match = _NAME.fullmatch(path.stem)
        if match is None:
            raise ValueError(
                f"{path}: expected a name such as audio_train.h5, text_valid_emb.h5, video_test.h5 or y_train.h5, "
                "as in new_data of github.com/pliang279/MFN"
            )
        with opened(path) as file:
            found[f"{match['kind']}_{match['split']}"] = numbers(table(file, KEY, str(path)), f"{path}: {KEY}")
    parts: dict[Split, Part] = {}
    for split, end in FILE_SPLITS.items():
        if f"y_{end}" not in found:
            raise ValueError(f"{paths[0].parent}: expected y_{end}.h5 among the files, got {', '.join(sorted(found))}")
        modalities = {m: found[f"{kind}_{end}"] for kind, m in _MODALITIES.items() if f"{kind}_{end}" in found}
        parts[split] = Part({m: numbers(x, m) for m, x in modalities.items()}, found[f"y_{end}"])
    return parts
