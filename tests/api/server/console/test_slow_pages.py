"""A page that reads for long says so, can be cancelled, and gives way to the next page."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection

from core.database.connections.engines import driver_address
from core.embedded.postgres import Postgres
from tests.api.console_socket import console, run_page

LONGEST_S = 60  # a busy machine; the lock is held until then


def test_another_page_opens_while_the_one_before_still_reads(
    whole: str, database: Postgres
) -> None:
    with locked_events(database), console(whole) as socket:
        run_page(socket, "onboarding")
        wait_for(socket, b"Reading for")
        run_page(socket, "settings")
        wait_for(socket, b"Reporting time zone")


def test_a_read_can_be_cancelled_and_tried_again(whole: str, database: Postgres) -> None:
    with console(whole) as socket:
        with locked_events(database):
            run_page(socket, "onboarding")
            button = wait_for(socket, b"Cancel").delta.new_element.button
            run_page(socket, "onboarding", click=button.id)
            wait_for(socket, b"You cancelled reading")
        run_page(socket, "onboarding")
        wait_for(socket, b"No events in this period")


@contextmanager
def locked_events(database: Postgres) -> Iterator[None]:
    """Let every read of events wait."""
    with (
        psycopg.connect(driver_address(database.addresses().core)) as connection,
        connection.transaction(),
    ):
        connection.execute("lock table event_rollups, subjects in access exclusive mode")
        yield


def wait_for(socket: ClientConnection, text: bytes) -> ForwardMsg:
    """Read until a message of the page has a text, and return it."""
    while True:
        message = socket.recv(timeout=LONGEST_S)
        if isinstance(message, bytes) and text in message:
            found = ForwardMsg()
            found.ParseFromString(message)
            return found
