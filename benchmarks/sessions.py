"""Sessions of Streamlit's own protocol over a raw websocket, as a browser speaks it, without a browser's cost.

A session asks for runs of the app, keeps what a browser keeps (the messages that the server may refer to again, the
page that is open), runs fragments again for as long as the page asks for that (a progress bar does), and counts bytes.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

TIMEOUT = 120.0
"""Seconds without a message after which a server is taken to be lost."""


class SessionError(Exception):
    """The app raised, or the server did not answer; the message says which."""


@dataclass
class Session:
    """A visitor's session.

    Attributes:
        address: ``http://host:port``, with the base path where there is one.
        socket: The websocket.
        received: Bytes that came so far.
        query: The query string that the browser's address has now.
        texts: Everything that the last run showed as text or handed to an element of its own, in order.
    """

    address: str
    socket: Any
    received: int = 0
    query: str = ""
    page: str = ""
    texts: list[str] = field(default_factory=list)
    _pages: dict[str, str] = field(default_factory=dict)
    _kept: dict[str, ForwardMsg] = field(default_factory=dict)

    @classmethod
    async def connect(cls, address: str, headers: dict[str, str] | None = None) -> Session:
        """Open a websocket.

        Args:
            address: Of the app.
            headers: Further headers of the request, for instance a cookie.
        """
        link = address.replace("http", "ws", 1) + "/_stcore/stream"
        socket = await websockets.connect(
            link, subprotocols=["streamlit"], max_size=None, open_timeout=TIMEOUT, additional_headers=headers
        )
        return cls(address, socket)

    async def open(self, page: str = "", query: str = "") -> float:
        """Open a page by its name in the address, as a link does, and return the seconds until it is whole."""
        return await self.ask(page, query)

    async def ask(self, page: str | None = None, query: str | None = None) -> float:
        """Ask for a run, wait until everything it shows is there, and return the seconds.

        Args:
            page: Name of the page in the address; the one that is open where it is None.
            query: The query string; the one that the address has where it is None.

        Raises:
            SessionError: If the app raised, or no message came in time.
        """
        self.page = self.page if page is None else page
        self.query = self.query if query is None else query
        start = time.perf_counter()
        self.texts = []
        pending = await self._run("")
        while pending is not None:
            fragment, interval = pending
            await asyncio.sleep(interval)
            pending = await self._run(fragment)
        return time.perf_counter() - start

    async def close(self) -> None:
        """Leave, as a closed tab does."""
        await self.socket.close()

    async def _run(self, fragment: str) -> tuple[str, float] | None:
        """One run; the fragment that is to run again and after how many seconds, None where nothing is pending."""
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string, rerun.fragment_id, rerun.is_auto_rerun = self.query, fragment, bool(fragment)
        rerun.page_name, rerun.page_script_hash = self.page, self._pages.get(self.page, "")
        rerun.cached_message_hashes.extend(self._kept)
        sent: bytes | None = message.SerializeToString()
        again: tuple[str, float] | None = None
        while True:
            answer = await self._next(sent)
            sent = None
            kind = answer.WhichOneof("type")
            if answer.metadata.cacheable:
                self._kept[answer.hash] = answer
            if kind == "ref_hash":
                answer, kind = self._kept[answer.ref_hash], "delta"
            if kind == "delta":
                self._take(answer)
            elif kind == "navigation":
                self._pages = {one.url_pathname: one.page_script_hash for one in answer.navigation.app_pages}
            elif kind == "page_info_changed":
                self.query = answer.page_info_changed.query_string
            elif kind == "auto_rerun":
                again = answer.auto_rerun.fragment_id, answer.auto_rerun.interval
            elif kind == "new_session" and not fragment:
                again = None
            elif kind == "script_finished":
                status = ForwardMsg.ScriptFinishedStatus.Name(answer.script_finished)
                if status == "FINISHED_EARLY_FOR_RERUN":
                    fragment, again = "", None
                    continue
                if status == "FINISHED_WITH_COMPILE_ERROR":
                    raise SessionError("the script could not be compiled")
                return again

    async def _next(self, message: bytes | None) -> ForwardMsg:
        """The next message of the server, after one of ours if there is one to send."""
        try:
            if message is not None:
                await self.socket.send(message)
            raw = await asyncio.wait_for(self.socket.recv(), TIMEOUT)
        except TimeoutError:
            raise SessionError(f"expected a message within {TIMEOUT:.0f} s, got none") from None
        except websockets.ConnectionClosed as error:
            raise SessionError(f"the connection was closed ({type(error).__name__})") from None
        self.received += len(raw)
        return ForwardMsg.FromString(raw)

    def _take(self, answer: ForwardMsg) -> None:
        if answer.delta.WhichOneof("type") != "new_element":
            return
        element = answer.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise SessionError(f"the app raised {element.exception.type}: {element.exception.message[:200]}")
        if kind == "markdown":
            self.texts.append(element.markdown.body)
        elif kind == "heading":
            self.texts.append(element.heading.body)
        elif kind == "html":
            self.texts.append(element.html.body)
        elif kind == "alert":
            self.texts.append(element.alert.body)
        elif kind == "bidi_component":
            self.texts.append(element.bidi_component.SerializeToString().decode("latin-1"))
