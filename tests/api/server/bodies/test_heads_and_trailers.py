"""Heads have one limit however they arrive, and trailers are not headers."""

import socket
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from core.identity.schemas import SessionKind
from tests.api.conftest import Client
from tests.factories.identity import person

KIB = 1024
ME = "/api/v1/admin/auth/me"
CHUNKED = "Transfer-Encoding: chunked\r\n\r\n0\r\n"


def sent(address: str, *parts: bytes, until_closed: bool = True) -> bytes:
    """Send these segments and return everything that comes back."""
    host = urlsplit(address)
    answer = b""
    with socket.create_connection((host.hostname or "", host.port or 0), timeout=10) as connection:
        with suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
        with suppress(ConnectionError):
            while piece := connection.recv(65536):
                answer += piece
                if not until_closed and b"\r\n\r\n" in answer:
                    break
    return answer


def request(
    *lines: str, target: str = ME, host: str = "Host: x\r\n", version: str = "1.1"
) -> bytes:
    return f"GET {target} HTTP/{version}\r\n{host}Connection: close\r\n{''.join(lines)}".encode()


def status(answer: bytes) -> int:
    return int(answer.split(b" ")[1]) if answer else 0


def test_a_credential_in_a_trailer_signs_nobody_in(client: Client, address: str) -> None:
    credential = f"Authorization: Bearer {person().token}\r\n"
    assert status(sent(address, request(credential, CHUNKED, "\r\n"))) == 200
    assert status(sent(address, request(CHUNKED, credential, "\r\n"))) == 401


def test_a_trailer_is_no_header_of_a_request_that_is_still_read(
    client: Client, address: str
) -> None:
    """The routes see headers when the body has been read: then trailers must not have
    joined them.
    """
    credential, trailer = (
        f"Authorization: Bearer {person().token}\r\n",
        "Content-Type: application/json\r\n",
    )
    body = '{"model_id": "fake:echo", "prompt": "x"}'
    head = request(
        credential, "Transfer-Encoding: chunked\r\n\r\n", target="/api/v1/prompts/execute"
    ).replace(b"GET", b"POST", 1)
    answer = sent(address, head, f"{len(body):x}\r\n{body}\r\n0\r\n{trailer}\r\n".encode())
    assert status(answer) == 422


@pytest.mark.parametrize(
    "more",
    [b"X-More: " + b"x" * 8000 + b"\r\n", b"x" * 8000, b"X:" + b" " * 8000 + b"\r\n"],
    ids=["many trailers", "one without end", "blanks"],
)
def test_trailers_without_end_are_refused(address: str, more: bytes) -> None:
    taken = []

    def endless() -> bytes:
        taken.append(1)
        return more

    head = request("Transfer-Encoding: chunked\r\n\r\n", target="/healthz") + b"0\r\nX-More: "
    host = urlsplit(address)
    with (
        socket.create_connection((host.hostname or "", host.port or 0), timeout=10) as connection,
        suppress(ConnectionError),
    ):
        connection.sendall(head)
        while len(taken) < 2000:
            connection.sendall(endless())
    assert len(taken) < 2000


def test_an_extension_of_a_chunk_without_end_is_refused(address: str) -> None:
    head = request("Transfer-Encoding: chunked\r\n\r\n", target="/login").replace(
        b"GET", b"POST", 1
    )
    assert status(sent(address, head, b"5;x=", *([b"x" * 8000] * 400))) in (0, 400)


