"""Cancellation: a thread that waits on the network ends at once, and other threads are not
affected.
"""

import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path

import httpx2
import pytest

from core.network import allowed_addresses, outbound
from core.network.allowed_addresses import AddressPolicy
from core.network.cancellation import CancelToken, cancellable
from tests.factories.servers import Server, certificate, names, serving
from tests.faults.program import until

AT_ONCE_S = 30.0  # long before the two minutes after which all of it ends by itself
HERE = AddressPolicy(loopback=True, named=frozenset())


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as one:
        yield one


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with outbound.client(HERE, timeout=httpx2.Timeout(120)) as one:
        yield one


class Call:
    """A call in a thread of its own that ends by itself or is cancelled."""

    def __init__(self, deed: Callable[[], object], cancel_token: CancelToken) -> None:
        self.error: Exception | None = None
        self._deed, self._cancel_token = deed, cancel_token
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with cancellable(self._cancel_token):
                self._deed()
        except Exception as error:  # noqa: BLE001  whatever it is, the test looks at it
            self.error = error

    def ended_within(self, timeout_s: float) -> bool:
        """Wait for the end."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()


def heard(server: Server, path: str) -> None:
    until(lambda: path in server.heard, 10)


def test_a_cancelled_read_without_data_ends_at_once(server: Server, client: httpx2.Client) -> None:
    cancel_token = CancelToken()
    call = Call(lambda: client.get(server.at("127.0.0.1", "/silent")), cancel_token)
    heard(server, "/silent")
    cancel_token.cancel()
    assert call.ended_within(AT_ONCE_S)
    assert isinstance(call.error, httpx2.TransportError)


def test_a_cancelled_read_in_progress_ends_at_once_and_closes_the_connection(
    server: Server, client: httpx2.Client
) -> None:
    cancel_token = CancelToken()
    call = Call(lambda: client.get(server.at("127.0.0.1", "/endless")), cancel_token)
    heard(server, "/endless")
    cancel_token.cancel()
    assert call.ended_within(AT_ONCE_S)
    assert server.left.wait(AT_ONCE_S)


def test_a_cancelled_read_over_tls_ends_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = certificate("models.test", tmp_path)
    context = httpx2.create_ssl_context(trust_env=False)
    context.load_verify_locations(cadata=made.authority)
    monkeypatch.setattr(outbound, "certificates", lambda: context)
    cancel_token = CancelToken()
    with (
        serving(made.server) as server,
        names(models_test=[["127.0.0.1"]]),
        outbound.client(HERE, timeout=httpx2.Timeout(120)) as client,
    ):
        call = Call(lambda: client.get(server.at("models.test", "/silent", "https")), cancel_token)
        heard(server, "/silent")
        cancel_token.cancel()
        assert call.ended_within(AT_ONCE_S)
    assert isinstance(call.error, httpx2.TransportError)


def test_a_cancelled_blocked_write_ends_at_once(server: Server, client: httpx2.Client) -> None:
    cancel_token, body = CancelToken(), b"x" * 50_000_000
    call = Call(lambda: client.post(server.at("127.0.0.1", "/silent"), content=body), cancel_token)
    heard(server, "/silent")
    assert not call.ended_within(0.1)
    cancel_token.cancel()
    assert call.ended_within(AT_ONCE_S)


def test_a_call_cancelled_before_it_began_sends_no_request(
    server: Server, client: httpx2.Client
) -> None:
    cancel_token = CancelToken()
    cancel_token.cancel()
    call = Call(lambda: client.get(server.at("127.0.0.1")), cancel_token)
    assert call.ended_within(AT_ONCE_S)
    assert isinstance(call.error, httpx2.TransportError)
    assert server.heard == []


def test_a_call_cancelled_during_name_resolution_opens_no_connection(
    client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel_token = CancelToken()

    def resolve(_host: str, _port: int, _reach: AddressPolicy) -> list[allowed_addresses.IpAddress]:
        cancel_token.cancel()  # while the name was looked up
        return [IPv4Address("8.8.8.8")]

    monkeypatch.setattr(outbound, "resolve", resolve)
    call = Call(lambda: client.get("http://models.test/"), cancel_token)
    assert call.ended_within(AT_ONCE_S)
    assert isinstance(call.error, httpx2.ReadError)


def test_cancelling_one_token_ends_one_thread(server: Server, client: httpx2.Client) -> None:
    one, other = CancelToken(), CancelToken()
    cut = Call(lambda: client.get(server.at("127.0.0.1", "/silent")), one)
    left_alone = Call(lambda: client.get(server.at("127.0.0.1", "/endless")), other)
    heard(server, "/silent")
    heard(server, "/endless")
    one.cancel()
    assert cut.ended_within(AT_ONCE_S)
    assert not left_alone.ended_within(0.1)
    other.cancel()
    assert left_alone.ended_within(AT_ONCE_S)


def test_a_thread_can_make_calls_again_after_a_cancelled_one(
    server: Server, client: httpx2.Client
) -> None:
    cancel_token = CancelToken()
    cancel_token.cancel()
    with pytest.raises(httpx2.TransportError), cancellable(cancel_token):
        client.get(server.at("127.0.0.1"))
    assert client.get(server.at("127.0.0.1")).text == "hello"


def test_an_inner_cancel_token_leaves_the_outer_one_in_effect(
    server: Server, client: httpx2.Client
) -> None:
    outer = CancelToken()
    outer.cancel()
    with cancellable(outer):
        with cancellable(CancelToken()):
            assert client.get(server.at("127.0.0.1")).text == "hello"
        with pytest.raises(httpx2.TransportError):
            client.get(server.at("127.0.0.1"))


def test_without_a_cancel_token_calls_succeed(server: Server, client: httpx2.Client) -> None:
    assert client.get(server.at("127.0.0.1")).text == "hello"


def test_a_call_on_a_reused_connection_can_be_cancelled(
    server: Server, client: httpx2.Client
) -> None:
    cancel_token = CancelToken()
    assert client.get(server.at("127.0.0.1")).text == "hello"
    call = Call(lambda: client.get(server.at("127.0.0.1", "/silent")), cancel_token)
    heard(server, "/silent")
    cancel_token.cancel()
    assert call.ended_within(AT_ONCE_S)


def test_waits_time_out_at_the_deadline(server: Server, client: httpx2.Client) -> None:
    deadline = time.monotonic() + 0.2
    with pytest.raises(httpx2.ReadTimeout), cancellable(CancelToken(), deadline):
        client.get(server.at("127.0.0.1", "/silent"))
    assert -0.05 < time.monotonic() - deadline < AT_ONCE_S


def test_reading_an_endless_response_stops_at_the_deadline(
    server: Server, client: httpx2.Client
) -> None:
    started = time.monotonic()
    with pytest.raises(httpx2.ReadTimeout), cancellable(CancelToken(), started + 0.2):
        client.get(server.at("127.0.0.1", "/endless"))
    assert time.monotonic() - started < AT_ONCE_S


def test_cancelling_twice_or_without_a_wait_has_no_effect(
    server: Server, client: httpx2.Client
) -> None:
    cancel_token = CancelToken()
    with cancellable(cancel_token):
        assert client.get(server.at("127.0.0.1")).text == "hello"
    cancel_token.cancel()
    cancel_token.cancel()
    assert cancel_token.is_cancelled


def test_cancelling_ends_a_wait() -> None:
    cancel_token = CancelToken()
    threading.Timer(0.05, cancel_token.cancel).start()
    assert cancel_token.wait(AT_ONCE_S)
    assert not CancelToken().wait(0.01)
