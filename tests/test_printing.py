"""Objects that hold arrays are shown in a line or two: by shapes, not by numbers."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator

import numpy as np
import pytest
import torch

import mfm_core
import mfm_core as mfm
from mfm_core.data.dataset import Dataset, Steps
from mfm_core.printing import brief
from mfm_core.studio.clips import load_clips

RNG = np.random.default_rng(0)


def classes_with_arrays() -> Iterator[type]:
    """Dataclasses and named tuples of mfm_core that have a field of arrays."""
    for info in pkgutil.walk_packages(mfm_core.__path__, "mfm_core."):
        if info.name.endswith("__main__") or ".studio.making" in info.name:
            continue
        module = importlib.import_module(info.name)
        for _, found in inspect.getmembers(module, inspect.isclass):
            if (
                found.__module__ != info.name
                or found.__name__.startswith("_")
                or not (dataclasses.is_dataclass(found) or hasattr(found, "_fields"))
            ):
                continue
            hints = map(str, inspect.get_annotations(found).values())
            if any(re.search(r"\b(Tensor|NDArray|Array)\b", hint) and "Callable" not in hint for hint in hints):
                yield found


def test_every_class_that_holds_arrays_is_shown_short() -> None:
    found = list(classes_with_arrays())
    assert len(found) > 20
    long = {one for one in found if "short_repr" not in (one.__repr__.__name__, *one.__repr__.__code__.co_names)}
    assert long == {Dataset, mfm.Clips}


def test_a_data_set_says_what_it_holds() -> None:
    n, mask = 2_000, np.arange(9) < RNG.integers(1, 10, size=2_000)[:, None]
    data = Dataset.from_arrays(
        {"speech": RNG.normal(size=(n, 9, 5)), "pulse": RNG.normal(size=(n, 9, 2))},
        RNG.normal(size=n),
        mask=mask,
        ids=[f"a very long name of sample {i}" for i in range(n)],
        name="mine",
        unit="word",
    )
    assert repr(data) == (
        "Dataset('mine'; 2000 samples (train 1400, validation 200, test 400); speech (9, 5), pulse (9, 2); 1 score; "
        f"{mask.sum()} real steps, each a word)"
    )
    pictures = Dataset.from_arrays({"left": RNG.random((9, 1, 4, 4))}, np.arange(9) % 3)
    assert repr(pictures).endswith("left (1, 4, 4); 3 classes)")
    assert repr(data.take([])).startswith("Dataset('mine'; 0 samples (train 0,")
    assert repr(data.part("test").only(["pulse"])).count("pulse") == 1
    said = tuple(("so", "good") for _ in range(n))
    assert repr(Steps("word", said, torch.zeros(n, 9, 2))) == (
        "Steps(unit='word', words=[['so', 'good'], ... 2,000 in all], times=float32 (2000, 9, 2))"
    )


def test_clips_latents_and_systems_say_what_they_hold() -> None:
    clips = load_clips()
    assert re.fullmatch(r"Clips\(30 clips of \d+ s; \d+ words of a vocabulary of 223; [a-z0-9, ]+\)", repr(clips))
    assert repr(clips.edits[0]).startswith("EditedClip(clip=0, words=['there', 'is', 'a', 'library', ")
    assert len(repr(clips.edits[0])) < 400
    latents = mfm.Latents(torch.zeros(500, 8), {"svhn": torch.zeros(500, 32)})
    assert repr(latents) == "Latents(y=float32 (500, 8), a={'svhn': float32 (500, 32)}, mask=None)"
    data = Dataset.from_arrays({"left": RNG.random((40, 1, 4, 4))}, np.arange(40) % 3)
    assert repr(mfm.fit("majority", data)) == "Majority('majority'; reads left (1, 4, 4); predicts 3 classes)"
    image = {"shape": (1, 8, 8), "d_z": 2, "d_f": 3}
    model = mfm.MFM(mfm.ModelConfig.model_validate({"modalities": {"left": image}, "label": {"size": 3}, "d_y": 4}))
    n = sum(weight.numel() for weight in model.parameters())
    assert repr(model) == f"MFM(left (1, 8, 8); Z: y 4, left 2; 3 classes; {n:,} parameters on cpu)"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (torch.tensor(2.5), "2.5"),
        (np.array(["a", "b"]), "text (2,)"),
        (b"0" * 1234, "1,234 bytes"),
        (dict.fromkeys(range(20), 0), "{0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0, ... 20 in all}"),
        ("x" * 100, "'" + "x" * 59 + "..."),
        (None, "None"),
        ((1, (2, 3)), "[1, [2, 3]]"),
        (torch.nn.Linear(2, 3), "a Linear"),
    ],
)
def test_any_value_is_short(value: object, said: str) -> None:
    assert brief(value) == said
