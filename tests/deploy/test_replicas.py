"""Replicas behind the shipped nginx configuration: sticky sessions, caching, base path, and one replica killed."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from benchmarks.sessions import Session, SessionError
from tests.deploy.conftest import Hall, Run

NAMED = "kept-through-a-kill"
STATE = f"section=slide&names=svhn-1~{NAMED}"
"""A link whose page is given a name that only this state has."""


PATIENCE = 120_000
"""Milliseconds that a browser waits for a page, on a machine with other work."""
CROWD = range(100, 116)
"""Visitors whom no other test has."""


def visitor(number: int) -> str:
    """A cookie as the proxy gives one."""
    return f"{number:032x}"


def cookie(number: int) -> dict[str, str]:
    return {"Cookie": f"mfm_visitor={visitor(number)}"}


def get(link: str, **headers: str) -> tuple[bytes, dict[str, str]]:
    with urllib.request.urlopen(urllib.request.Request(link, headers=headers), timeout=20) as answer:
        return answer.read(), {name.lower(): value for name, value in answer.headers.items()}


def assets(hall: Hall) -> list[str]:
    """Scripts that the app's first document names."""
    page, _ = get(f"{hall.address}/")
    found = re.findall(r'src="(?:\./|/mfm/)(static/[^"]+\.js)"', page.decode())
    assert found
    return found


def test_the_first_answer_gives_a_visitor_a_name_and_later_ones_keep_it(hall: Hall) -> None:
    _, headers = get(f"{hall.address}/")
    given = re.match(r"mfm_visitor=([0-9a-f]{32}); Path=/mfm; HttpOnly; SameSite=Lax", headers["set-cookie"])
    assert given
    _, headers = get(f"{hall.address}/", Cookie=f"mfm_visitor={given[1]}")
    assert "mfm_visitor" not in headers.get("set-cookie", "")
    _, headers = get(f"{hall.address}/", Cookie="mfm_visitor=of-another-make")
    assert "mfm_visitor=" in headers["set-cookie"]


def test_scripts_are_packed_and_come_from_the_proxy_when_asked_for_again(hall: Hall) -> None:
    link = f"{hall.address}/{assets(hall)[0]}"
    plain, _ = get(link)
    packed, headers = get(link, **{"Accept-Encoding": "gzip"})
    assert headers["content-encoding"] == "gzip"
    assert headers["x-cache"] == "HIT"
    assert "immutable" in headers["cache-control"]
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 2


def test_what_is_not_under_the_base_path_is_sent_there_or_not_found(hall: Hall) -> None:
    root = hall.address.removesuffix("/mfm")
    page, _ = get(root)
    assert page == get(f"{hall.address}/")[0]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{root}/_stcore/health")


def test_an_upload_beyond_the_limit_is_refused_by_the_proxy(hall: Hall) -> None:
    request = urllib.request.Request(
        f"{hall.address}/_stcore/upload_file/a/b", data=bytes(6_000_000), method="PUT", headers=cookie(1)
    )
    with pytest.raises(urllib.error.HTTPError, match="413"):
        urllib.request.urlopen(request, timeout=20)


def test_a_visitor_stays_with_one_replica_and_both_have_some(hall: Hall, run: Run[None]) -> None:
    async def visits() -> None:
        for _ in range(2):
            for session in await asyncio.gather(*(Session.connect(hall.address, cookie(n)) for n in CROWD)):
                await session.close()

    run(visits())
    end = time.monotonic() + 20  # a websocket is logged once it is over
    while any(len(hall.served_by(visitor(n))) < 2 for n in CROWD) and time.monotonic() < end:
        time.sleep(0.1)
    replicas = [set(hall.served_by(visitor(n))) for n in CROWD]
    assert [len(one) for one in replicas] == [1] * len(CROWD)
    assert {f"127.0.0.1:{server.address.rpartition(':')[2]}" for server in hall.replicas} == set().union(*replicas)


PRIVATE = "known-to-nobody-else"
LINKS = [
    *(f"section=sample&factor={factor}&seed=13" for factor in ("y", "mnist")),
    *(f"section=slide&names=svhn-1~known-to-{who}-alone" for who in ("one", "two")),
    "section=translate&a=3",
]


def test_sessions_of_one_replica_never_see_each_other(hall: Hall, run: Run[Any]) -> None:
    """Every visitor sees what it would see alone, whatever the others open in the same moment."""

    async def alone(link: str) -> list[str]:
        session = await Session.connect(hall.address, cookie(1))
        await session.open("generate", link)
        await session.close()
        return session.texts

    async def together() -> list[list[list[str]]]:
        sessions = [await Session.connect(hall.address, cookie(1)) for _ in LINKS]
        seen: list[list[list[str]]] = [[] for _ in LINKS]
        for turn in range(3):  # first by the link, then as the server has it in mind
            links = [session.query if turn else link for link, session in zip(LINKS, sessions, strict=True)]
            await asyncio.gather(*(one.ask("generate", link) for one, link in zip(sessions, links, strict=True)))
            for place, session in enumerate(sessions):
                seen[place].append(session.texts)
        for session in sessions:
            await session.close()
        return seen

    for link in LINKS:  # whatever is made once for all is made now
        run(alone(link))
    wanted = [run(alone(link)) for link in LINKS]
    seen = run(together())
    assert len({"".join(texts) for texts in wanted}) == len(LINKS)
    for place, link in enumerate(LINKS):
        assert seen[place] == [wanted[place]] * 3, link
    for who, other in (("one", "two"), ("two", "one")):
        place = LINKS.index(f"section=slide&names=svhn-1~known-to-{who}-alone")
        assert f"known-to-{who}-alone" in "".join(seen[place][0])
        assert not any(f"known-to-{other}-alone" in "".join(texts) for texts in seen[place])


