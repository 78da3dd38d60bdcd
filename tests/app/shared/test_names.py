"""Names of modalities and blocks of Z."""

from __future__ import annotations

from app.shared import names


def test_a_modality_is_called_by_the_data_set_only_where_pairs_are_made_of_one() -> None:
    assert [names.title(name) for name in ("svhn", "mnist", "language", "pom")] == [
        *("SVHN", "MNIST", "Language", "Pom"),
    ]


def test_a_style_is_that_of_the_data_set_or_of_the_modality() -> None:
    assert [names.meaning(name, "digit") for name in ("y", "svhn", "mnist", "colour")] == [
        *("the digit", "house-number style", "handwriting", "style of Colour"),
    ]
    assert names.factors(("left",), "breed") == {"y": "the breed", "left": "style of Left"}


def test_a_picture_shows_what_the_data_set_calls_its_label() -> None:
    assert [names.shown_in(label) for label in ("digit", "breed", "label")] == ["digit", "breed", "picture"]
