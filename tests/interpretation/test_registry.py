"""The registry of interpretations: what may enter it, in which order it lists, and that one file is enough."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import mfm_core as mfm
from mfm_core.evaluation.flow_figures import interpret_all
from mfm_core.evaluation.quantities import exact, figure, title, way_title
from mfm_core.interpretation import methods, registry
from mfm_core.lessons.videos import FlowHits
from tests.interpretation.one_file import added

OWN = {"title": "Own", "way": "own", "meaning": "what is own", "unit": "none"}


def own(*args: object, **more: object) -> dict[str, torch.Tensor]:
    raise NotImplementedError


def attribution(**more: Any) -> mfm.Attribution:
    return mfm.Attribution(**{"key": "own", "measure": own, **OWN, **more})


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    mfm.interpretations()
    monkeypatch.setattr(registry, "_interpretations", dict(registry._interpretations))


def test_readings_of_the_flow_come_first_and_those_from_outside_last_of_their_kind(alone: None) -> None:
    mfm.register_interpretation(attribution(key="a_own"))
    mfm.register_interpretation(mfm.FlowReading(key="own", measure=own, **OWN))  # type: ignore[arg-type]
    kinds = [entry.kind for entry in mfm.interpretations().values()]
    assert kinds == sorted(kinds, key=["flow", "attribution"].index)
    assert tuple(registry.flow_readings())[-1] == "own"
    assert tuple(registry.attributions())[-1] == "a_own"
    assert next(iter(mfm.interpretations())) == "score"


def test_each_shipped_interpretation_has_a_file_of_its_own() -> None:
    files = {path.stem for path in Path(methods.__path__[0]).glob("*.py")} - {"__init__"}
    assert set(mfm.interpretations()) == files


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (3, "entry: expected a FlowReading or an Attribution, got an int"),
        (attribution(key="Own"), "key: expected at most 40 lower-case letters, digits and '_', got 'Own'"),
        (attribution(key="o" * 41), f"key: expected at most 40 lower-case letters, digits and '_', got '{'o' * 41}'"),
        (attribution(key="saliency"), "key: expected one that is not taken, got 'saliency'"),
        (attribution(key="chance"), "key: expected one that is not taken, got 'chance'"),
        (attribution(title=""), "title: expected text, got none"),
        (attribution(unit=None), "unit: expected text, got None"),
        (attribution(measure=3), "measure: expected a function, got an int"),
        (attribution(signed="maybe"), "signed: expected a bool, got a str"),
        (
            mfm.FlowReading(key="own", measure=own, **OWN | {"needs_label": "x"}),
            "needs_label: expected a bool, got a str",
        ),
        (
            mfm.FlowReading(key="own", measure=own, **OWN | {"needs_reference": []}),
            "needs_reference: expected a bool, got a list",
        ),
    ],
)
def test_what_is_no_interpretation_is_refused_in_one_sentence(alone: None, entry: Any, sentence: str) -> None:
    before = mfm.interpretations()
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        mfm.register_interpretation(entry)
    assert mfm.interpretations() == before


def test_a_file_read_again_replaces_its_own_entry(alone: None) -> None:
    for meaning in ("first", "second"):
        mfm.register_interpretation(attribution(meaning=meaning))
    assert mfm.interpretations()["own"].meaning == "second"


def test_a_reading_that_needs_the_label_or_other_clips_is_refused_without(
    alone: None, spoken: mfm.MFM, clips: mfm.Latents
) -> None:
    needing = mfm.FlowReading(key="own", measure=own, needs_label=True, needs_reference=True, **OWN)  # type: ignore[arg-type]
    mfm.register_interpretation(needing)
    with pytest.raises(
        ValueError, match=r"^factor: expected 'y', of which alone the score is a function, got 'visual'$"
    ):
        mfm.gradient_flow(spoken, clips, "visual", reading="own")
    with pytest.raises(ValueError, match=r"^reference: expected 2 clips or more for reading 'own', got 1$"):
        mfm.gradient_flow(spoken, clips[[0]], reading="own")
    mfm.register_interpretation(replace(needing, needs_label=False))
    with pytest.raises(NotImplementedError):
        mfm.gradient_flow(spoken, clips, "visual", reading="own")


def test_a_lesson_asks_for_a_reading_of_the_flow_alone() -> None:
    assert FlowHits(reading="relative").reading == "relative"
    with pytest.raises(ValueError, match=r"^reading: expected one of score, norm, .*, got 'saliency'$"):
        FlowHits(reading="saliency")


def test_one_file_adds_interpretations_to_the_calls_and_to_the_evaluation(
    tmp_path: Path, spoken: mfm.MFM, generator: torch.Generator
) -> None:
    sizes = {"language": 31, "acoustic": 5, "visual": 2}
    inputs = {name: torch.randn(3, 4, d, generator=generator) for name, d in sizes.items()}
    mask = torch.arange(4) < torch.tensor([[4], [3], [2]])
    data = mfm.Dataset.from_arrays(inputs, torch.zeros(3, 1), mask=mask, split=["test"] * 3)
    latents = spoken.encode(inputs, mask)
    before = mfm.interpretations()
    with added(tmp_path):
        found = mfm.attribute(spoken, inputs, "gradient_times_input", mask=mask)
        assert all(found[name][mask].any() and not found[name][~mask].any() for name in inputs)
        for name, flow in mfm.gradient_flow(spoken, latents, reading="root").items():
            torch.testing.assert_close(flow.square(), mfm.gradient_flow(spoken, latents)[name])
        measured = interpret_all(spoken, data, latents)
        assert {"gradient_times_input", "root"} < set(measured)
        assert torch.equal(measured["gradient_times_input"]["visual"], found["visual"])
        assert title(figure("evidence_hits", "visual:root", exact(0.5, 3))).endswith("visual: root of the flow of F_y")
        assert FlowHits(reading="root").reading == "root"
    assert mfm.interpretations() == before
    assert way_title("gradient_times_input") == "gradient times input"  # figures that were stored are read on
    with pytest.raises(ValueError, match=r"^reading: expected one of"):
        mfm.gradient_flow(spoken, latents, reading="root")


def test_a_function_of_other_arguments_does_not_enter(alone: None) -> None:
    for entry in (
        attribution(measure=lambda model: None),
        mfm.FlowReading(key="own", measure=lambda: None, **OWN),  # type: ignore[arg-type, misc]
    ):
        with pytest.raises(ValueError, match=r"^measure: expected a function of .*, got <lambda> \("):
            mfm.register_interpretation(entry)


WANTED = "own: expected a tensor of shape (12, 7) for each of language, acoustic, visual, got "


@pytest.mark.parametrize(
    ("returned", "got"),
    [
        (lambda full: None, "None"),
        (lambda full: {}, "none"),
        (lambda full: full | {"smell": 1}, "language, acoustic, visual, smell"),
        (lambda full: full | {"visual": 1.0}, "a float for visual"),
        (lambda full: full | {"visual": torch.ones(7)}, "shape (7,) and torch.float32 for visual"),
        (lambda full: full | {"visual": torch.ones(12, 7).long()}, "shape (12, 7) and torch.int64 for visual"),
    ],
)
def test_what_is_not_one_number_a_step_names_the_interpretation(
    alone: None, spoken: mfm.MFM, clips: mfm.Latents, returned: Any, got: str
) -> None:
    full = {name: torch.ones(12, 7) for name in spoken.modalities}
    inputs = {name: torch.zeros(12, 7, m.d_x) for name, m in spoken.config.sequences.items()}
    reading = mfm.FlowReading(key="own", measure=lambda asked: returned(full), **OWN)  # type: ignore[arg-type]
    added = attribution(measure=lambda model, inputs, mask, *, target: returned(full))
    for entry, call in (
        (reading, lambda: mfm.gradient_flow(spoken, clips, reading="own")),
        (added, lambda: mfm.attribute(spoken, inputs, "own", mask=clips.mask)),
    ):
        registry._interpretations.pop("own", None)
        mfm.register_interpretation(entry)
        with pytest.raises(ValueError, match=f"^{re.escape(WANTED + got)}$"):
            call()
