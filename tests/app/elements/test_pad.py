"""Drawings as a browser hands them over."""

from __future__ import annotations

import pytest

from app.elements.pad import pad


def test_the_pad_asks_for_what_a_picture_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, str] = {}
    monkeypatch.setattr(pad, "mount", lambda data, **_: given.update(data))
    pad.draw((1, 28, 28), "letter")
    assert given["hint"] == "One large letter"
    assert given["label"].startswith("Draw one letter. By keyboard: ")


@pytest.mark.parametrize("sent", ["no base64", "\u00e9", "", 3, None, ["iVBORw0KGgo="]])
def test_what_is_no_drawing_is_taken_for_an_empty_one(sent: object, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bytes] = []
    monkeypatch.setattr(pad, "_keep", lambda raw, shape: kept.append(raw))
    pad._take(sent, (1, 28, 28))
    assert kept == [b""]
