"""The registry of terms added to Eq. 4: every file of this folder enters its own, and so may any package outside.

A new term is one file of this folder, or a function anywhere that is entered before the configuration is read, and one
key of a configuration: ``factorization`` of a run of images, ``terms`` of a run of sequences.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from numbers import Real
from types import FunctionType
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from torch import Tensor, nn, optim

from mfm_core.arguments import expect, kind_of, text_of, whole_number
from mfm_core.config import MAX_NAME, ModelConfig, weighed
from mfm_core.printing import short_repr
from mfm_core.problems import shown
from mfm_core.registering import check_takes, import_files, load_before, place_of
from mfm_core.training.common import summed

if TYPE_CHECKING:
    from mfm_core.training.terms.inputs import TermInputs
    from mfm_core.training.terms.weights import TermWeights

Kind = Literal["image", "sequence"]
Label = Literal["any", "classes", "score"]
LAST = 1000
PACKAGE = "mfm_core.training.terms"
_PLACES: Mapping[Kind, str] = {"image": "factorization", "sequence": "terms"}
"""Keys of a configuration that the terms of a kind of modalities stand under."""
_taken = {"cost", "label", "mmd", "surrogate", "score", "accuracy", "absolute_error", "step", "steps", "time"}
"""Names that mean something else in a log or in a configuration of terms."""


@dataclass(frozen=True)
class Parts:
    """A cost of which not everything is weighed by the term's own weight.

    Attributes:
        weighed: The cost of each modality, which the term's weight multiplies.
        further: A part that is weighed already, a scalar.
    """

    weighed: Mapping[str, Tensor]
    further: Tensor

    __repr__ = short_repr


Cost = Callable[["TermInputs"], Tensor | Mapping[str, Tensor] | Parts | None]
BuildHelper = Callable[[ModelConfig, "TermWeights", int], tuple[nn.Module, optim.Optimizer]]
C = TypeVar("C", bound=Cost)


@dataclass(frozen=True)
class Term:
    """A term that may be added to Eq. 4; a configuration gives it a weight, of which 0 leaves it out.

    Attributes:
        key: Its key in configurations, and in the log.
        sentence: What it asks for, without a capital and a full stop.
        cost: Computes it from a batch: a scalar, one a modality, or None where the batch has nothing that costs.
        reads: Kinds of modalities that it serves.
        label: What it needs of the label: nothing, classes, or one score of which each of two modalities or more tells
            its part (``TermInputs.single``).
        readers: Whether it needs stored classifiers that read pictures.
        by_modality: Whether its cost is one a modality, so that its weight may be.
        small: Weight in a small model, by kind of modality: the lab offers the term for these.
        switch: Term whose switch in the lab it goes with.
        order: Place among the terms: in this order they are computed, draw from the generator and are summed.
        helper: Builds a network that the term trains by itself, and its optimiser, from the architecture, the
            configuration of the terms and the seed.
    """

    key: str
    sentence: str
    cost: Cost
    reads: tuple[Kind, ...]
    label: Label
    readers: bool
    by_modality: bool
    small: Mapping[Kind, float]
    switch: str
    order: int
    helper: BuildHelper | None


def label_problem(needed: Label, model: ModelConfig) -> str | None:
    """Tell what a term expects where a model is not as it needs it, for a message; None if nothing is in its way.

    Args:
        needed: What the term needs, see :class:`Term`.
        model: The architecture.
    """
    label = model.label
    if needed == "classes" and label.kind != "classes":
        return "expected 0 where the label is not of classes"
    if needed == "score" and (label.kind, label.size) != ("scores", 1):
        return "expected 0 where the label is not one score"
    if needed == "score" and len(model.modalities) < 2:
        return "expected 0 for a model of one modality, which has no surrogate"
    return None


_terms: dict[str, Term] = {}


def register_term(
    key: str,
    sentence: str,
    *,
    reads: tuple[Kind, ...] = ("image", "sequence"),
    label: Label = "any",
    readers: bool = False,
    by_modality: bool = False,
    small: Mapping[Kind, float] | None = None,
    switch: str = "",
    order: int = LAST,
    helper: BuildHelper | None = None,
) -> Callable[[C], C]:
    """Enter the function that computes a term, from this package or from outside; see :class:`Term`.

    A term that comes last, as it does by default, leaves what the others draw as it is.

    Args:
        key: A new name of lower-case letters, digits and ``_``.
        sentence: What it asks for.
        reads: Kinds of modalities that it serves.
        label: What it needs of the label.
        readers: Whether it needs stored readers.
        by_modality: Whether its cost is one a modality.
        small: Weight in a small model, by kind of modality; the lab offers no other term.
        switch: Term whose switch in the lab it goes with; its own by default.
        order: Place among the terms.
        helper: Builds a network that it trains by itself.

    Raises:
        ValueError: If the key is taken or no plain name, or another argument is not as described.
    """
    if not isinstance(key, str) or len(key) > MAX_NAME or re.fullmatch("[a-z][a-z0-9_]*", key) is None:
        raise ValueError(f"key: expected at most {MAX_NAME} lower-case letters, digits and '_', got {key!r}")
    text_of("sentence", sentence)
    if not isinstance(reads, tuple) or not reads or any(kind not in get_args(Kind) for kind in reads):
        raise ValueError(f"reads: expected a tuple of {_listed(Kind, ' and ')}, got {reads!r}")
    if label not in get_args(Label):
        raise ValueError(f"label: expected one of {_listed(Label)}, got {label!r}")
    expect("readers", readers, bool)
    expect("by_modality", by_modality, bool)
    offered = _small_weights(small, reads)
    text_of("switch", switch, may_be_empty=True)
    place = whole_number("order", order)
    if helper is not None and not callable(helper):
        raise ValueError(f"helper: expected a function, or None, got {kind_of(helper)}")
    if helper is not None:
        check_takes("helper", helper, "the architecture, the weights and the seed", None, None, None)

    def enter(cost: C) -> C:
        if not isinstance(cost, FunctionType):
            raise ValueError(f"cost: expected a function, got {kind_of(cost)}")  # noqa: TRY004
        check_takes("cost", cost, "one argument", None)
        load_before(cost, PACKAGE, _load_all)
        known = _terms.get(key)
        if key in _taken or (known is not None and place_of(known.cost) != place_of(cost)):
            of = "the training itself" if known is None else known.cost.__module__
            raise ValueError(f"key: expected one that is not taken, got {key!r}, of {of}")
        _terms[key] = Term(
            key, sentence, cost, reads, label, readers, by_modality, offered, switch or key, place, helper
        )
        return cost

    return enter


def _listed(literal: object, by: str = ", ") -> str:
    return by.join(map(repr, get_args(literal)))


def _small_weights(given: object, reads: tuple[Kind, ...]) -> dict[Kind, float]:
    """Weights in a small model by kind of modality, checked."""
    if given is None:
        return {}
    if not isinstance(given, Mapping) or any(kind not in get_args(Kind) for kind in given):
        raise ValueError(f"small: expected weights by {_listed(Kind, ' and ')}, or None, got {shown(given)}")
    if outside := [kind for kind in given if kind not in reads]:
        raise ValueError(f"small: expected kinds that the term reads, got {outside[0]!r}")
    for kind, x in given.items():
        if not isinstance(x, Real) or isinstance(x, bool) or not 0 < float(x) < math.inf:
            raise ValueError(f"small: expected a finite number above 0 for {kind!r}, got {shown(x)}")
    return {kind: float(x) for kind, x in given.items()}


def reserve(names: set[str]) -> None:
    """Keep names from being keys of terms: those of options that stand beside the weights."""
    _taken.update(names)


@cache
def _load_all() -> None:
    import_files(PACKAGE)


def terms_of(kind: Kind) -> tuple[Term, ...]:
    """The terms that serve modalities of a kind, in their order."""
    return tuple(term for term in all_terms() if kind in term.reads)


def all_terms() -> tuple[Term, ...]:
    """All terms, in their order; those of one place as they were entered."""
    _load_all()
    return tuple(sorted(_terms.values(), key=lambda term: term.order))


def added_costs(seen: TermInputs) -> dict[str, Tensor]:
    """The terms whose weight is not 0, weighed, by key: scalars, to be added to Eq. 4.

    Raises:
        ValueError: If a term returns anything but a scalar, one a modality, or None; or a scalar where its weight is
            one a modality.
    """
    found = {}
    for term in seen.weights.active():
        weight, cost = seen.weights.weight(term.key), term.cost(seen)
        if cost is None:
            continue
        each, further = (cost.weighed, cost.further) if isinstance(cost, Parts) else (cost, None)
        place = f"{_PLACES[seen.weights.kind]}.{term.key}"
        if problem := _cost_problem(each, seen.model.modalities) or (
            further is not None and _cost_problem(further, seen.model.modalities)
        ):
            raise ValueError(f"{place}: expected a scalar tensor or one a modality, got {problem}")
        if isinstance(each, Mapping):
            total = summed(weighed(each, weight))
        elif not isinstance(weight, Mapping):
            total = weight * each
        else:
            raise ValueError(f"{place}: expected a cost of each modality, as its weight is, got one number")  # noqa: TRY004
        found[term.key] = total if further is None else total + further
    return found


def _cost_problem(cost: object, modalities: Sequence[str]) -> str | None:
    """Tell what a term returned where it is no cost, for a message; None if it is one."""
    if isinstance(cost, Tensor):
        fits = cost.ndim == 0 and cost.is_floating_point()
        return None if fits else f"a tensor of shape {tuple(cost.shape)} and {cost.dtype}"
    if not isinstance(cost, Mapping):
        return kind_of(cost)
    if not cost:
        return "one of no modality"
    for name, one in cost.items():
        if name not in modalities:
            return f"one of {name!r}, which is none of {', '.join(modalities)}"
        if not isinstance(one, Tensor) or one.ndim or not one.is_floating_point():
            return f"{_cost_problem(one, modalities) if isinstance(one, Tensor) else kind_of(one)} of {name!r}"
    return None
