"""Sockets that are open when their session ends."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

from alm_workbench.server.sessions import SESSION_ENDED, SocketWatch, Ticket

USER, ONE, TWO = UUID(int=1), UUID(int=2), UUID(int=3)


class Echo(WebSocketHandler):
    """Says what it hears; its session stands in the address."""

    def open(self, session: str) -> None:
        """Be watched from the beginning."""
        self.settings["watch"].note(self, str(USER), session)

    def on_message(self, message: str | bytes) -> None:
        """Say it again."""
        self.write_message(message)


async def _scene(ended: set[UUID], broken: list[bool]) -> tuple[int | None, Any, int]:
    """Two sockets, one session ends: how it was closed, what the other still says, how often was asked."""
    asked: list[UUID] = []

    async def alive(ticket: Ticket) -> bool:
        asked.append(ticket.session_id)
        if broken:
            raise OSError("the database does not answer")
        return ticket.session_id not in ended

    watch = SocketWatch(alive, seconds=0.05)
    server = HTTPServer(Application([(r"/(.*)", Echo)], watch=watch))
    socket, port = bind_unused_port()
    server.add_socket(socket)
    one = await websocket_connect(f"ws://127.0.0.1:{port}/{ONE}")
    again = await websocket_connect(f"ws://127.0.0.1:{port}/{ONE}")
    two = await websocket_connect(f"ws://127.0.0.1:{port}/{TWO}")
    broken.append(True)
    ended.add(ONE)
    await asyncio.sleep(0.2)
    await one.write_message("still here")
    assert await one.read_message() == "still here"  # nobody knew whether the session had ended
    broken.clear()
    assert await asyncio.wait_for(one.read_message(), 5) is None
    assert await asyncio.wait_for(again.read_message(), 5) is None
    await two.write_message("hello")
    heard = await asyncio.wait_for(two.read_message(), 5)
    for client in (one, again, two):
        client.close()
    asked.clear()
    await watch.look()
    server.stop()
    await server.close_all_connections()
    return one.close_code, heard, asked.count(ONE)


def test_sockets_of_an_ended_session_are_closed_and_others_are_not() -> None:
    """Within a moment, with a code that says why; a database that does not answer closes nothing."""
    code, heard, asked = asyncio.run(_scene(set(), []))
    assert (code, heard, asked) == (SESSION_ENDED, "hello", 0)
