"""Pickled dictionaries of tensors, as other projects publish them, become the parts of a data set."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mfm_core.data.importing.pickles import read_pickled
from mfm_core.data.notes import Notes
from tests.data import features


def test_the_multimodal_transformers_dictionary_becomes_parts(tmp_path: Path) -> None:
    content = features.multimodal_transformer()
    parts = read_pickled(features.write_pickle(tmp_path / "mosi_data.pkl", content), None)
    for split, key in {"train": "train", "validation": "valid", "test": "test"}.items():
        part = parts[split]  # type: ignore[index]
        np.testing.assert_array_equal(part.modalities["language"], content[key]["text"])
        expected = content[key]["audio"].astype(np.float32)
        expected[1, 3] = 0  # of which a number is not finite: not observed
        np.testing.assert_array_equal(part.modalities["acoustic"], expected)
        np.testing.assert_array_equal(part.labels[:, 0], content[key]["labels"].ravel())
        assert part.ids is not None
        assert part.ids[2] == f"{key}v2_0.0_1.5"


def test_emotions_given_as_pairs_become_zero_and_one(tmp_path: Path) -> None:
    content = features.multimodal_transformer(emotions=6)
    parts = read_pickled(features.write_pickle(tmp_path / "iemocap_data.pkl", content), None)
    np.testing.assert_array_equal(parts["train"].labels, content["train"]["labels"][:, :, 1])


def test_mmsas_padding_becomes_zero_and_the_last_real_steps_are_kept(tmp_path: Path) -> None:
    content = features.mmsa()
    path = features.write_pickle(tmp_path / "aligned_50.pkl", content)
    whole, last, more = (read_pickled(path, length)["test"] for length in (None, 3, 8))
    real = content["test"]["text_bert"][:, 1] == 1
    for name, key in {"language": "text", "acoustic": "audio", "visual": "vision"}.items():
        x = content["test"][key].astype(np.float32)
        np.testing.assert_array_equal(whole.modalities[name][real], x[real])
        assert (whole.modalities[name][~real] == 0).all()
        for given, kept, found in zip(
            whole.modalities[name], last.modalities[name], more.modalities[name], strict=True
        ):
            spoken = given[given.any(1)]
            expected = np.concatenate([np.zeros((8, x.shape[2]), np.float32), spoken])
            np.testing.assert_array_equal(kept, expected[-3:])
            np.testing.assert_array_equal(found, expected[-8:])
    np.testing.assert_allclose(whole.labels[:, 0], content["test"]["regression_labels"], rtol=1e-6)


def edited(**changes: object) -> Callable[[dict[str, dict[str, Any]]], object]:
    """Replace or, with None, remove keys of the validation split."""

    def edit(content: dict[str, dict[str, Any]]) -> object:
        content["valid"] = {k: v for k, v in (content["valid"] | changes).items() if v is not None}
        return content

    return edit


TENSOR_DAMAGE: dict[str, tuple[Callable[[dict[str, dict[str, Any]]], object], str]] = {
    "no dictionary": (lambda c: [1, 2], "expected the keys train, valid and test, got no keys; see the data links"),
    "a split missing": (lambda c: {"train": c["train"]}, "expected the keys train, valid and test, got train; see"),
    "a modality missing": (edited(vision=None), "valid: expected the key vision, got text, audio, labels, id; see"),
    "labels missing": (edited(labels=None), "valid: expected the key labels, got text, audio, vision, id; see"),
    "a list": (edited(text=[[1.0]]), "valid: text: expected numbers of shape (N, T, d), got list"),
    "flat": (edited(text=np.zeros((6, 5))), "valid: text: expected numbers of shape (N, T, d), got shape (6, 5)"),
    "text": (edited(text=np.full((6, 5, 4), "a")), "valid: text: expected numbers of shape (N, T, d), got shape"),
    "not aligned": (edited(audio=np.ones((6, 40, 3))), "one N and T in all modalities, as aligned files have, got {"),
    "too few labels": (edited(labels=np.ones((5, 1))), "valid: labels: expected 6 labels as numbers, got shape (5, 1)"),
}


@pytest.mark.parametrize("kind", TENSOR_DAMAGE)
def test_dictionaries_of_other_things_are_refused(tmp_path: Path, kind: str) -> None:
    change, message = TENSOR_DAMAGE[kind]
    path = features.write_pickle(tmp_path / "x.pkl", change(features.multimodal_transformer()))
    with pytest.raises(ValueError, match=re.escape(message)):
        read_pickled(path, None)


def test_lists_count_as_arrays_and_what_is_not_read_refuses_no_file(tmp_path: Path) -> None:
    content = features.multimodal_transformer()
    plain = read_pickled(features.write_pickle(tmp_path / "plain.pkl", content), None)
    for part in content.values():
        part["labels"] = part["labels"].ravel().tolist()
        part["vision"] = list(part["vision"])
        part["id"] = np.array([text.encode() for text in part["id"][:, 0]], dtype=object)
        part["raw"] = np.array([{"any": 1}, None, [2], "x", 5, 6.0], dtype=object)
    notes = Notes()
    parts = read_pickled(features.write_pickle(tmp_path / "odd.pkl", content), None, notes)
    for split, part in parts.items():
        np.testing.assert_array_equal(part.labels, plain[split].labels)
        np.testing.assert_array_equal(part.modalities["visual"], plain[split].modalities["visual"])
    assert parts["train"].ids is not None
    assert parts["train"].ids[2] == "trainv2"
    assert f"3 keys are not read; the first: {tmp_path}/odd.pkl: train: raw" in notes.lines()
    content["valid"]["audio"] = content["valid"].pop("raw")
    with pytest.raises(
        ValueError, match=r"valid: audio: expected numbers of shape \(N, T, d\), got an array of objects"
    ):
        read_pickled(features.write_pickle(tmp_path / "odd.pkl", content), None)


def test_a_label_that_is_nan_leaves_out_its_sample(tmp_path: Path) -> None:
    content, notes = features.multimodal_transformer(), Notes()
    content["valid"]["labels"][2] = np.nan
    part = read_pickled(features.write_pickle(tmp_path / "x.pkl", content), None, notes)["validation"]
    assert part.ids is not None
    assert len(part.labels) == len(part.ids) == 5
    assert "validv2_0.0_1.5" not in part.ids
    assert any("labels, video validv2_0.0_1.5" in line for line in notes.lines())
