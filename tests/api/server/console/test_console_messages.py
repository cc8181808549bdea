"""How large a message a browser may send to the console."""

import socket
import struct
from base64 import b64encode
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from core.embedded.postgres import Postgres
from core.identity.schemas import SessionKind
from tests.api.console_socket import console, run_page
from tests.factories.identity import person

LONGEST_TEXT = "\N{GRINNING FACE}" * 250_000  # 1 MB; a field may hold it


def test_the_longest_text_of_a_field_reaches_the_console(whole: str, database: Postgres) -> None:
    with console(whole) as socket:
        assert answer(socket, LONGEST_TEXT)


def test_a_message_larger_than_any_page_sends_closes_the_connection(
    whole: str, database: Postgres
) -> None:
    with console(whole) as socket, pytest.raises(ConnectionClosed):
        answer(socket, LONGEST_TEXT * 5)


def test_messages_to_the_console_are_compressed(whole: str, database: Postgres) -> None:
    """Those of a first visit are 106 kB, and 42 compressed."""
    with console(whole) as socket:
        names = [extension.name for extension in socket.protocol.extensions]
    assert names == ["permessage-deflate"]


def answer(socket: ClientConnection, text: str) -> bytes | str:
    """Run a page with this text in a field, and return the first message of the answer."""
    run_page(socket, text=text)
    return socket.recv(timeout=30)


def test_pings_are_not_taken_without_end_when_their_answers_are_not_read(
    whole: str, database: Postgres
) -> None:
    # Their answers were kept: one websocket added 369 MB in 40 s
    host = urlsplit(whole)
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {host.netloc}",
        f"Origin: {whole}",
        f"Cookie: attune={person(kind=SessionKind.BROWSER).token}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {b64encode(bytes(16)).decode()}",
    ]
    with socket.create_connection((host.hostname or "", host.port or 0), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        assert connection.recv(12) == b"HTTP/1.1 101"
        connection.settimeout(3)
        with pytest.raises(TimeoutError):
            send_pings(connection)


def send_pings(connection: socket.socket) -> None:
    """Send 50 MB, much more than can be on the way; raise TimeoutError when they are not taken."""
    pings = (struct.pack(">BBI", 0x89, 0x80 | 120, 0) + b"p" * 120) * 4000
    for _ in range(100):
        connection.sendall(pings)
