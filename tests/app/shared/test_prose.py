from __future__ import annotations

from app.shared.prose import label, markup


def test_symbols_and_bold_are_set() -> None:
    assert markup("**One** Z_y") == '<b>One</b> <i class="mfm-symbol">Z</i><sub>y</sub>'
    for letter, below in ("Ga", "ri"):
        assert markup(f"{letter}_{below}") == f'<i class="mfm-symbol">{letter}</i><sub>{below}</sub>'


def test_markup_in_a_text_is_shown_as_it_is_written() -> None:
    assert markup("<img src=x>") == "&lt;img src=x&gt;"


def test_symbols_in_the_label_of_a_control_are_mathematics() -> None:
    assert label("Decode with the Z_y of another") == "Decode with the $Z_y$ of another"
    assert label("own_set and label_readback") == "own_set and label_readback"


def test_a_variant_is_set_with_its_index() -> None:
    assert markup("M_A and SVM_MD") == '<i class="mfm-symbol">M</i><sub>A</sub> and SVM_MD'