@pytest.mark.parametrize("size", [200 * KIB, 80 * KIB, 66 * KIB])
@pytest.mark.parametrize("segments", [1, 40])
@pytest.mark.parametrize("filler", ["x", " "], ids=["text", "blanks"])
def test_a_head_that_is_too_large_is_refused_in_one_segment_as_in_many(
    address: str, size: int, segments: int, filler: str
) -> None:
    whole = request("X-More: ", filler * size, "y\r\n\r\n", target="/healthz")
    step = -(-len(whole) // segments)
    assert status(sent(address, *(whole[at : at + step] for at in range(0, len(whole), step)))) in (
        0,
        400,
    )


@pytest.mark.parametrize("segments", [1, 40])
def test_a_head_within_the_limit_is_taken_in_one_segment_as_in_many(
    address: str, segments: int
) -> None:
    whole = request("X-More: ", "x" * 60 * KIB, "\r\n\r\n", target="/healthz")
    step = -(-len(whole) // segments)
    assert (
        status(sent(address, *(whole[at : at + step] for at in range(0, len(whole), step)))) == 200
    )


def test_a_head_has_so_many_headers(address: str) -> None:
    assert status(sent(address, request("a:b\r\n" * 120, "\r\n", target="/healthz"))) == 200
    assert status(sent(address, request("a:b\r\n" * 200))) == 400


def test_a_large_body_before_the_next_head_is_no_part_of_that_head(
    client: Client, address: str
) -> None:
    credential = f"Authorization: Bearer {person().token}\r\n"
    first = (
        f"POST {ME} HTTP/1.1\r\nHost: x\r\n{credential}Content-Length: {120 * KIB}\r\n\r\n".encode()
        + b"x" * 120 * KIB
    )
    answer = sent(address, first + request(credential, "X-More: x"), b"x\r\n\r\n")
    assert answer.count(b"HTTP/1.1 405 ") == 1
    assert answer.count(b"HTTP/1.1 200 ") == 1


def test_requests_without_end_in_one_segment_are_not_all_kept(address: str) -> None:
    answer = sent(address, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 5000)
    assert answer.count(b"HTTP/1.1 ") < 5000


@pytest.mark.parametrize(
    ("host", "version", "expected"),
    [
        ("", "1.1", 400),
        ("Host: a\r\nHost: a\r\n", "1.1", 400),
        ("Host: a\r\nhost: b\r\n", "1.0", 400),
        ("", "1.0", 200),
        ("Host: a\r\n", "1.1", 200),
    ],
)
def test_a_request_names_one_host(address: str, host: str, version: str, expected: int) -> None:
    answer = sent(address, request("\r\n", target="/healthz", host=host, version=version))
    assert status(answer) == expected
    assert expected == 200 or b"application/problem+json" in answer


@pytest.mark.parametrize(
    "lines",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "Content-Length: +5\r\n\r\nhello",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "X-More: a\r\n b: c\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
    ],
)
def test_a_body_whose_length_can_be_read_in_two_ways_is_refused(address: str, lines: str) -> None:
    assert status(sent(address, request(lines, target="/healthz"))) == 400


def test_escapes_in_a_cookie_are_not_undone(client: Client, address: str) -> None:
    """Python before 3.11.10 takes quadratic time for that: a stranger's 64 KiB stopped the process
    for five to twelve seconds.
    """
    token = person(kind=SessionKind.BROWSER).token
    escaped = "".join(f"\\{ord(letter):03o}" for letter in token)
    cookies = (token, f'"{token}"', f'"{escaped}"')
    answers = [
        sent(address, request(f"Cookie: other=x; attune={cookie}\r\n\r\n")) for cookie in cookies
    ]
    assert list(map(status, answers)) == [200, 200, 401]


@pytest.mark.parametrize(
    ("codings", "version", "expected"),
    [
        ("Transfer-Encoding: chunked\r\n", "1.1", 200),
        ("Transfer-Encoding: Chunked\r\n", "1.1", 200),
        ("Transfer-Encoding: chunked\r\n", "1.0", 400),
        ("Transfer-Encoding: gzip, chunked\r\n", "1.1", 400),
        ("Transfer-Encoding: identity\r\n", "1.1", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "1.1", 400),
    ],
)
def test_a_body_that_a_proxy_may_measure_otherwise_is_refused(
    client: Client, address: str, codings: str, version: str, expected: int
) -> None:
    head = request(codings, "\r\n0\r\n\r\n", target="/healthz", version=version)
    assert status(sent(address, head)) == expected
