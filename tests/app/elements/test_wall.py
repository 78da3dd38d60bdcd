"""What a wall says of its readings is what it shows."""

from __future__ import annotations

import pytest

from app.elements.wall.wall import how_to_read


@pytest.mark.parametrize(
    ("judged", "framed", "said"),
    [
        (("svhn", "mnist"), False, "Under a picture: the digit that an independent judge sees in it."),
        (("mnist",), False, "Under a picture of MNIST: the digit that an independent judge sees in it."),
        ((), True, "No independent judge is stored for the pictures of this model, so none is read."),
        (("other",), True, "No independent judge is stored for the pictures of this model, so none is read."),
    ],
)
def test_a_judge_is_told_of_where_there_is_one(judged: tuple[str, ...], framed: bool, said: str) -> None:
    assert how_to_read(judged, ("svhn", "mnist"), "digit", framed=framed) == said
    assert "dashed frame" in how_to_read(("mnist",), ("mnist",), "digit")
