"""Problems that pydantic finds in files and settings, as sentences: what was expected, and what was given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_MAX_SHOWN = 80
_EXPECTED: Mapping[str, str] = {
    "missing": "this key, which is missing",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "string_too_short": "text of at least {min_length} letters",
    "string_too_long": "text of at most {max_length} letters",
    "string_pattern_mismatch": "text of the pattern {pattern}",
    "dict_type": "an object",
    "model_type": "an object",
    "list_type": "a list",
    "tuple_type": "a list",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "literal_error": "{expected}",
    "union_tag_invalid": "{discriminator} to be one of {expected_tags}, and not {tag!r}",
    "union_tag_not_found": "a key {discriminator} that tells which kind it is",
    "json_invalid": "JSON",
}
"""Expected values by pydantic's type of error, with what its context tells."""


def expectation(problem: ErrorDetails) -> str:
    """Describe what was expected where pydantic found a problem, as ``expected …``; others in pydantic's words."""
    template = _EXPECTED.get(problem["type"])
    if template is None:
        return problem["msg"].removeprefix("Value error, ")  # which are ours
    sentence = "expected " + template.format_map(problem.get("ctx", {}))
    return sentence + f" ({problem['ctx']['error']})" if problem["type"] == "json_invalid" else sentence


def unknown_key(key: object, value: object, known: Iterable[str]) -> str:
    """Describe a key that there is not: the nearest one that there is, or all of them where none is near.

    Args:
        key: As it was given.
        value: Given under it.
        known: The keys that there are.
    """
    name, keys = printable(str(key)), list(known)
    near = get_close_matches(name, keys, n=1)
    instead = f"did you mean {near[0]}?" if near else f"there are {', '.join(keys)}"
    return f"{name}: expected no such key ({instead}), got {shown(value)}"


def printable(text: str, most: int = 60) -> str:
    """The start of what a user wrote, fit for one line of a message; ``?`` for letters without a shape."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:most])


def reason(error: BaseException) -> str:
    """The start of what a library says of a file, fit for one line of a message: some repeat the file in it."""
    return printable(str(error), 200)


def shown(given: object) -> str:
    """Spell a given value, cut to 80 letters."""
    text = repr(given)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."
