"""Connections that send little are limited and closed; requests are served, and health checks
always.
"""

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from ipaddress import ip_network
from urllib.parse import urlsplit

import pytest

from api.http import connections, protocols
from core.platform.config import config
from tests.api.raw import raw
from tests.api.serving import serving
from tests.factories.identity import person
from tests.faults.program import until

LIMIT = 12
HALF = b"GET /login HTTP/1.1\r\nHost: x\r\nX-Half: "
STRANGERS = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"


@pytest.fixture
def few(runner: object) -> Iterator[str]:
    """Return the address of a server that takes few connections of one address."""
    with serving(
        config().model_copy(
            update={"connection_limit": 2 * LIMIT, "connection_limit_per_address": LIMIT}
        )
    ) as address:
        yield address


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SWEEP_INTERVAL_S", 0.02)
    monkeypatch.setattr(protocols, "HEAD_S", 0.1)
    monkeypatch.setattr(protocols, "BODY_S", 0.1)
    monkeypatch.setattr(protocols, "UNREAD_S", 0.1)


def opened(house: ExitStack, address: str, sent: bytes, source: str = "127.0.0.1") -> socket.socket:
    """Open a connection from an address of this machine, and send this."""
    host = urlsplit(address)
    connection = socket.create_connection(
        (host.hostname or "", host.port or 0), timeout=10, source_address=(source, 0)
    )
    house.enter_context(connection)
    connection.sendall(sent)
    return connection


def at_work() -> bytes:
    """Return the beginning of a request of somebody who has signed in: of which no body comes for
    now.
    """
    token = f"Authorization: Bearer {person().token}"
    return (
        f"POST /api/v1/prompts/execute HTTP/1.1\r\nHost: x\r\n{token}\r\nContent-Length: "
        "1000\r\n\r\n"
    ).encode()


def answered(connection: socket.socket, end: bytes | None = None) -> bytes:
    """Return what has come back when the other side has closed, or up to `end`."""
    answer = b""
    with suppress(ConnectionError):
        while (end is None or end not in answer) and (piece := connection.recv(65536)):
            answer += piece
    return answer


def test_half_sent_heads_beyond_the_limit_get_503_and_requests_are_served(few: str) -> None:
    with ExitStack() as house:
        idle = [opened(house, few, HALF) for _ in range(3 * LIMIT)]
        assert raw(few, "/healthz").status == 200
        assert raw(few, "/login").status == 200
        refused = [answered(one) for one in idle[: 2 * LIMIT]]
    assert {answer[:12] for answer in refused} == {b"HTTP/1.1 503"}
    assert all(b"too_many_connections" in answer and b"retry-after" in answer for answer in refused)


def test_incomplete_bodies_without_sign_in_make_room_for_new_connections(few: str) -> None:
    with ExitStack() as house:
        idle = [opened(house, few, STRANGERS) for _ in range(2 * LIMIT)]
        assert raw(few, "/login").status == 200
        assert answered(idle[0]).startswith(b"HTTP/1.1 503 ")


def test_idle_connections_that_had_an_answer_make_room_without_a_word(few: str) -> None:
    ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with ExitStack() as house:
        idle = [opened(house, few, ask) for _ in range(LIMIT)]
        assert all(answered(one, b"alive\n").endswith(b"alive\n") for one in idle)
        assert raw(few, "/login").status == 200
        assert answered(idle[0]) == b""


def test_while_all_connections_of_an_address_are_at_work_health_is_answered_and_the_rest_is_503(
    few: str,
) -> None:
    busy = at_work()
    with ExitStack() as house:
        for _ in range(LIMIT):
            opened(house, few, busy)
            assert raw(few, "/healthz").status == 200
        answer = raw(few, "/login")
        assert (answer.status, answer.headers["retry-after"]) == (503, "2")
        assert raw(few, "/readyz").status == 200
        assert raw(few, "/health").status in (200, 503)


def test_one_address_does_not_take_the_connections_of_another(few: str) -> None:
    busy = at_work()
    with ExitStack() as house:
        for _ in range(2 * LIMIT):
            opened(house, few, busy)
        other = opened(
            house, few, b"GET /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "127.0.0.9"
        )
        assert answered(other).startswith(b"HTTP/1.1 200 ")


def test_many_addresses_together_stay_within_the_total(few: str) -> None:
    with ExitStack() as house:
        idle = [
            opened(house, few, HALF, f"127.0.1.{number // 4 + 1}") for number in range(4 * LIMIT)
        ]
        assert raw(few, "/login").status == 200
        until(lambda: len(select.select(idle, [], [], 0)[0]) >= 2 * LIMIT, 10)
        refused = [answered(one) for one in select.select(idle, [], [], 0)[0]]
    assert all(answer.startswith(b"HTTP/1.1 503 ") for answer in refused)


