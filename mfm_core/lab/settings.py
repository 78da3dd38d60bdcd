"""Settings of a training in the lab."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field

from mfm_core.config import Config

Term = Literal["same_label", "label_balance", "conditional_mmd", "flow"]
TERMS: dict[Term, str] = {
    "same_label": "decode with the Z_y of another sample of the same label",
    "label_balance": "labels of sampled Z_y as frequent as those of real samples, and certain",
    "conditional_mmd": "MMD of Z_a given the label to N(0, I)",
    "flow": "a flow that takes the label out of Z_a",
}
"""Terms added to Eq. 4, for images of classes, and what each asks for."""
UPLOAD = "upload"
MODEL, SNAPSHOT = "model", "snapshot.safetensors"
"""The folder of the model in that of its job, once it is trained, and the file of the newest snapshot."""
MAX_MINUTES = 10.0
_NAME = re.compile(r"lab_([0-9a-f]{12})")


def model_name(run: str) -> str:
    """Name in links of the model of a run, by the id of its job."""
    return f"lab_{run}"


def run_of(model: str) -> str | None:
    """The run that trained a model of this name; None of a model that is none of the lab's."""
    found = _NAME.fullmatch(model)
    return found[1] if found else None


class LabSettings(Config):
    """Settings of a training in the lab.

    Attributes:
        data: A name of :func:`mfm_core.lab.data.offered`, or ``upload`` for the file ``data.npz`` of the job.
        minutes: How long it may train; the number of steps follows from how long a step takes.
        steps: Number of steps instead, for a run that is the same on every machine.
        d_y: Size of Z_y.
        d_a: Size of each Z_a.
        mmd: Weight of the distance of Q_Z to the prior: the lambda of Eq. 4.
        independence: How that distance is measured, see :class:`ObjectiveConfig`.
        terms: Those added to Eq. 4.
        measured: Held-out samples that the last figures are of, at most.
        seed: Of weights, batches and draws.
    """

    data: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")] = "digits8"
    minutes: Annotated[float, Field(ge=0.05, le=MAX_MINUTES)] = 2.5
    steps: Annotated[int, Field(ge=1, le=20_000)] | None = None
    d_y: Annotated[int, Field(ge=1, le=32)] = 8
    d_a: Annotated[int, Field(ge=1, le=32)] = 8
    mmd: Annotated[float, Field(ge=0, le=10_000)] = 100.0
    independence: Literal["joint", "per_block", "published_code", "none"] = "joint"
    terms: tuple[Term, ...] = tuple(TERMS)
    measured: Annotated[int, Field(ge=30, le=1_000)] = 400
    seed: Annotated[int, Field(ge=0, le=999_999)] = 0
