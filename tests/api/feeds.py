"""A client of a playground session's websocket that can lose its connection at any time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.factories.identity import Person

News = dict[str, Any]


def address_of(address: str, session_id: UUID | str, **query: object) -> str:
    """Return the address of a session's feed."""
    more = "".join(f"&{name}={value}" for name, value in query.items() if value is not None)
    return f"{address.replace('http://', 'ws://')}/api/v1/admin/playground/ws?session_id={session_id}{more}"


@contextmanager
def following(
    address: str, session_id: UUID | str, person: Person | None, **query: object
) -> Iterator[ClientConnection]:
    """Follow a session by a program's token."""
    headers = person.headers if person else None
    with connect(
        address_of(address, session_id, **query), additional_headers=headers, open_timeout=60
    ) as socket:
        yield socket


@contextmanager
def following_by_cookie(
    address: str, session_id: UUID, person: Person
) -> Iterator[ClientConnection]:
    """Follow a session as the console's page does."""
    cookie = {"Cookie": f"attune={person.token}"}
    with connect(
        address_of(address, session_id),
        additional_headers=cookie,
        origin=Origin(address),
        open_timeout=60,
    ) as socket:
        yield socket


def heard(socket: ClientConnection, timeout_s: float = 60.0) -> News:
    """Return the next message."""
    news: News = json.loads(socket.recv(timeout=timeout_s))
    return news


def heard_until(socket: ClientConnection, kind: str) -> list[News]:
    """Return all messages up to the first of a kind."""
    found = [heard(socket)]
    while found[-1]["type"] != kind:
        found.append(heard(socket))
    return found


def close_code(socket: ClientConnection) -> int:
    """Read on until the other side closes, and return its code."""
    with suppress(ConnectionClosed):
        while True:
            socket.recv(timeout=60)
    return socket.close_code or 0


class Reader:
    """What a client has received: token texts at their positions, until the complete message
    arrives.
    """

    def __init__(self) -> None:
        """Nothing yet."""
        self.texts: dict[str, str] = {}
        self.messages: dict[str, News] = {}
        self.number: int | None = None
        self.numbers: list[int] = []

    def read(self, news: News) -> None:
        """Take a message in."""
        self.numbers.append(news["n"])
        self.number = news["n"]
        match news["type"]:
            case "playground_token":
                known = self.texts.get(news["message_id"], "")
                assert news["at"] <= len(known), "something was left out"
                self.texts[news["message_id"]] = known[: news["at"]] + news["text"]
            case "playground_response":
                self.messages[news["message_id"]] = news
            case other:
                assert other in ("playground_session", "playground_queue")