def test_nothing_of_a_visitor_is_printed(hall: Hall, run: Run[None]) -> None:
    """Neither what a link carries, nor what of it is wrong."""

    async def visit() -> None:
        session = await Session.connect(hall.address, cookie(2))
        for page in ("", "generate", "flow", "lab", "lessons", "about_this_model"):
            for link in (f"section=slide&names=svhn-1~{PRIVATE}", f"section={PRIVATE}&seed={PRIVATE}&{PRIVATE}=1"):
                await session.open(page, link)
        await session.close()

    run(visit())
    get(f"{hall.address}/generate?names=svhn-1~{PRIVATE}", **cookie(2))
    printed = [log.read_text() for log in hall.printed]
    assert all("You can now view" in text for text in printed[:2])
    assert "GET /mfm/generate 200" in printed[2]
    assert PRIVATE not in "".join(printed)


@pytest.mark.browser
def test_nothing_of_an_upload_is_printed(hall: Hall, chromium: Browser) -> None:
    """Neither the name of a file nor what is wrong in it."""
    page = chromium.new_context().new_page()
    page.goto(f"{hall.address}/lab?data=upload")
    page.locator("input[type=file]").set_input_files(
        {"name": f"{PRIVATE}.npz", "mimeType": "application/zip", "buffer": PRIVATE.encode()}
    )
    expect(page.get_by_role("button", name=f"Remove {PRIVATE}.npz")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("expected a whole NumPy archive")).to_be_visible(timeout=PATIENCE)
    printed = [log.read_text() for log in hall.printed]
    assert PRIVATE not in "".join(printed)


@pytest.mark.browser
def test_a_page_of_another_site_can_embed_the_app(hall: Hall, chromium: Browser) -> None:
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_content(
        f'<iframe src="{hall.address}/generate?embed=true&section=read" width="1200" height="800"></iframe>'
    )
    app = page.frame_locator("iframe")
    expect(app.get_by_role("heading", name="Do picture and label agree?")).to_be_visible(timeout=PATIENCE)
    expect(app.get_by_text("of the link")).to_have_count(0)  # nothing of the link was ignored
    page.context.close()


@pytest.mark.browser
def test_visitors_of_a_killed_replica_go_on_with_their_state(
    hall: Hall,
    chromium: Browser,
    run: Run[Any],
) -> None:
    """The last test of the module: one replica is gone after it."""

    async def before() -> dict[int, tuple[Session, list[str]]]:
        sessions = {}
        for n in range(8):
            session = await Session.connect(hall.address, cookie(n))
            await session.open("generate", STATE)
            sessions[n] = session, session.texts
        return sessions

    async def after(sessions: dict[int, tuple[Session, list[str]]]) -> tuple[int, int]:
        lost = 0
        for n, (session, texts) in sessions.items():
            try:
                await session.ask()
            except SessionError:
                lost += 1
                await session.close()
                session = await Session.connect(hall.address, cookie(n))
                await session.open("generate", STATE)
            assert session.texts == texts
            await session.close()
        return lost, len(sessions)

    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{hall.address}/generate?section=sample&factor=mnist&seed=12", timeout=PATIENCE)
    expect(page.get_by_role("button", name="Resample")).to_be_visible(timeout=PATIENCE)
    name = next(one["value"] for one in page.context.cookies() if one["name"] == "mfm_visitor")

    sessions = run(before())
    assert any(NAMED in text for text in sessions[0][1])
    os.kill(server_of(hall, name), signal.SIGKILL)
    get(f"{hall.address}/generate?{STATE}", Cookie=f"mfm_visitor={name}")  # which the proxy asks the dead one for first
    lost, n = run(after(sessions))
    assert 0 < lost < n
    assert NAMED not in "".join(log.read_text() for log in hall.printed)

    end = time.monotonic() + PATIENCE / 1_000
    while (
        not re.search("seed=1[3-9]", page.url) and time.monotonic() < end
    ):  # a click is lost until the browser is connected again
        page.get_by_role("button", name="Resample").click(timeout=PATIENCE)
        page.wait_for_timeout(1_000)
    expect(page).to_have_url(re.compile("seed=1[3-9]"))
    assert "factor=mnist" in page.url
    page.context.close()


def server_of(hall: Hall, name: str) -> int:
    """Process of the replica that serves a visitor."""
    get(f"{hall.address}/", Cookie=f"mfm_visitor={name}")
    port = hall.served_by(name)[-1].rpartition(":")[2]
    return next(server.process for server in hall.replicas if server.address.endswith(f":{port}"))


def test_no_secret_or_address_of_a_machine_is_in_what_is_shipped() -> None:
    for path in (Path(__file__).parents[2] / "deploy").iterdir():
        text = path.read_text()
        assert not re.search(r"\b(?!127\.0\.0\.1|0\.0\.0\.0)\d+\.\d+\.\d+\.\d+\b", text), path
        assert not re.search(r"[0-9a-f]{32,}", text), path
