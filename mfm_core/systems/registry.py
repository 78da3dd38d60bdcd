"""The registry of systems: every file of this folder enters its own, and so may any package outside."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache
from typing import TypeVar, get_args

from pydantic import JsonValue, ValidationError
from pydantic_core import PydanticUndefined

from mfm_core.arguments import expect, function_or, kind_of, seed_number, text_of, whole_number
from mfm_core.config import first_problem
from mfm_core.data.dataset import Dataset
from mfm_core.data.notes import warn_of
from mfm_core.registering import import_files, load_before, place_of
from mfm_core.systems.base import DataSpec, Kind, OnReport, System, SystemConfig, SystemInfo

S = TypeVar("S", bound=type[System])

PACKAGE = "mfm_core.systems"
_systems: dict[str, type[System]] = {}


def register_system(
    name: str,
    *,
    title: str,
    paper: str,
    reads: tuple[Kind, ...] = ("sequence",),
    unimodal: bool = False,
    place: int | None = None,
) -> Callable[[S], S]:
    """Enter a class of systems into the registry, from this package or from outside.

    Args:
        name: Name in the registry: lower-case letters, digits and ``_``.
        title: Name in tables.
        paper: Where it was published.
        reads: Kinds of modalities that it accepts.
        unimodal: Whether it reads one of the modalities alone.
        place: Place among the systems of the paper's tables, in whose order they are listed; None for one that is in
            none, which comes after them.

    Raises:
        ValueError: If the name or place is taken, or the name is no plain name, or not the one that the class's
            ``Config`` names by default; if the title, the paper or the kinds are none; or if what is entered is no
            class of :class:`System`, or one that leaves a method out.
    """
    if not isinstance(name, str) or re.fullmatch("[a-z_][a-z0-9_]*", name) is None:
        raise ValueError(f"name: expected lower-case letters, digits and '_', got {name!r}")
    text_of("title", title)
    text_of("paper", paper)
    if not isinstance(reads, tuple) or not reads or any(kind not in get_args(Kind) for kind in reads):
        raise ValueError(f"reads: expected a tuple of {' and '.join(map(repr, get_args(Kind)))}, got {reads!r}")
    expect("unimodal", unimodal, bool)
    if place is not None:
        place = whole_number("place", place, 1)

    def enter(system: S) -> S:
        _check_class(system, name)
        load_before(system, PACKAGE, _load_all)
        taken = _systems.get(name)
        if taken is not None and place_of(taken) != place_of(system):
            raise ValueError(f"name: expected one that is not registered, got {name!r}, of {taken.__module__}")
        at = next((n for n, one in _systems.items() if place is not None and one.info.place == place), name)
        if at != name:
            raise ValueError(f"place: expected one that no other system has, got {place}, of {at}")
        system.info = SystemInfo(name, title, paper, reads, system.Config, unimodal, place)
        _systems[name] = system
        return system

    return enter


def _check_class(system: object, name: str) -> None:
    """Raise ValueError unless ``system`` is a class of systems whose configuration names the system ``name``."""
    if not isinstance(system, type) or not issubclass(system, System):
        given = f"the class {system.__name__}" if isinstance(system, type) else kind_of(system)
        raise ValueError(f"system: expected a subclass of System, got {given}")  # noqa: TRY004
    config = getattr(system, "Config", None)
    if not isinstance(config, type) or not issubclass(config, SystemConfig):
        given = "none" if config is None else repr(config)
        raise ValueError(f"{system.__name__}.Config: expected a subclass of SystemConfig, got {given}")  # noqa: TRY004
    default = config.model_fields["system"].get_default()
    if default != name:  # by which a configuration, fitted or stored, finds its class again
        got = "none" if default is PydanticUndefined else repr(default)
        raise ValueError(f"{config.__name__}.system: expected {name!r} by default, the name registered, got {got}")
    if missing := ", ".join(sorted(system.__abstractmethods__)):
        raise ValueError(f"{system.__name__}: expected a class that defines {missing} too, got one that does not")


@cache
def _load_all() -> None:
    import_files(PACKAGE)


def system_names() -> tuple[str, ...]:
    """Names of all registered systems: those of the paper in the order of its tables, then the others as they came."""
    _load_all()
    return tuple(sorted(_systems, key=lambda name: _place_of(_systems[name])))


def _place_of(system: type[System]) -> float:
    return math.inf if system.info.place is None else system.info.place


def find_system(name: str, argument: str = "name_or_config") -> type[System]:
    """The class of a system.

    Args:
        name: Its name.
        argument: What the message calls it.

    Raises:
        ValueError: If there is none of this name.
    """
    _load_all()
    if name not in _systems:
        raise ValueError(f"{argument}: expected one of {', '.join(system_names())}, got {name!r}")
    return _systems[name]


def system_info(name: str) -> SystemInfo:
    """Describe a system: title, paper, configuration.

    Raises:
        ValueError: If there is none of this name.
    """
    return find_system(name, "name").info


def read_config(values: dict[str, JsonValue]) -> SystemConfig:
    """Build the configuration of a system from plain values, of which ``system`` names it.

    Raises:
        ValueError: If there is no such system, or a value is wrong, in one sentence.
    """
    system = find_system(str(values.get("system")))
    try:
        return system.Config.model_validate(values)
    except ValidationError as error:
        raise ValueError(f"config: {first_problem(error)}") from None


def fit(
    name_or_config: str | SystemConfig,
    train: Dataset,
    validation: Dataset | None = None,
    seed: int = 0,
    on_report: OnReport | None = None,
) -> System:
    """Fit a system.

    Args:
        name_or_config: A name of :func:`system_names`, fitted with its default configuration, or a configuration.
        train: Samples to learn from.
        validation: Samples for early stopping; without them those systems that need some hold out 15 % of
            ``train``, by video.
        seed: Of everything random; 0 to 2^32 - 1.
        on_report: Called with the number of the step and figures by name.

    Returns:
        The fitted system.

    Raises:
        ValueError: If the name is unknown, or the data is not what the system reads, in one sentence.
    """
    if isinstance(name_or_config, str):
        config = find_system(name_or_config).Config()  # type: ignore[call-arg]  # each names itself by default
    elif isinstance(name_or_config, SystemConfig):
        config = name_or_config
    else:
        given = f"the class {name_or_config.__name__}" if isinstance(name_or_config, type) else kind_of(name_or_config)
        raise ValueError(f"name_or_config: expected a name or a configuration, got {given}")  # noqa: TRY004
    system = find_system(config.system)
    check_data(system.info, train, validation)
    report = function_or("on_report", on_report, lambda step, figures: None)
    fitted = system.fit(config, train, validation, seed=seed_number(seed), on_report=report)
    return expect(f"{system.__name__}.fit", fitted, System)  # type: ignore[type-abstract]  # a fitted one is of a concrete class


def check_data(info: SystemInfo, train: Dataset, validation: Dataset | None) -> None:
    """Raise ValueError unless a system reads training and validation samples, of which there are some, alike."""
    if len(expect("train", train, Dataset)) == 0:
        raise ValueError("train: expected at least one sample, got none")
    spec = DataSpec.of(train)
    for name, stream in spec.streams.items():
        if stream.kind not in info.reads:
            raise ValueError(
                f"train: expected modalities of kind {' or '.join(info.reads)} for {info.name}, "
                f"got {name} of kind {stream.kind}"
            )
    if spec.classes:
        known, most = set(train.labels.tolist()), int(train.labels.max())
        if empty := ", ".join(str(one) for one in range(most) if one not in known):
            warn_of([f"train: no sample of class {empty} of 0 to {most}, which is not learnt"], 3)
    if nowhere := [name for name in spec.streams if not train.has(name).any()]:
        others = tuple(name for name in spec.streams if name not in nowhere)
        raise ValueError(
            f"train: expected some samples with {nowhere[0]}, got none of {len(train)}: nothing can be learnt of it"
            + (f"; leave it out by only({others!r})" if others else "")
        )
    if validation is not None:
        if len(expect("validation", validation, Dataset)) == 0:
            raise ValueError("validation: expected at least one sample, or None, got none")
        spec.check(validation)
        if (other := DataSpec.of(validation)).classes != spec.classes:
            raise ValueError(f"validation: expected labels of kind {spec.label.kind}, got {other.label.kind}")
