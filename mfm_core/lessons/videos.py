"""Measures of models of spoken videos: which word, which modality, and where the readings fail."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.evaluation.flow_truth import flow_against_truth
from mfm_core.interpretation.dependency import DependencyRatio, dependency_ratios
from mfm_core.interpretation.gradient_flow import gradient_flow
from mfm_core.interpretation.kernels import Bandwidth
from mfm_core.interpretation.registry import flow_readings
from mfm_core.latents import Latents
from mfm_core.lessons.measure import Answer, Measure, Models, Name, counted
from mfm_core.model import MFM
from mfm_core.studio.truth import WORLD_OF


class OfClips(Measure):
    """A measure of a model of studio clips, on the held-out clips whose truth is known.

    Attributes:
        model: A stored MFM of studio clips: ``studio_`` and the world.
    """

    model: Name = "studio_balanced"

    def load(self, models: Models) -> tuple[MFM, Dataset, Tensor, Latents]:
        """The model, the clips as its world has them, which steps are real ``(N, T)``, and their Z.

        Raises:
            ValueError: If the model is not one of studio clips.
        """
        if self.model not in WORLD_OF:
            raise ValueError(f"model: expected one of {', '.join(WORLD_OF)}, got {self.model!r}")
        model, data = models.model(self.model), models.clips().dataset(WORLD_OF[self.model])
        if data.mask is None:
            raise ValueError(f"clips: expected which steps are real, got none of {self.model!r}")
        with torch.no_grad():
            latents = model.encode(data.modalities, mask=data.mask)
        return model, data, data.mask, latents

    def source(self, n: int) -> str:
        """Model and samples of an answer."""
        return f"model {self.model}, n = {n} held-out clip{'' if n == 1 else 's'}"


class OfFlow(OfClips):
    """A measure of the flow from F_y into one modality (Eq. 7).

    Attributes:
        modality: The modality.
        reading: As :func:`mfm_core.gradient_flow` takes it, beside all clips: ``norm`` is Eq. 7 as printed, ``score``
            along the direction in which the score moves.
    """

    modality: Name = "language"
    reading: Name = "score"

    @model_validator(mode="after")
    def _known_reading(self) -> Self:
        if self.reading not in (known := flow_readings()):
            raise ValueError(f"reading: expected one of {', '.join(known)}, got {self.reading!r}")
        return self

    def flow(self, models: Models, clip: int | None = None) -> tuple[Dataset, Tensor, Tensor]:
        """The clips, which steps are real ``(N, T)``, and the flow ``(N, T)``, of all clips or of one.

        Raises:
            ValueError: If the modality is none of the model's, or there is no such clip.
        """
        model, data, mask, latents = self.load(models)
        if self.modality not in model.modalities:
            raise ValueError(f"modality: expected one of {', '.join(model.modalities)}, got {self.modality!r}")
        everyone = latents
        if clip is not None:
            if clip >= len(latents):
                raise ValueError(f"clip: expected 0 to {len(latents) - 1}, got {clip}")
            data, mask, latents = data.take(torch.tensor([clip])), mask[[clip]], latents[[clip]]
        flow = gradient_flow(model, latents, factor="y", reading=self.reading, reference=everyone)
        return data, mask, flow[self.modality].detach()


class FlowHits(OfFlow):
    """Percentage of clips in which the step with the largest flow from F_y truly carries evidence."""

    measure: Literal["flow_hits"] = "flow_hits"

    def answer(self, models: Models) -> Answer:
        """See ``Measure.answer``."""
        data, mask, flow = self.flow(models)
        found = flow_against_truth(flow, (data.evidence or {})[self.modality], mask)
        hits, chance = 100 * found.hits.value, 100 * found.hits_by_chance.value
        sentence = (
            f"The step with the largest flow carries evidence in {hits:.0f} % of the {found.hits.n} clips that have "
            f"any (95 % interval {100 * found.hits.low:.0f} to {100 * found.hits.high:.0f}); a step drawn at random "
            f"does in {chance:.0f} %."
        )
        counts = {"largest flow": hits, "a step at random": chance}
        ends = {"largest flow": (100 * found.hits.low, 100 * found.hits.high)}
        return Answer(hits, sentence, counts, "% of clips", self.source(found.hits.n), ends)


class FlowAtFirstStep(OfFlow):
    """Number of clips in which the largest flow from F_y is at the first step, whatever is said there."""

    measure: Literal["flow_at_first_step"] = "flow_at_first_step"
    modality: Name = "acoustic"
    reading: Name = "norm"

    def answer(self, models: Models) -> Answer:
        """See ``Measure.answer``."""
        _, mask, flow = self.flow(models)
        first = flow.masked_fill(~mask, -1).argmax(dim=1) == mask.float().argmax(dim=1)
        n_first = int(first.sum())
        by_chance = float((1 / mask.sum(dim=1)).sum())
        counts = {"largest flow": n_first, "a step at random": by_chance}
        sentence = (
            f"The largest flow is at the first step in {counted(first, 'clips')}; a step at random would be the first "
            f"in {by_chance:.1f}."
        )
        return Answer(n_first, sentence, counts, f"of {len(first)} clips", self.source(len(first)))


class TopWord(OfFlow):
    """The word of a clip with the largest flow from F_y, in lower case.

    Attributes:
        clip: The clip, counted from 0 as in links.
    """

    measure: Literal["top_word"] = "top_word"
    numeric: ClassVar[bool] = False
    clip: Annotated[int, Field(ge=0, le=999)] = 0

    def answer(self, models: Models) -> Answer:
        """See ``Measure.answer``."""
        data, mask, flows = self.flow(models, self.clip)
        if data.steps is None:
            raise ValueError(f"clips: expected the words of each step, got none of {self.model!r}")
        flow, words = flows[0][mask[0]].tolist(), data.steps.words[0]
        largest = max(range(len(flow)), key=flow.__getitem__)
        named = [f"{i + 1} {word}" for i, word in enumerate(words)]
        counts = {name: value / flow[largest] for name, value in zip(named, flow, strict=True)}
        sentence = f"The largest flow of this clip is at “{words[largest]}”, step {largest + 1} of {len(flow)}."
        return Answer(words[largest].lower(), sentence, counts, "flow, the largest is 1", self.source(1))


class WrongSign(OfClips):
    """Number of clips of which the model gives the score the wrong sign."""

    measure: Literal["wrong_sign"] = "wrong_sign"

    def answer(self, models: Models) -> Answer:
        """See ``Measure.answer``."""
        model, data, _, latents = self.load(models)
        with torch.no_grad():
            wrong = model.decide(latents.y)[:, 0].sign() != data.labels[:, 0].sign()
        n_wrong = int(wrong.sum())
        counts = {"right sign": len(wrong) - n_wrong, "wrong sign": n_wrong}
        sentence = f"The sign is wrong in {counted(wrong, 'clips')}."
        return Answer(n_wrong, sentence, counts, f"of {len(wrong)} clips", self.source(len(wrong)))


class ModalityError(OfClips):
    """The modality that alone predicts the score best, or whose absence costs most, by mean absolute error.

    Attributes:
        given: ``alone``: only that modality is given, and the smallest error is asked for; ``without``: all but that
            one are given, and the largest error is asked for.
    """

    measure: Literal["modality_error"] = "modality_error"
    numeric: ClassVar[bool] = False
    given: Literal["alone", "without"] = "alone"

    def answer(self, models: Models) -> Answer:
        """See ``Measure.answer``."""
        model, data, mask, _ = self.load(models)
        errors: dict[str, float] = {}
        for name in model.modalities:
            kept = [one for one in model.modalities if (one == name) == (self.given == "alone")]
            with torch.no_grad():
                latents = model.encode({one: data.modalities[one] for one in kept}, mask=mask)
                score = model.decide(latents.y)[:, 0]
            errors[name] = float((score - data.labels[:, 0]).abs().mean())
        found = (min if self.given == "alone" else max)(errors, key=errors.__getitem__)
        told = ", ".join(f"{name} {error:.2f}" for name, error in errors.items())
        way = "given one modality alone" if self.given == "alone" else "with one modality left out"
        unit = f"mean absolute error of the score, {way}"
        return Answer(found, f"{unit[0].upper()}{unit[1:]}: {told}.", errors, unit, self.source(len(mask)))


class OfRatios(Measure):
    """A measure of dependency ratios (Eq. 5) of the held-out codes of a model of sequences.

    Attributes:
        model: A stored MFM of sequences with codes.
        bandwidth: Of the kernels: 1 as in the paper, or ``median``.
    """

    model: Name = "studio_balanced"
    bandwidth: Literal["median"] | Annotated[float, Field(ge=0.05, le=50)] = "median"

    def ratios(self, models: Models) -> dict[str, DependencyRatio]:
        """r_i of each modality.

        Raises:
            ValueError: If the model is not one of sequences.
        """
        model, codes = models.model(self.model), models.codes(self.model)
        if codes.latents.mask is None:
            raise ValueError(f"model: expected a model of sequences, got {self.model!r}")
        bandwidth: Bandwidth = self.bandwidth
        return dependency_ratios(model, codes.latents, bandwidth=bandwidth, units=codes.units, n_permutations=0)

    def source(self, n: int) -> str:
        """Model and samples of an answer."""
        return f"model {self.model}, n = {n} held-out clips, bandwidth {self.bandwidth}"


class LargestRatio(OfRatios):
    """The modality that depends most on F_y against its own F_a: that of the largest r_i."""

    measure: Literal["largest_ratio"] = "largest_ratio"
    numeric: ClassVar[bool] = False

    def answer(self, models: Models) -> Answer:
        """See ``Measure.answer``."""
        found = {name: ratio for name, ratio in self.ratios(models).items() if math.isfinite(ratio.ratio)}
        if not found:
            raise ValueError(f"model: expected ratios that are defined, got none of {self.model!r}")
        largest = max(found, key=lambda name: found[name].ratio)
        told = ", ".join(
            f"{name} {one.ratio:.3f} (95 % interval {one.low:.3f} to {one.high:.3f})" for name, one in found.items()
        )
        counts = {name: one.ratio for name, one in found.items()}
        return Answer(largest, f"r_i: {told}.", counts, "dependency ratio r_i", self.source(found[largest].n))


class DoubtfulRatios(OfRatios):
    """Number of modalities whose ratio must not be quoted, as a Gram matrix is nearly the identity."""

    measure: Literal["doubtful_ratios"] = "doubtful_ratios"
    bandwidth: Literal["median"] | Annotated[float, Field(ge=0.05, le=50)] = 1.0

    def answer(self, models: Models) -> Answer:
        """See ``Measure.answer``."""
        found = self.ratios(models)
        doubtful = [name for name, one in found.items() if one.nearly_identity]
        n = next(iter(found.values())).n
        counts = {f"F_a of {name}, mean off the diagonal": one.off_diagonal[1] for name, one in found.items()}
        sentence = (
            f"A Gram matrix is nearly the identity for {len(doubtful)} of {len(found)} modalities"
            f"{': ' + ', '.join(doubtful) if doubtful else ''}."
        )
        return Answer(len(doubtful), sentence, counts, "mean of the Gram matrix off its diagonal", self.source(n))
