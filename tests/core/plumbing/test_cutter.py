"""Cutting: a thread that waits on the network ends at once, and nobody else notices."""

import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path

import httpx2
import pytest

from core.network import outbound
from core.network.cancellation import Cutter, cuttable
from core.network.outbound import Reach
from tests.factories.servers import Server, certificate, names, serving

AT_ONCE_S = 4.0
HERE = Reach(loopback=True, named=frozenset())


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as one:
        yield one


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with outbound.client(HERE, timeout=httpx2.Timeout(5)) as one:
        yield one


class Call:
    """Something that a thread of its own does until it ends, or is cut."""

    def __init__(self, deed: Callable[[], object], cutter: Cutter) -> None:
        """Begin."""
        self.error: Exception | None = None
        self._deed, self._cutter = deed, cutter
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with cuttable(self._cutter):
                self._deed()
        except Exception as error:  # noqa: BLE001  whatever it is, the test looks at it
            self.error = error

    def ended_within(self, timeout_s: float) -> bool:
        """Wait for the end."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()


def heard(server: Server, path: str) -> None:
    ends_at = time.monotonic() + 3
    while path not in server.heard and time.monotonic() < ends_at:
        time.sleep(0.005)
    assert path in server.heard


def test_a_read_that_waits_ends_at_once(server: Server, client: httpx2.Client) -> None:
    cutter = Cutter()
    call = Call(lambda: client.get(server.at("127.0.0.1", "/silent")), cutter)
    heard(server, "/silent")
    cutter.cut()
    assert call.ended_within(AT_ONCE_S)
    assert isinstance(call.error, httpx2.TransportError)


def test_a_read_that_is_in_full_flow_ends_at_once_and_the_server_learns_of_it(server: Server, client: httpx2.Client) -> None:
    cutter = Cutter()
    call = Call(lambda: client.get(server.at("127.0.0.1", "/endless")), cutter)
    heard(server, "/endless")
    cutter.cut()
    assert call.ended_within(AT_ONCE_S)
    assert server.left.wait(AT_ONCE_S)


def test_a_read_over_tls_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = certificate("models.test", tmp_path)
    context = httpx2.create_ssl_context(trust_env=False)
    context.load_verify_locations(cadata=made.authority)
    monkeypatch.setattr(outbound, "_certificates", lambda: context)
    cutter = Cutter()
    with (
        serving(made.server) as server,
        names(models_test=[["127.0.0.1"]]),
        outbound.client(HERE, timeout=httpx2.Timeout(5)) as client,
    ):
        call = Call(lambda: client.get(server.at("models.test", "/silent", "https")), cutter)
        heard(server, "/silent")
        cutter.cut()
        assert call.ended_within(AT_ONCE_S)
    assert isinstance(call.error, httpx2.TransportError)


def test_a_write_that_nobody_reads_ends_at_once(server: Server, client: httpx2.Client) -> None:
    cutter, body = Cutter(), b"x" * 50_000_000
    call = Call(lambda: client.post(server.at("127.0.0.1", "/silent"), content=body), cutter)
    heard(server, "/silent")
    assert not call.ended_within(0.1)
    cutter.cut()
    assert call.ended_within(AT_ONCE_S)


def test_what_was_cut_before_it_began_is_not_even_asked_for(server: Server, client: httpx2.Client) -> None:
    cutter = Cutter()
    cutter.cut()
    call = Call(lambda: client.get(server.at("127.0.0.1")), cutter)
    assert call.ended_within(AT_ONCE_S)
    assert isinstance(call.error, httpx2.TransportError)
    assert server.heard == []


def test_what_was_cut_is_not_even_connected_to(client: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    cutter = Cutter()

    def resolve(_host: str, _port: int, _reach: Reach) -> list[outbound.IpAddress]:
        cutter.cut()  # while the name was looked up
        return [IPv4Address("8.8.8.8")]

    monkeypatch.setattr(outbound, "resolve", resolve)
    call = Call(lambda: client.get("http://models.test/"), cutter)
    assert call.ended_within(AT_ONCE_S)
    assert isinstance(call.error, httpx2.ReadError)


def test_one_cut_ends_one_thread(server: Server, client: httpx2.Client) -> None:
    one, other = Cutter(), Cutter()
    cut = Call(lambda: client.get(server.at("127.0.0.1", "/silent")), one)
    left_alone = Call(lambda: client.get(server.at("127.0.0.1", "/endless")), other)
    heard(server, "/silent")
    heard(server, "/endless")
    one.cut()
    assert cut.ended_within(AT_ONCE_S)
    assert not left_alone.ended_within(0.1)
    other.cut()
    assert left_alone.ended_within(AT_ONCE_S)


def test_a_thread_is_free_again_afterwards(server: Server, client: httpx2.Client) -> None:
    cutter = Cutter()
    cutter.cut()
    with pytest.raises(httpx2.TransportError), cuttable(cutter):
        client.get(server.at("127.0.0.1"))
    assert client.get(server.at("127.0.0.1")).text == "hello"


def test_what_is_cuttable_inside_leaves_what_is_around_it_cuttable(server: Server, client: httpx2.Client) -> None:
    outer = Cutter()
    outer.cut()
    with cuttable(outer):
        with cuttable(Cutter()):
            assert client.get(server.at("127.0.0.1")).text == "hello"
        with pytest.raises(httpx2.TransportError):
            client.get(server.at("127.0.0.1"))


def test_without_a_cutter_nothing_is_cut(server: Server, client: httpx2.Client) -> None:
    assert client.get(server.at("127.0.0.1")).text == "hello"


def test_a_connection_that_was_used_before_is_as_cuttable(server: Server, client: httpx2.Client) -> None:
    cutter = Cutter()
    assert client.get(server.at("127.0.0.1")).text == "hello"
    call = Call(lambda: client.get(server.at("127.0.0.1", "/silent")), cutter)
    heard(server, "/silent")
    cutter.cut()
    assert call.ended_within(AT_ONCE_S)


def test_waits_time_out_when_the_whole_time_is_over(server: Server, client: httpx2.Client) -> None:
    started = time.monotonic()
    with pytest.raises(httpx2.ReadTimeout), cuttable(Cutter(), started + 0.2):
        client.get(server.at("127.0.0.1", "/silent"))
    assert 0.15 < time.monotonic() - started < AT_ONCE_S


def test_a_server_that_never_stops_is_stopped_when_the_whole_time_is_over(server: Server, client: httpx2.Client) -> None:
    started = time.monotonic()
    with pytest.raises(httpx2.ReadTimeout), cuttable(Cutter(), started + 0.2):
        client.get(server.at("127.0.0.1", "/endless"))
    assert time.monotonic() - started < AT_ONCE_S


def test_cutting_twice_or_when_nothing_waits_does_no_harm(server: Server, client: httpx2.Client) -> None:
    cutter = Cutter()
    with cuttable(cutter):
        assert client.get(server.at("127.0.0.1")).text == "hello"
    cutter.cut()
    cutter.cut()
    assert cutter.is_cut


def test_a_wait_ends_with_the_cut() -> None:
    cutter = Cutter()
    threading.Timer(0.05, cutter.cut).start()
    started = time.monotonic()
    assert cutter.wait(5)
    assert time.monotonic() - started < AT_ONCE_S
    assert not Cutter().wait(0.01)
