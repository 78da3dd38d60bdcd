from __future__ import annotations

from app.shared.prose import markup


def test_symbols_and_bold_are_set() -> None:
    assert markup("**One** Z_y") == '<b>One</b> <i class="mfm-symbol">Z</i><sub>y</sub>'
    for letter, below in ("Ga", "ri"):
        assert markup(f"{letter}_{below}") == f'<i class="mfm-symbol">{letter}</i><sub>{below}</sub>'


def test_markup_in_a_text_is_shown_as_it_is_written() -> None:
    assert markup("<img src=x>") == "&lt;img src=x&gt;"
