"""View of the page Flow as a value: everything that its link carries, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from app.shared.links import NAME, Linked, declared_range, out_of_range, read_fields, unknown_parts, write_fields
from mfm_core.interpretation.registry import EQ_7, find_interpretation, interpretations

Beside = Literal["nothing", "model", "clip", "reading"]
Truth = Literal["hidden", "shown", "locked"]
Name = Annotated[str, Field(pattern=NAME)]
Index = Annotated[int, Field(ge=0)]

UNCHANGED: Mapping[str, str] = {"word": "", "tone": "same", "face": "same"}
"""Fields of the what-if, when nothing is changed."""

Reading = Annotated[str, AfterValidator(lambda key: find_interpretation(key).key)]
"""Key of an interpretation that is registered."""


class FlowView(Linked):
    """View of the page.

    Attributes:
        model: The model.
        clip: One of its held-out clips.
        from_: Whether that clip or one that the visitor brought is shown; the latter is in no link.
        factor: The F in question: ``y`` or a modality, for its F_a. No attribution is of one.
        reading: What the lanes show: a reading of the flow, as ``mfm_core.gradient_flow`` calls it (``norm`` is Eq. 7
            itself), or an attribution of the score, as ``mfm_core.attribute`` calls it.
        axis: Whether steps are as wide as they last, or all the same.
        scale: Whether each lane has its own scale or all have one.
        beside: What is shown beside.
        second_model: The model beside.
        second_clip: The clip beside.
        second_reading: The reading beside.
        truth: Whether the true evidence is shown; ``locked`` hides the switch as well.
        step: The step in question: where the cursor begins, and what the what-if changes.
        word: The word put in its place; empty for its own.
        tone: The tone it is said in.
        face: The face it is said with.
        aloud: Whether espeak-ng says the changed words.
        origin: Whose Z is moved to a chosen score: that of the clip, or one drawn from the prior.
        draw: Which draw.
        wanted: The chosen score, in tenths.
    """

    model: Name = "studio_balanced"
    clip: Index = 0
    from_: Literal["stored", "upload"] = "stored"
    factor: Name = "y"
    reading: Reading = "score"
    axis: Literal["step", "time"] = "step"
    scale: Literal["own", "common"] = "own"
    beside: Beside = "nothing"
    second_model: Name = "studio_balanced"
    second_clip: Index = 1
    second_reading: Reading = "integrated_gradients"
    truth: Truth = "hidden"
    step: Annotated[int, Field(ge=0, le=999)] = 0
    word: Annotated[str, Field(pattern=r"^[A-Za-z0-9'.-]{0,32}$")] = ""
    tone: Literal["same", "lowered", "plain", "raised"] = "same"
    face: Literal["same", "frown", "rest", "smile"] = "same"
    aloud: Literal["off", "on"] = "off"
    origin: Literal["clip", "prior"] = "clip"
    draw: Annotated[int, Field(ge=0, le=999)] = 0
    wanted: Annotated[int, Field(ge=-30, le=30)] = 15

    @property
    def measured(self) -> str:
        """The reading of the factor shown: no F_a moves the label, so that of these is Eq. 7 itself."""
        entry = find_interpretation(self.reading)
        return EQ_7 if entry.needs_factor and entry.needs_label and self.factor != "y" else self.reading

    @property
    def of_score(self) -> bool:
        """Whether an attribution of the score is shown, which is of no factor."""
        return not find_interpretation(self.reading).needs_factor

    @property
    def changed(self) -> bool:
        """Whether the what-if changes anything."""
        return any(getattr(self, name) != value for name, value in UNCHANGED.items())


@dataclass(frozen=True)
class FlowAllowed:
    """Values that a view may ask of one model.

    Attributes:
        modalities: Names of the modalities.
        lengths: Steps of each clip.
        words: The vocabulary of the what-if; empty where there is no what-if.
        opening: The clip that a visitor finds who brings no link.
        readings: The readings that can be shown.
    """

    modalities: tuple[str, ...]
    lengths: tuple[int, ...]
    words: frozenset[str] = frozenset()
    opening: int = 0
    readings: tuple[str, ...] = field(default_factory=lambda: tuple(interpretations()))


@dataclass(frozen=True)
class FlowLinks:
    """How the links of the page are read and written, see ``app.shared.links.LinkCodec``.

    Attributes:
        models: Names of the models that can be shown, the one shown first in front.
        of: What may be asked of a model.
        clips_of: Of which clips a model is; models of the same clips can be set side by side.
    """

    models: tuple[str, ...]
    of: Callable[[str], FlowAllowed]
    clips_of: Callable[[str], str]

    def parse(self, params: Mapping[str, str]) -> tuple[FlowView, list[str]]:
        """The view of a link, and a sentence for each thing that was put right."""
        start, notices = read_fields(params, self.defaults(), _no_range, self._names(), ("model", "second_model"))
        here = self.of(start.model)

        def bounds(name: str) -> tuple[int, int]:
            return declared_range(FlowView, name, max(len(here.lengths) - 1, 0))

        allowed = {"factor": ("y", *here.modalities), "word": ("", *here.words)}
        rest = [name for name in FlowView.model_fields if name not in self._names()]
        view, more = read_fields(params, start, bounds, allowed, rest, ("clip", "second_clip"))
        notices += more + unknown_parts(params, FlowView)
        fitted = self.fit(view)
        if fitted.step != view.step and "step" in params:
            notices.append(out_of_range("step", fitted.step, from_one=True))
        if view.changed and not fitted.changed:
            notices.append("The link's what-if is not possible with this model; the clip is shown as it is.")
        if fitted.reading != view.reading:
            notices.append("The link's reading is not possible with this model; another is shown.")
        return fitted, notices

    def fit(self, view: FlowView) -> FlowView:
        """The nearest view that can be shown."""
        model = view.model if view.model in self.models else self.models[0]
        here, peers = self.of(model), self.peers(model)
        most = max(len(here.lengths) - 1, 0)
        fitted: dict[str, object] = {
            "model": model,
            "clip": min(view.clip, most),
            "second_clip": min(view.second_clip, most),
            "factor": view.factor if view.factor in ("y", *here.modalities) else "y",
        }
        if view.second_model not in peers:
            fitted["second_model"] = peers[0] if peers else model
        if view.beside == "model" and not peers:
            fitted["beside"] = "nothing"
        if view.from_ == "stored" and here.lengths:
            fitted["step"] = min(view.step, here.lengths[min(view.clip, most)] - 1)
        if not here.words:
            fitted |= {**UNCHANGED, "aloud": "off"}
        if view.reading not in here.readings:
            fitted["reading"] = here.readings[0]
        if view.beside == "reading" and view.second_reading not in here.readings:
            fitted["second_reading"] = here.readings[-1]
        return view.model_copy(update=fitted)

    def peers(self, model: str) -> tuple[str, ...]:
        """Other models of the same clips."""
        clips = self.clips_of(model)
        return tuple(name for name in self.models if name != model and self.clips_of(name) == clips)

    def link(self, view: FlowView) -> dict[str, str]:
        """The query parameters that open this view."""
        return write_fields(view, self.defaults())

    def defaults(self) -> FlowView:
        """The view a visitor finds who brings no link."""
        first = self.models[0]
        return FlowView(model=first, clip=self.of(first).opening, second_model=(*self.peers(first), first)[0])

    def _names(self) -> dict[str, tuple[str, ...]]:
        return {"model": self.models, "second_model": self.models}


def _no_range(name: str) -> tuple[int, int]:
    raise KeyError(name)