def test_a_trusted_proxy_is_bound_by_the_total_only(runner: object) -> None:
    trusting = {
        "connection_limit_per_address": 2,
        "attune_trusted_proxies": frozenset({ip_network("127.0.0.1")}),
    }
    busy = at_work()
    with serving(config().model_copy(update=trusting)) as address, ExitStack() as house:
        for _ in range(8):
            opened(house, address, busy)
        assert raw(address, "/login").status == 200


def test_refusals_are_logged_once_not_each(few: str, caplog: pytest.LogCaptureFixture) -> None:
    with ExitStack() as house:
        for _ in range(3 * LIMIT):
            opened(house, few, HALF)
        assert raw(few, "/healthz").status == 200
    said = [record for record in caplog.records if record.name == "attune.connections"]
    assert len(said) == 1
    assert said[0].__dict__["network"] == "127.0.0.1"


@pytest.mark.usefixtures("_hasty")
@pytest.mark.parametrize(
    "sent",
    [HALF, b"\r\n\r\n", STRANGERS + b"email="],
    ids=["half a head", "blank lines", "half a body"],
)
def test_what_does_not_come_in_time_is_ended(few: str, sent: bytes) -> None:
    with ExitStack() as house:
        answer = answered(opened(house, few, sent))
    assert answer.startswith(b"HTTP/1.1 408 ") if sent.strip() else answer == b""


@pytest.mark.parametrize(
    "more",
    ["Content-Length: 5\r\n\r\nhello", "X: y\r\n" * 200 + "\r\n"],
    ids=["a body", "many headers"],
)
def test_a_websocket_whose_handshake_cannot_be_read_is_refused_and_does_not_stay(
    few: str, more: str
) -> None:
    upgrade = (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
        "13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n"
    )
    with ExitStack() as house:
        answer = answered(
            opened(
                house, few, f"GET /_stcore/stream HTTP/1.1\r\nHost: x\r\n{upgrade}{more}".encode()
            )
        )
    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.usefixtures("_hasty")
def test_a_body_of_somebody_signed_in_that_makes_no_progress_is_ended(few: str) -> None:
    # Bodies of strangers end by another limit, which hid that this one was not tested
    with ExitStack() as house:
        answer = answered(opened(house, few, at_work() + b"{"))
    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.usefixtures("_hasty")
@pytest.mark.parametrize("sent", [HALF, STRANGERS], ids=["a head", "a stranger's body"])
def test_what_comes_a_byte_at_a_time_is_ended(
    few: str, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "BODY_S", 60.0)
    with ExitStack() as house, suppress(ConnectionError):
        slow = opened(house, few, sent)
        slow.settimeout(0.02)
        for _ in range(900):
            slow.sendall(b"x")
            with suppress(TimeoutError):
                assert slow.recv(65536)[:12] in (b"HTTP/1.1 408", b"")
                return
        raise AssertionError("it was never ended")


@pytest.mark.usefixtures("_hasty")
def test_a_slow_body_goes_on_while_it_makes_progress(
    few: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "MIN_BODY_PROGRESS", 1)
    monkeypatch.setattr(protocols, "HEAD_S", 30.0)
    monkeypatch.setattr(protocols, "BODY_S", 2.0)
    token = f"Authorization: Bearer {person().token}\r\n"
    head = (
        f"POST /api/v1/prompts/execute HTTP/1.1\r\nHost: x\r\n{token}Connection: "
        "close\r\nContent-Type: application/json\r\n"
    )
    body = b'{"model_id": "fake:echo", "prompt": "' + b"x" * 40 + b'"}'
    with ExitStack() as house:
        slow = opened(house, few, f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
        slow.settimeout(0.03)  # sixty times as fast as it must be
        for at in range(len(body)):
            slow.sendall(body[at : at + 1])
            with suppress(TimeoutError):
                slow.recv(1)
        slow.settimeout(10)
        assert answered(slow).lstrip(b"H").startswith(b"TTP/1.1 200 ")


@pytest.mark.prove
@pytest.mark.usefixtures("_hasty")
def test_who_reads_nothing_of_an_answer_is_cut_off(few: str) -> None:
    token = f"Authorization: Bearer {person().token}\r\n"
    ask = f"GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n{token}\r\n".encode()
    with ExitStack() as house:
        host = urlsplit(few)
        deaf = house.enter_context(socket.socket())
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect((host.hostname or "", host.port or 0))
        deaf.sendall(ask * 15)  # more than the kernel holds
        cut_off = select.poll()
        cut_off.register(deaf, 0)
        assert cut_off.poll(10_000)
