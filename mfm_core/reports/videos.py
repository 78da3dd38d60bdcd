"""What is said of a model of spoken videos: its data, and its dependency ratios beside the paper's."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

_STUDIO = (
    "Studio clips: 2,400 spoken reviews that this project wrote, had spoken by a synthetic voice and acted by a drawn "
    "face, so that what each word, tone and face adds to the score is known. In this world {weights}. Ours, under the "
    "licence of the code; the word vectors are GloVe (Pennington et al., 2014), in the public domain (PDDL)."
)
DATA = {
    "ict_mmmo": "Trained on ICT-MMMO (Wöllmer et al., 2013): 340 online reviews, a rating of 1 to 5 each. A step is a "
    "sentence, not a word: the mean of its words' vectors. 220 of the videos lack language: the surrogates stand in "
    "for it. Features preprocessed by an author of the paper (github.com/pliang279/MFN, MIT licence); no video, word "
    "or feature of theirs is shipped.",
    "cmu_mosi": "Trained on CMU-MOSI (Zadeh et al., 2016): 2,199 utterances of 93 videos, sentiment -3 to 3, with the "
    "official videos of each split. Words are real and at real times; the acoustic features are the mean of the "
    "utterance, the same at every word. There is no visual stream. No transcript or feature is shipped.",
    "pom": "Trained on POM (Park et al., 2014): 903 film reviews, 17 traits of the speaker rated by others. The "
    "published tensors have no language, and no visual features in 486 videos.",
    "youtube": "Trained on YouTube (Morency et al., 2011): 269 opinion segments of three classes, sparse in all "
    "streams.",
    "studio_language_led": _STUDIO.format(weights="words say most, tone a little, the face next to nothing"),
    "studio_balanced": _STUDIO.format(weights="words, tone and face say equally much"),
    "studio_face_led": _STUDIO.format(weights="the face says most, tone a little, words next to nothing"),
}


def about_data(run: Mapping[str, JsonValue]) -> str:
    """What a model of sequences was trained on, a paragraph; empty where it is not known."""
    configuration = run.get("configuration")
    data = configuration.get("data") if isinstance(configuration, dict) else None
    return DATA.get(str(data), "")


def dependency_rows(stored: JsonValue) -> list[tuple[str, ...]]:
    """Stored dependency ratios as text: modality, bandwidth, ratio, interval, p-value, n."""
    rows: list[tuple[str, ...]] = []
    for found in stored if isinstance(stored, list) else []:
        if not isinstance(found, dict):
            continue
        interval = f"{_decimals(found['low'])} to {_decimals(found['high'])}"
        rows.append(
            (
                str(found["modality"]),
                str(found["bandwidth"]),
                _decimals(found["ratio"]),
                interval,
                _decimals(found["depends_on_y"]),
                _decimals(found["depends_on_a"]),
                str(found["n"]),
                str(found["warning"] or ""),
            )
        )
    return rows


DEPENDENCY_HEADER = (
    "modality",
    "bandwidth",
    "r_i",
    "95 % interval",
    "HSIC with F_y",
    "HSIC with its F_a",
    "n",
    "warning",
)


def _decimals(value: JsonValue) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else "none"
