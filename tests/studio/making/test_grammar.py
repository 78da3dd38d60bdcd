"""Sentences, and what is true of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mfm_core.studio.making import make
from mfm_core.studio.making.grammar import MAX_WORDS, MIN_WORDS
from mfm_core.studio.making.ship import choose, vocabulary
from mfm_core.studio.truth import WORLDS, language_evidence, weights
from mfm_core.studio.words import ADJECTIVES, INTENSIFIERS, NEGATORS, OPENINGS, ROLES, UNSTRESSED, VERBS

N = 1_500


@pytest.fixture(scope="module")
def scripts() -> list[make.Script]:
    return [make.draw_script(11, number) for number in range(N)]


def evidence(text: str) -> list[float]:
    return language_evidence(text.split()).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the story was good", [0, 0, 0, 1]),
        ("the story was awful", [0, 0, 0, -1.5]),
        ("the story was really awful", [0, 0, 0, -0.75, -1.5]),
        ("the story was not good", [0, 0, 0, -0.4, -0.4]),
        ("never a great story", [-0.6, 0, -0.6, 0]),
        ("it was not really good", [0, 0, -0.6, -0.2, -0.4]),
        ("not the story but good music", [0, 0, 0, 0, 1, 0]),
        ("we really walked not far", [0, 0, 0, 0, 0]),
        ("good good", [1, 1]),
        ("sadly we loved it", [-1, 0, 1.5, 0]),
    ],
)
def test_a_phrase_shares_its_value_among_its_words(text: str, expected: list[float]) -> None:
    assert evidence(text) == pytest.approx(expected)


def test_a_negated_phrase_is_worth_less_than_its_opposite_and_an_intensified_one_more() -> None:
    for word, value in ADJECTIVES.items():
        assert sum(evidence(f"it was not {word}")) == pytest.approx(-0.8 * value)
        assert sum(evidence(f"it was very {word}")) == pytest.approx(1.5 * value)


def test_the_lists_do_not_contradict_one_another() -> None:
    groups = [
        set(ADJECTIVES),
        set(VERBS),
        set(OPENINGS),
        set(INTENSIFIERS),
        set(NEGATORS),
        set.union(*map(set, ROLES.values())),
    ]
    assert sum(map(len, groups)) == len(set.union(*groups))
    assert not UNSTRESSED & set.union(*groups[:5])


def test_sentences_are_of_the_length_promised_and_of_known_words(scripts: list[make.Script]) -> None:
    known = set(vocabulary())
    for script in scripts:
        words = script.sentence.words
        assert MIN_WORDS <= len(words) <= MAX_WORDS
        assert set(words) <= known
        assert len(script.sentence.pauses) == len(script.tones) == len(script.faces) == len(words)


def test_up_to_three_words_carry_evidence_in_each_modality(scripts: list[make.Script]) -> None:
    n_steps = np.array([(script.evidence() != 0).sum(1) for script in scripts])
    assert n_steps.max() == 3
    # 8 % none, within four standard errors
    assert (n_steps == 0).mean(0) == pytest.approx([0.08] * 3, abs=4 * (0.08 * 0.92 / N) ** 0.5)


def test_a_plan_is_carried_out(scripts: list[make.Script]) -> None:
    words_of = {"plain": 1, "intensified": 2, "negated": 2}
    for script in scripts:
        n_steps = (language_evidence(script.sentence.words) != 0).sum()
        assert n_steps == sum(words_of[phrase] for phrase in script.sentence.plan)


def test_the_evidence_of_the_three_modalities_is_independent(scripts: list[make.Script]) -> None:
    sums = np.array([script.evidence().sum(1) for script in scripts])
    p_values = []
    for a, b in ((0, 1), (0, 2), (1, 2)):
        p_values.append(stats.spearmanr(sums[:, a], sums[:, b]).pvalue)
        table = np.histogram2d(np.sign(sums[:, a]), np.sign(sums[:, b]), bins=3)[0]
        p_values.append(stats.chi2_contingency(table).pvalue)
    assert min(p_values) > 0.01 / len(p_values)


def test_that_test_would_notice_dependence(scripts: list[make.Script]) -> None:
    sums = np.array([script.evidence().sum(1) for script in scripts])
    assert stats.spearmanr(sums[:, 0], sums[:, 1] + 0.3 * sums[:, 0]).pvalue < 1e-6


def test_style_is_independent_of_the_evidence(scripts: list[make.Script]) -> None:
    sums = np.array([script.evidence().sum(1) for script in scripts])
    styles = np.array(
        [
            [
                s.style.rate,
                s.style.pitch,
                s.style.echo,
                s.style.expressiveness,
                s.habits.smile,
                s.habits.brow,
                s.habits.nod,
            ]
            for s in scripts
        ]
    )
    p_values = [stats.spearmanr(style, side).pvalue for style in styles.T for side in sums.T]
    assert min(p_values) > 0.01 / len(p_values)


def test_evidence_stands_anywhere_in_a_sentence(scripts: list[make.Script]) -> None:
    for modality in range(3):
        places = [np.flatnonzero(s.evidence()[modality]) / len(s.sentence.words) for s in scripts]
        share = np.histogram(np.concatenate(places), bins=4, range=(0, 1))[0] / sum(map(len, places))
        assert share.min() > 0.15


def test_a_clip_follows_from_the_seed_and_its_number_alone(scripts: list[make.Script]) -> None:
    again = make.draw_script(11, 40)
    assert again.sentence == scripts[40].sentence
    assert again.style == scripts[40].style
    assert np.array_equal(again.tones, scripts[40].tones)
    assert make.draw_script(12, 40).sentence != again.sentence


@pytest.mark.parametrize("world", WORLDS)
def test_a_score_has_standard_deviation_1_in_every_world(world: str, scripts: list[make.Script]) -> None:
    sums = np.array([script.evidence().sum(1) for script in scripts])
    weight = weights(world, make.spread_of(scripts))
    assert (sums @ weight).std() == pytest.approx(1, abs=0.06)
    shares = (weight * sums.std(0)) ** 2
    assert shares / shares.sum() == pytest.approx(np.square(WORLDS[world]) / np.square(WORLDS[world]).sum(), abs=1e-5)


def test_an_unknown_world_is_named() -> None:
    with pytest.raises(ValueError, match=r"^world: expected one of language_led, balanced, face_led, got 'voice_led'$"):
        weights("voice_led", np.ones(3))


def test_a_table_is_split_in_the_same_shares() -> None:
    names, counts = np.unique(make.splits(), return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == make.SPLITS
    assert set(make.splits(24)) == set(make.SPLITS)


def test_shipped_clips_are_test_clips_of_every_kind_and_of_both_sides(scripts: list[make.Script]) -> None:
    kind = np.array([script.sentence.kind for script in scripts])
    split = make.splits(N)
    score = np.array([script.evidence().sum() for script in scripts], np.float32)
    chosen = choose(kind, split, score)
    assert len(chosen) == len(set(chosen)) == 30
    assert set(split[chosen]) == {"test"}
    assert set(kind[chosen]) == set(kind)
    assert 10 <= (score[chosen] > 0).sum() <= 20
