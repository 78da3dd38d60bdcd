"""Settings of a training in the lab."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mfm_core.config import Config
from mfm_core.training.factorization import FactorizationConfig
from mfm_core.training.terms.registry import all_terms

SAME_LABEL = "same_label"
_LABELS = {"any": "", "classes": " of classes", "score": " of one score"}
UPLOAD = "upload"
MODEL, SNAPSHOT = "model", "snapshot.safetensors"
"""The folder of the model in that of its job, once it is trained, and the file of the newest snapshot."""
MAX_MINUTES = 10.0
_NAME = re.compile(r"lab_([0-9a-f]{12})")


def model_name(run: str) -> str:
    """Name in links of the model of a run, by the id of its job."""
    return f"lab_{run}"


@dataclass(frozen=True)
class Switch:
    """Switch of the lab, which adds terms to Eq. 4.

    Attributes:
        key: Its name in settings and links.
        sentence: What its terms ask for.
        serves: Kind of data that it changes, such as ``images of classes``.
    """

    key: str
    sentence: str
    serves: str


def switches() -> dict[str, Switch]:
    """The switches of the lab by key: to decode with another sample's Z_y, and the terms that have a small weight."""
    decode = str(FactorizationConfig.model_fields[SAME_LABEL].description)
    found = {SAME_LABEL: Switch(SAME_LABEL, decode, "images of classes")}
    for term in all_terms():
        if term.small:
            before = f"{found[term.switch].sentence}; " if term.switch in found else ""
            serves = " and ".join(f"{kind}s" for kind in term.small) + _LABELS[term.label]
            found[term.switch] = Switch(term.switch, before + term.sentence, serves)
    return found


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
        terms: Those added to Eq. 4, by the keys of :func:`switches`; those that do not serve the data change nothing.
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
    terms: tuple[str, ...] = Field(default_factory=lambda: tuple(switches()))
    measured: Annotated[int, Field(ge=30, le=1_000)] = 400
    seed: Annotated[int, Field(ge=0, le=999_999)] = 0

    @model_validator(mode="after")
    def _known(self) -> Self:
        if unknown := [term for term in self.terms if term not in switches()]:
            raise ValueError(f"terms: expected some of {', '.join(switches())}, got {unknown[0]!r}")
        return self
