"""The words of the studio clips: what each adds to the score in itself, and the neutral words around them.

All lists are ours. Every word is among the 30,000 most frequent of GloVe, so that each has a vector.
"""

from __future__ import annotations

from collections.abc import Mapping

MILD, STRONG = 1.0, 1.5

POSITIVE_MILD = "good nice pleasant charming enjoyable funny clever lovely solid entertaining elegant graceful likable"
POSITIVE_STRONG = (
    "great wonderful excellent brilliant superb amazing fantastic perfect beautiful delightful magnificent terrific "
    "stunning outstanding marvelous"
)
NEGATIVE_MILD = "bad dull boring weak clumsy confusing tedious bland silly poor annoying messy sloppy lame"
NEGATIVE_STRONG = (
    "awful terrible horrible dreadful disappointing pathetic ridiculous atrocious unbearable hideous appalling "
    "disgusting miserable"
)
POSITIVE_VERBS_MILD, POSITIVE_VERBS_STRONG = "enjoyed liked admired", "loved appreciated"
NEGATIVE_VERBS_MILD, NEGATIVE_VERBS_STRONG = "disliked regretted", "hated despised"
POSITIVE_OPENINGS, NEGATIVE_OPENINGS = "luckily thankfully happily", "sadly unfortunately alas"


def _valued(*lists: tuple[str, float]) -> dict[str, float]:
    return {word: value for words, value in lists for word in words.split()}


ADJECTIVES: Mapping[str, float] = _valued(
    (POSITIVE_MILD, MILD), (POSITIVE_STRONG, STRONG), (NEGATIVE_MILD, -MILD), (NEGATIVE_STRONG, -STRONG)
)
VERBS: Mapping[str, float] = _valued(
    (POSITIVE_VERBS_MILD, MILD),
    (POSITIVE_VERBS_STRONG, STRONG),
    (NEGATIVE_VERBS_MILD, -MILD),
    (NEGATIVE_VERBS_STRONG, -STRONG),
)
OPENINGS: Mapping[str, float] = _valued((POSITIVE_OPENINGS, MILD), (NEGATIVE_OPENINGS, -MILD))
VALENCE: Mapping[str, float] = {**ADJECTIVES, **VERBS, **OPENINGS}
"""Contribution of an evaluative word to the score where nothing before it changes that."""

INTENSIFIERS = ("really", "truly", "very", "extremely", "incredibly", "absolutely")
VERB_INTENSIFIERS = ("really", "truly", "absolutely")
NEGATORS = ("not", "never", "hardly")
ARTICLES = ("a", "an", "the")

# Neutral words, by the role they have in the frames of the grammar.
ROLES: Mapping[str, tuple[str, ...]] = {
    role: tuple(words.split())
    for role, words in {
        "part": "story plot script ending music acting dialogue opening cast camera lighting editing pace soundtrack",
        "thing": "film movie picture sequel remake show series documentary cartoon",
        "who": "we they he she i",
        "person": "brother sister neighbor teacher cousin uncle aunt daughter son colleague",
        "day": "monday tuesday wednesday thursday friday saturday sunday",
        "month": "january april june july september october november",
        "place": "theater city village office library hotel museum station garden school",
        "object": "table chair window ticket camera bottle letter coat bag map",
        "number": "two three four five six seven ten twelve",
        "unit": "hours minutes weeks days months",
        "saw": "saw watched rented ordered borrowed",
        "did": "bought carried moved opened counted wrote kept",
        "was": "was seemed felt looked",
    }.items()
}
# Words too short to carry a tone or a face of their own.
UNSTRESSED = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "at",
        "it",
        "i",
        "he",
        "we",
        "was",
        "is",
        "and",
        "as",
        "by",
        "for",
        "or",
        "with",
    ]
)
