"""The registry of interpretations: every file of ``methods`` enters its own, and so may any package outside.

What offers, computes or measures interpretations asks here which there are: :func:`mfm_core.gradient_flow`,
:func:`mfm_core.attribute`, the evaluation against the truth, the lessons and the page Flow.
"""

from __future__ import annotations

import re
from functools import cache

from mfm_core.arguments import expect, kind_of, text_of
from mfm_core.interpretation.base import Attribution, FlowReading, Interpretation
from mfm_core.registering import check_takes, import_files, load_before, place_of

EQ_7 = "norm"
"""The reading that is Eq. 7 as printed."""
ORDER = ("score", "norm", "standardised", "relative", "integrated_gradients", "saliency", "leave_one_out")
"""The order in lists; interpretations of other keys come after those of their kind, as they were registered."""
TAKEN = frozenset({"chance", "gradient_flow"})
"""Keys that mean something else: a step drawn by chance in figures, and Eq. 7 to :func:`mfm_core.attribute`."""

PACKAGE = "mfm_core.interpretation.methods"
_interpretations: dict[str, Interpretation] = {}


def register_interpretation(entry: Interpretation) -> None:
    """Enter an interpretation into the registry, from this package or from outside.

    Args:
        entry: A reading of the flow, or an attribution, with its function.

    Raises:
        ValueError: If it is neither, its key is taken or no plain name, a text is none, ``signed`` or what it needs is
            neither True nor False, or its function is none or takes other arguments.
    """
    if not isinstance(entry, FlowReading | Attribution):
        raise ValueError(f"entry: expected a FlowReading or an Attribution, got {kind_of(entry)}")  # noqa: TRY004
    if not isinstance(entry.key, str) or re.fullmatch("[a-z_][a-z0-9_]{0,39}", entry.key) is None:
        raise ValueError(f"key: expected at most 40 lower-case letters, digits and '_', got {entry.key!r}")
    for name in ("title", "way", "meaning", "unit"):
        text_of(name, getattr(entry, name))
    for name in ("signed", "needs_label", "needs_reference"):
        expect(name, getattr(entry, name), bool)
    if not callable(entry.measure):
        raise ValueError(f"measure: expected a function, got {kind_of(entry.measure)}")  # noqa: TRY004
    if isinstance(entry, FlowReading):
        check_takes("measure", entry.measure, "one Question", None)
    else:
        check_takes("measure", entry.measure, "model, inputs, mask and the name target", None, None, None, target=None)
    load_before(entry.measure, PACKAGE, _load_all)
    old = _interpretations.get(entry.key)
    if entry.key in TAKEN or (old is not None and place_of(old.measure) != place_of(entry.measure)):
        raise ValueError(f"key: expected one that is not taken, got {entry.key!r}")
    _interpretations[entry.key] = entry


@cache
def _load_all() -> None:
    import_files(PACKAGE)


def interpretations() -> dict[str, Interpretation]:
    """All registered interpretations by key: readings of the flow, then attributions."""
    return {**flow_readings(), **attributions()}


def flow_readings() -> dict[str, FlowReading]:
    """The readings of the gradient flow by key, in order."""
    return {key: entry for key, entry in _ordered().items() if isinstance(entry, FlowReading)}


def attributions() -> dict[str, Attribution]:
    """The attributions of the label's score by key, in order."""
    return {key: entry for key, entry in _ordered().items() if isinstance(entry, Attribution)}


def find_interpretation(key: str) -> Interpretation:
    """The interpretation of a key.

    Raises:
        ValueError: If there is none.
    """
    known = interpretations()
    if key not in known:
        raise ValueError(f"interpretation: expected one of {', '.join(known)}, got {key!r}")
    return known[key]


def _ordered() -> dict[str, Interpretation]:
    _load_all()
    known = [key for key in ORDER if key in _interpretations]
    return {key: _interpretations[key] for key in (*known, *(key for key in _interpretations if key not in ORDER))}
