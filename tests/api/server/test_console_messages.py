"""How large a message a browser may send to the console."""

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from core.embedded.postgres import Postgres
from tests.api.console_socket import console, run_page

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
