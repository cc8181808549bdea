"""A mail server cannot hold a job for hours, nor have an accepted message repeated."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.message import EmailMessage

import pytest

from core.network import mail
from core.platform.config import config

Talk = Callable[[socket.socket], None]


def drip(connection: socket.socket) -> None:
    """Greet one byte after the other, and never to the end of the line."""
    for byte in b"220 " + b"x" * 100:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


def greet_endlessly(connection: socket.socket) -> None:
    for _ in range(100):
        connection.sendall(b"220-wait\r\n")
        time.sleep(0.1)


def refuse_to_quit(connection: socket.socket) -> None:
    """Accept a message, and answer its end with an error."""
    connection.sendall(b"220 hello\r\n")
    is_in_message = False
    for line in connection.makefile("rb"):
        if is_in_message and line != b".\r\n":
            continue
        is_in_message = line.upper().startswith(b"DATA")
        is_end = line.upper().startswith(b"QUIT")
        code = b"354" if is_in_message else b"421" if is_end else b"250"
        connection.sendall(code + b" so\r\n")


def serve(server: socket.socket, talk: Talk) -> None:
    with suppress(OSError):
        connection, _ = server.accept()
        with connection:
            talk(connection)


@pytest.fixture
def talk_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Talk], None]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        for name, value in {
            "HOST": "127.0.0.1",
            "PORT": str(server.getsockname()[1]),
            "TLS": "off",
            "FROM": "attune@example.com",
        }.items():
            monkeypatch.setenv(f"SMTP_{name}", value)
        config.cache_clear()
        yield lambda talk: threading.Thread(target=serve, args=(server, talk), daemon=True).start()
    monkeypatch.undo()
    config.cache_clear()


def message() -> EmailMessage:
    new = EmailMessage()
    new["To"] = "ann@example.com"
    new.set_content("Hello")
    return new


@pytest.mark.parametrize("talk", [drip, greet_endlessly])
def test_an_answer_that_arrives_in_drops_is_given_up(
    talk_to: Callable[[Talk], None], talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A socket's timeout begins anew with each byte, so that a job waited for hours in its
    # transaction
    monkeypatch.setattr(mail, "TIMEOUT_S", 0.5)
    talk_to(talk)
    begun = time.monotonic()
    with pytest.raises(mail.MailFailed):
        mail.send(message())
    assert time.monotonic() - begun < 5


def test_an_accepted_message_is_sent_whatever_the_server_answers_at_the_end(
    talk_to: Callable[[Talk], None],
) -> None:
    # smtplib raises for another answer to QUIT than 221, and the message was sent up to ten times
    talk_to(refuse_to_quit)
    mail.send(message())
