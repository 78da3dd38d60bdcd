"""Weights of the terms added to Eq. 4, as a configuration has them: a key for each term of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from pydantic import ConfigDict, ModelWrapValidatorHandler, model_validator

from mfm_core.config import Config, ModelConfig, Weights
from mfm_core.problems import shown, unknown_key
from mfm_core.training.common import check_weights
from mfm_core.training.terms.inputs import Helper
from mfm_core.training.terms.registry import Kind, Term, label_problem, reserve, terms_of


class TermWeights(Config):
    """Base of configurations of added terms: a weight for each term that serves a kind, and options beside them.

    A weight is a number, or one for each modality where the term's cost is one a modality; 0, which is what a key that
    is not given stands for, leaves the term out. Keys that are no term and no option are refused.
    """

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Weights]

    kind: ClassVar[Kind]
    """Kind of modalities whose terms these are."""
    given: ClassVar[Mapping[str, float]] = {}
    """Weights of keys that a configuration may leave out, other than 0. They are kept for the configurations there are:
    a term that is entered later must not change them, and has 0."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - pydantic's
        super().__pydantic_init_subclass__(**kwargs)
        reserve(set(cls.model_fields))

    @model_validator(mode="wrap")
    @classmethod
    def _known(cls, values: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(values, dict):
            return handler(values)
        terms = {term.key: term for term in terms_of(cls.kind)}
        for key, value in values.items():
            if key not in terms and key not in cls.model_fields:
                raise ValueError(unknown_key(key, value, [*cls.model_fields, *terms]))
            if key in terms and isinstance(value, Mapping) and not terms[key].by_modality:
                raise ValueError(f"{key}: expected a number, got {shown(value)}")
        # A 0 is not kept where it is meant anyway: a stored configuration then names no term that it has no need of.
        kept = {key: x for key, x in values.items() if key not in terms or key in cls.given or x != 0}
        made = handler(dict(cls.given) | kept)
        made.model_fields_set.intersection_update(values)  # what somebody asked for, and not what is given anyway
        return made

    def weight(self, key: str) -> Weights:
        """The weight of a term, or one for each modality."""
        return (self.__pydantic_extra__ or {}).get(key, 0.0)

    def active(self) -> tuple[Term, ...]:
        """The terms whose weight is not 0, in their order."""
        return tuple(term for term in terms_of(self.kind) if self.weight(term.key))

    @property
    def read_single_scores(self) -> bool:
        """Whether one of them reads what each modality alone tells of the score."""
        return any(term.label == "score" for term in self.active())

    def check(self, place: str, model: ModelConfig) -> None:
        """Check that a model can be trained with these weights.

        Args:
            place: Their key in the configuration, for the message.
            model: The architecture.

        Raises:
            ValueError: If a weight is not for the model's modalities, or its term not for the model's label.
        """
        for term in self.active():
            check_weights(f"{place}.{term.key}", self.weight(term.key), model)
            if problem := label_problem(term.label, model):
                raise ValueError(f"{place}.{term.key}: {problem}, got {shown(self.weight(term.key))}")

    def build_helpers(self, model: ModelConfig, seed: int, device: torch.device) -> dict[str, Helper]:
        """The networks that terms train by themselves, with their optimisers, by key."""
        built = {term.key: term.helper(model, self, seed) for term in self.active() if term.helper}
        return {key: (network.to(device), optimizer) for key, (network, optimizer) in built.items()}
