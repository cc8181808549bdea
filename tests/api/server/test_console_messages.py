"""How large a message a browser may send to the console."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from core.embedded.postgres import Postgres
from core.identity.schemas import SessionKind
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


def answer(socket: ClientConnection, text: str) -> bytes | str:
    """Run the page again with this text in a field, and return the first message of the answer."""
    message = BackMsg()
    message.rerun_script.widget_states.widgets.add(id="message", string_value=text)
    socket.send(message.SerializeToString())
    return socket.recv(timeout=30)


def console(address: str) -> ClientConnection:
    """Return a connection to the console, signed in."""
    account = person(kind=SessionKind.BROWSER)
    return connect(
        f"{address.replace('http', 'ws', 1)}/_stcore/stream",
        origin=Origin(address),
        additional_headers={"Cookie": f"attune={account.token}"},
        max_size=None,
    )
