"""Bodies may have 20 MiB, or 64 KiB without sign-in; larger ones are rejected before they are read
completely.
"""

import socket
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.api.conftest import Client
from tests.api.raw import raw
from tests.factories.identity import person

MIB = 1024 * 1024
PIECE = b"x" * MIB
JSON = {"Content-Type": "application/json"}


def pieces(count: int) -> Iterator[bytes]:
    yield b'{"model_id": "fake:echo", "prompt": "x", "ignored": "'
    for _ in range(count):
        yield PIECE
    yield b'"}'


def is_too_large(answer: httpx2.Response) -> bool:
    assert answer.headers["content-type"] == "application/problem+json"
    return (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_body_within_the_limit_is_taken(client: Client) -> None:
    answer = client(person()).post("/prompts/execute", content=pieces(19), headers=JSON)
    assert answer.status_code == 200


def test_one_that_turns_out_to_be_larger_is_refused(client: Client) -> None:
    assert is_too_large(client(person()).post("/prompts/execute", content=pieces(20), headers=JSON))


@pytest.mark.parametrize(
    "path",
    ["/prompts/execute", "/prompts/execute/stream", "/admin/playground/chat", "/admin/providers"],
)
def test_one_that_says_it_is_larger_is_refused_unread(
    address: str, client: Client, path: str
) -> None:
    token = f"Authorization: Bearer {person().token}"
    answer = raw(address, f"/api/v1{path}", token, f"Content-Length: {20 * MIB + 1}", method="POST")
    assert answer.status == 413


def test_without_sign_in_a_body_has_the_size_of_a_form(address: str, client: Client) -> None:
    body = {"email": "a@example.com", "password": "x" * 70_000}
    assert is_too_large(client().post("/admin/auth/login", json=body))
    assert raw(address, "/login", "Content-Length: 70000", method="POST").status == 413


def test_without_sign_in_limits_behind_the_gate_are_not_revealed(address: str) -> None:
    answer = raw(address, "/api/v1/prompts/execute", f"Content-Length: {50 * MIB}", method="POST")
    assert answer.status == 401


def test_a_length_that_is_none_does_not_pass_for_a_small_one(address: str, client: Client) -> None:
    token = f"Authorization: Bearer {person().token}"
    for length in ("x", "-1", "1e9", "99999999999999999999999999"):
        assert raw(
            address, "/api/v1/prompts/execute", token, f"Content-Length: {length}", method="POST"
        ).status in (400, 413)


def test_the_next_request_is_not_disturbed(client: Client) -> None:
    mine = client(person())
    mine.post("/prompts/execute", content=pieces(20), headers=JSON)
    assert mine.get("/models").status_code == 200


def refused_at(address: str, begin: bytes, more: bytes) -> tuple[int, bytes]:
    """Send a head that never ends until it is refused; return how much was taken, and the
    answer.
    """
    host = urlsplit(address)
    sent = 0
    with socket.create_connection((host.hostname or "", host.port or 0), timeout=10) as connection:
        connection.sendall(begin)
        with suppress(ConnectionError):
            while sent < 16 * MIB:
                connection.sendall(more)
                sent += len(more)
        with suppress(ConnectionError):
            return sent, connection.recv(65536)
    return sent, b""


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"GET /login HTTP/1.1\r\nHost: x\r\n", b"X-More: " + b"x" * 8000 + b"\r\n"),
        (b"GET /login HTTP/1.1\r\nHost: x\r\nX-More: ", b"x" * 8000),
        (b"GET /login?", b"x" * 8000),
        (
            (
                b"GET /login HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: "
                b"websocket\r\nX-More: "
            ),
            b"x" * 8000,
        ),
    ],
    ids=["many headers", "a long header", "a long address", "a websocket's"],
)
def test_a_head_that_never_ends_is_not_kept(address: str, begin: bytes, more: bytes) -> None:
    sent, answer = refused_at(address, begin, more)
    assert sent < 8 * MIB
    assert not answer or answer.startswith(b"HTTP/1.1 400 ")


def test_a_head_of_an_ordinary_size_is_taken(address: str) -> None:
    assert raw(address, "/login?" + "x" * 20_000, "X-More: " + "x" * 20_000).status == 200


def test_one_connection_may_send_many_heads(client: Client) -> None:
    mine = client(person())
    assert {
        mine.get("/models", headers={"X-More": "x" * 20_000}).status_code for _ in range(8)
    } == {200}
