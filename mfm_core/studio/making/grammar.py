"""Sentences of a spoken review: clauses that evaluate, among clauses that do not, in any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mfm_core.studio.words import (
    ADJECTIVES,
    INTENSIFIERS,
    NEGATORS,
    OPENINGS,
    ROLES,
    UNSTRESSED,
    VERB_INTENSIFIERS,
    VERBS,
)

MIN_WORDS, MAX_WORDS = 6, 20
Phrase = Literal["plain", "intensified", "negated"]
# Phrases of a clip, and how often: 0 to 3 words that carry evidence.
PLANS: tuple[tuple[tuple[Phrase, ...], float], ...] = (
    ((), 0.08),
    (("plain",), 0.20),
    (("intensified",), 0.14),
    (("negated",), 0.14),
    (("plain", "plain"), 0.16),
    (("plain", "intensified"), 0.09),
    (("plain", "negated"), 0.09),
    (("plain", "plain", "plain"), 0.10),
)
LEAN = 0.85  # how often a step agrees with the side that its clip leans to, drawn for each modality on its own
N_STEPS = (0.08, 0.32, 0.32, 0.28)  # how often 0 to 3 words carry a tone, or a face

# In a frame, <role> is a neutral word of that role, {A} an adjective phrase, {V} a verb phrase, {O} an opening word.
PREDICATES = (
    "the <part> <was> {A}",
    "the <part> of the <thing> <was> {A}",
    "to me the <part> <was> {A} on <day>",
    "the <thing> <was> {A} from the start",
    "<who> {V} the <part>",
    "<who> {V} the <thing> in the <place>",
    "my <person> {V} every <part>",
)
PLAIN = (
    "<who> saw a {A} <thing>",
    "{A} <part> fills the first part of the <thing>",
    "{O} the <thing> ended before <day>",
    "{O} my <person> had the tickets",
    "<who> remembered a {A} <part> near the end",
)
NEUTRAL = (
    "<who> <saw> the <thing> on <day>",
    "<who> <did> the <object> in <month>",
    "my <person> <did> a <object> at the <place>",
    "the <thing> runs for <number> <unit>",
    "the <part> begins in a <place>",
    "there is a <place> behind the <place>",
    "my <person> sat next to the <object>",
    "<who> took the train to the <place> in <month>",
    "the <part> was written over <number> <unit>",
    "<number> people came by bus",
    "the <thing> came out in <month>",
)
LINKS = ("and", "and", "while", "then", "but", "")


@dataclass(frozen=True)
class Sentence:
    """Sentence of a clip.

    Attributes:
        words: In lower case, 6 to 20.
        pauses: Which words have a comma after them.
        plan: The evaluative phrases in it.
    """

    words: tuple[str, ...]
    pauses: tuple[bool, ...]
    plan: tuple[Phrase, ...]

    @property
    def kind(self) -> str:
        """The plan in words."""
        return " + ".join(self.plan) or "neutral"


def draw_sentence(rng: np.random.Generator) -> Sentence:
    """Draw a sentence: a plan, a clause for each of its phrases, neutral clauses between them."""
    plan = PLANS[rng.choice(len(PLANS), p=[share for _, share in PLANS])][0]
    lean = rng.choice((-1, 1))
    while True:
        phrases = [plan[i] for i in rng.permutation(len(plan))]
        clauses = [_evaluative(phrase, int(lean if rng.random() < LEAN else -lean), rng) for phrase in phrases]
        clauses += [_fill(_pick(NEUTRAL, rng), {}, rng) for _ in range(rng.integers(0 if plan else 1, 3))]
        words, pauses = _joined([clauses[i] for i in rng.permutation(len(clauses))], rng)
        if MIN_WORDS <= len(words) <= MAX_WORDS:
            return Sentence(tuple(words), tuple(pauses), plan)


def draw_levels(words: Sequence[str], rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Draw which words carry a tone (or a face), and which: ``(len(words),)`` of -1, 0 and 1.

    The words are drawn among those long enough, whatever they mean.
    """
    levels = np.zeros(len(words), np.int64)
    able = [step for step, word in enumerate(words) if word not in UNSTRESSED]
    lean = rng.choice((-1, 1))
    for step in rng.choice(able, min(int(rng.choice(len(N_STEPS), p=N_STEPS)), len(able)), replace=False):
        levels[step] = lean if rng.random() < LEAN else -lean
    return levels


def _evaluative(phrase: Phrase, side: int, rng: np.random.Generator) -> list[str]:
    """A clause with one phrase whose evidence is on ``side``."""
    frame = _pick(PREDICATES + (PLAIN if phrase != "negated" else ()), rng)
    if "{O}" in frame and phrase != "plain":
        frame = _pick(PREDICATES, rng)
    valence = -side if phrase == "negated" else side

    def one_of(words: dict[str, float]) -> str:
        return _pick(tuple(word for word, value in words.items() if value * valence > 0), rng)

    def fill(words: dict[str, float], intensifiers: tuple[str, ...], negators: tuple[str, ...]) -> Callable[[], str]:
        before = {"plain": (), "intensified": intensifiers, "negated": negators}[phrase]
        return lambda: f"{_pick(before, rng)} {one_of(words)}" if before else one_of(words)

    return _fill(
        frame,
        {
            "{A}": fill(dict(ADJECTIVES), INTENSIFIERS, NEGATORS),
            "{V}": fill(dict(VERBS), VERB_INTENSIFIERS, NEGATORS[1:]),
            "{O}": lambda: one_of(dict(OPENINGS)),
        },
        rng,
    )


def _fill(frame: str, slots: dict[str, Callable[[], str]], rng: np.random.Generator) -> list[str]:
    """The words of a frame, with "an" for "a" where the next word asks for it."""
    words: list[str] = []
    for token in frame.split():
        if token in slots:
            words += slots[token]().split()
        else:
            words.append(_pick(ROLES[token[1:-1]], rng) if token.startswith("<") else token)
    vowel = [word[0] in "aeiou" for word in words[1:]] + [False]
    return ["an" if word == "a" and before_vowel else word for word, before_vowel in zip(words, vowel, strict=True)]


def _joined(clauses: list[list[str]], rng: np.random.Generator) -> tuple[list[str], list[bool]]:
    """Clauses after one another, with a comma between them and a link word or none."""
    words, pauses = list(clauses[0]), [False] * len(clauses[0])
    for clause in clauses[1:]:
        pauses[-1] = True
        linked = [*_pick(LINKS, rng).split(), *clause]
        words += linked
        pauses += [False] * len(linked)
    return words, pauses


def _pick(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]
