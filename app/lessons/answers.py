"""Answers to the questions of lessons: measured once for all visitors, beside the pages."""

from __future__ import annotations

import mfm_core as mfm
from app.shared import jobs, stored_models
from app.shared.stored_models import stored_as
from mfm_core.lessons.measure import Answer, Measure
from mfm_core.networks.classifier import Discriminative


class AppModels:
    """Models as the app keeps them, see ``mfm_core.lessons.measure.Models``."""

    def model(self, name: str) -> mfm.MFM:
        """A stored MFM, frozen."""
        return stored_models.model(stored_as(name))

    def codes(self, name: str) -> mfm.Codes:
        """Codes of the held-out samples of a stored MFM."""
        return stored_models.codes(stored_as(name))

    def judge(self, modality: str) -> Discriminative:
        """The independent classifier of a modality."""
        return stored_models.discriminative(stored_as(stored_models.judge_name(modality)))

    def clips(self) -> mfm.Clips:
        """The held-out studio clips."""
        return stored_models.clips(stored_as("studio_clips"))


def measured(measure: Measure) -> Answer | None:
    """The answer of a measure; None while it is computed or where it cannot be, and the page says so."""

    def make(progress: jobs.Progress) -> Answer:
        progress(0.1)
        try:
            return measure.answer(AppModels())
        except OSError as error:
            raise ValueError(str(error)) from error

    found: Answer | None = jobs.result(key_of(measure), "Measuring the answer on the stored model", make)
    return found


def key_of(measure: Measure) -> str:
    """Identity of an answer: the question, and every file that a measure may read as it is now."""
    model = getattr(measure, "model", "")
    judges = stored_models.judges_version(stored_models.modalities(model))
    files = stored_models.version(stored_as(model)), judges, stored_models.version(stored_as("studio_clips"))
    return f"lesson {measure.model_dump_json()} {files}"
