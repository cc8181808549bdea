"""Outbound connections: which addresses are allowed, and which are refused."""

import ipaddress
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpcore2
import httpx2
import pytest

from core.network import allowed_addresses, outbound
from core.network.allowed_addresses import AddressPolicy, AddressRefused, checked_address
from core.network.outbound import CheckedBackend
from core.platform.config import Config
from tests.factories.servers import Certificate, Server, certificate, names, serving

NOWHERE = AddressPolicy(loopback=False, named=frozenset())
HERE = AddressPolicy(loopback=True, named=frozenset())
LOOPBACK = (
    "127.0.0.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "localhost",
    "2130706433",
    "0x7f000001",
    "017700000001",
    "127.1",
    "127.9.9.9",
)
PRIVATE = (
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "2852039166",  # the same, as one number
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "0.0.0.0",  # noqa: S104  called, which is this machine
    "0",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::ffff:10.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:0.0.0.0]",
    "[::10.0.0.1]",
    "[fe80::1]",
    "[fec0::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::1]",
    "[2002:a9fe:a9fe::]",
    "[2001:0:53aa:64c:0:0:5601:5601]",
    "[2001:db8::1]",
)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as one:
        yield one


def get(address: str, reach: AddressPolicy) -> httpx2.Response:
    with outbound.client(reach, timeout=httpx2.Timeout(2)) as client:
        return client.get(address)


def refused(address: str, reach: AddressPolicy) -> bool:
    """Return whether a call is refused by the check, rather than for want of a server."""
    try:
        get(address, reach)
    except httpx2.ConnectError as error:
        return "Add it to ATTUNE_ALLOW_HOSTS" in str(error)
    return False


@pytest.mark.parametrize("host", [*LOOPBACK, *PRIVATE])
def test_no_private_address_is_called_in_whatever_form_it_is_written(
    server: Server, host: str
) -> None:
    assert refused(server.at(host), NOWHERE)
    assert server.heard == []


@pytest.mark.parametrize("host", PRIVATE)
def test_what_is_on_this_machine_only_opens_this_machine_only(server: Server, host: str) -> None:
    assert refused(server.at(host), HERE)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
def test_loopback_opens_where_it_is_allowed(server: Server, host: str) -> None:
    assert get(server.at(host), HERE).text == "hello"


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700:4700::1111", "64:ff9b::8.8.8.8"]
)
def test_public_addresses_are_called(address: str) -> None:
    assert NOWHERE.allows("models.example.com", ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104  as on a server
        ("::", False),
        ("192.168.1.5", False),
    ],
)
def test_providers_may_be_on_this_machine_while_attune_is_only_there(
    host: str, *, loopback: bool
) -> None:
    assert allowed_addresses.provider_address_policy(Config(host=host)).loopback is loopback


@pytest.mark.parametrize(
    "allowed", ["models.test", "MODELS.test", "127.0.0.1", "other.test, models.test"]
)
def test_what_attune_allow_hosts_names_is_called(server: Server, allowed: str) -> None:
    reach = allowed_addresses.provider_address_policy(
        Config.model_validate({"host": "::", "attune_allow_hosts": allowed})
    )
    with names(models_test=[["127.0.0.1"]]):
        assert get(server.at("models.test"), reach).text == "hello"


def test_a_name_that_is_allowed_opens_no_other(server: Server) -> None:
    reach = AddressPolicy(loopback=False, named=frozenset({"models.test"}))
    with names(
        models_test=[["127.0.0.1"]], other_test=[["127.0.0.1"]], my_models_test=[["127.0.0.1"]]
    ):
        assert get(server.at("models.test"), reach).text == "hello"
        assert refused(server.at("other.test"), reach)
        assert refused(server.at("my.models.test"), reach)
        assert refused(server.at("127.0.0.1"), reach)


def test_a_public_name_of_a_private_address_is_refused(server: Server) -> None:
    with names(public_test=[["127.0.0.1"]]):
        assert refused(server.at("public.test"), NOWHERE)
    assert server.heard == []


def test_a_name_with_one_private_address_among_public_ones_is_refused(server: Server) -> None:
    with names(mixed_test=[["8.8.8.8", "127.0.0.1"]]):
        assert refused(server.at("mixed.test"), NOWHERE)


def test_a_name_is_asked_for_once_and_the_checked_address_is_called(server: Server) -> None:
    """DNS rebinding: the second answer would lead elsewhere."""
    with names(rebinding_test=[["127.0.0.1"], ["169.254.169.254"]]) as resolver:
        assert get(server.at("rebinding.test"), HERE).text == "hello"
        assert resolver.asked == ["rebinding.test"]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the addresses that connections are made to, of which only 127.0.0.1 answers."""
    addresses: list[str] = []
    really = httpcore2.SyncBackend.connect_tcp

    def connect(
        self: httpcore2.SyncBackend,
        host: str,
        port: int,
        *how: Any,  # noqa: ANN401  as it comes
    ) -> httpcore2.NetworkStream:
        addresses.append(host)
        if host != "127.0.0.1":
            raise httpcore2.ConnectError("nobody there")
        return really(self, host, port, *how)

    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", connect)
    return addresses


def test_a_name_that_turns_private_after_the_check_gains_nothing(
    server: Server, called: list[str]
) -> None:
    with names(rebinding_test=[["8.8.8.8"], ["127.0.0.1"]]):
        with pytest.raises(httpx2.ConnectError, match="nobody there"):
            get(server.at("rebinding.test"), NOWHERE)
        assert refused(server.at("rebinding.test"), NOWHERE)
    assert called == ["8.8.8.8"]


def test_the_next_address_is_tried_when_one_does_not_answer(
    server: Server, called: list[str]
) -> None:
    with names(twice_test=[["127.0.0.2", "127.0.0.1"]]):
        assert get(server.at("twice.test"), HERE).text == "hello"
    assert called == ["127.0.0.2", "127.0.0.1"]


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 64 + ".test", "a..b"])
def test_a_name_that_nobody_knows_is_said_by_name(host: str) -> None:
    with pytest.raises(httpx2.ConnectError, match="cannot be resolved"):
        get(f"http://{host}/", HERE)


def test_redirects_are_not_followed(server: Server) -> None:
    assert get(server.at("127.0.0.1", "/moved"), HERE).status_code == 302
    assert server.heard == ["/moved"]


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_the_environments_proxies_are_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert get(server.at("127.0.0.1"), HERE).text == "hello"


def test_the_passwords_of_netrc_are_not_sent(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    get(server.at("127.0.0.1"), HERE)
    assert "authorization" not in server.headers[0]


def test_an_answer_that_never_ends_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "MAX_RESPONSE_BYTES", 20_000)
    started = time.monotonic()
    with pytest.raises(outbound.ResponseTooLarge):
        get(server.at("127.0.0.1", "/endless"), HERE)
    assert time.monotonic() - started < 20
    assert server.left.wait(20), "the connection stayed open"


def test_an_error_that_is_longer_than_any_explanation_is_given_up(server: Server) -> None:
    # SDKs decode it at once: 60 MiB of small values took 1.7 GB and held all threads for 4 s
    server.status, server.packed = 500, ("identity", b"[" * 2**20)
    assert len(get(server.at("127.0.0.1", "/packed"), HERE).content) == 2**20
    server.packed = ("identity", b"[" * (2**20 + 1))
    with pytest.raises(outbound.ResponseTooLarge):
        get(server.at("127.0.0.1", "/packed"), HERE)


def test_an_event_of_many_megabytes_is_given_up_and_an_answer_in_one_line_is_not(
    server: Server,
) -> None:
    line = b"x" * (4 * 2**20)
    server.packed = ("identity", line + b"x")
    assert len(get(server.at("127.0.0.1", "/packed"), HERE).content) == len(line) + 1
    server.kind, server.packed = "text/event-stream; charset=utf-8", ("identity", line + b"\nx")
    assert len(get(server.at("127.0.0.1", "/packed"), HERE).content) == len(line) + 2
    server.packed = ("identity", line + b"x\n")
    with pytest.raises(outbound.ResponseTooLarge):
        get(server.at("127.0.0.1", "/packed"), HERE)


def test_an_answer_of_millions_of_blank_lines_is_given_up(server: Server) -> None:
    server.packed = ("identity", b"\n" * 2_000_000)
    assert len(get(server.at("127.0.0.1", "/packed"), HERE).content) == 2_000_000
    server.packed = ("identity", b"\n" * 2_000_001)
    with pytest.raises(outbound.ResponseTooLarge):
        get(server.at("127.0.0.1", "/packed"), HERE)


def test_unix_sockets_are_not_called() -> None:
    with pytest.raises(httpcore2.ConnectError):
        CheckedBackend(HERE).connect_unix_socket("/run/docker.sock")


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Certificate:
    """Return a certificate of `models.test` that is trusted as those of the web are."""
    made = certificate("models.test", tmp_path)
    context = httpx2.create_ssl_context(trust_env=False)
    context.load_verify_locations(cadata=made.authority)
    monkeypatch.setattr(outbound, "certificates", lambda: context)
    return made


def test_tls_checks_the_name_although_a_number_is_called(trusted: Certificate) -> None:
    with (
        serving(trusted.server) as server,
        names(models_test=[["127.0.0.1"]], other_test=[["127.0.0.1"]]),
    ):
        assert get(server.at("models.test", scheme="https"), HERE).text == "hello"
        with pytest.raises(httpx2.ConnectError, match="Hostname mismatch"):
            get(server.at("other.test", scheme="https"), HERE)
        with pytest.raises(httpx2.ConnectError, match="IP address mismatch"):
            get(server.at("127.0.0.1", scheme="https"), HERE)
    assert server.heard == ["/"]


def test_the_name_that_was_asked_for_is_the_one_that_is_sent(trusted: Certificate) -> None:
    with serving(trusted.server) as server, names(models_test=[["127.0.0.1"]]):
        get(server.at("models.test", scheme="https"), HERE)
    assert server.headers[0]["host"] == f"models.test:{server.port}"


def test_a_certificate_that_nobody_vouches_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = certificate("models.test", tmp_path)
    (tmp_path / "authority.pem").write_text(made.authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with (
        serving(made.server) as server,
        names(models_test=[["127.0.0.1"]]),
        pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        get(server.at("models.test", scheme="https"), HERE)
    assert server.heard == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://api.example.com", "https://api.example.com"),
        ("  https://api.example.com/v1/ ", "https://api.example.com/v1"),
        ("http://localhost:11434/v1", "http://localhost:11434/v1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("HTTP://API.example.com", "HTTP://API.example.com"),
        ("https://grüße.example.com", "https://grüße.example.com"),
    ],
)
def test_an_address_is_kept_as_it_was_given(given: str, kept: str) -> None:
    assert checked_address(given) == kept


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "starts with http"),
        ("api.example.com", "starts with http"),
        ("localhost:11434", "starts with http"),
        ("ftp://example.com", "starts with http"),
        ("file:///etc/passwd", "starts with http"),
        ("javascript:alert(1)", "starts with http"),
        ("http://", "starts with http"),
        ("http:///path", "starts with http"),
        ("http://[::1", "starts with http"),
        ("http://0177.0.0.1", "starts with http"),
        ("http://host:port", "starts with http"),
        ("http://host:99999", "starts with http"),
        ("http://host:0", "starts with http"),
        ("http://two words", "starts with http"),
        ("http://nul\0", "starts with http"),
        ("http://line\nbreak", "starts with http"),
        ("http://half\ud800", "starts with http"),
        ("http://host/\ud800", "starts with http"),
        ("https://sk-key@api.example.com", "its own field"),
        ("https://me:key@api.example.com", "its own field"),
        ("https://:key@api.example.com", "its own field"),
        ("https://api.example.com?key=1", "without query"),
        ("https://api.example.com#here", "without query"),
    ],
)
def test_what_is_no_address_is_refused_in_words(given: str, words: str) -> None:
    with pytest.raises(AddressRefused, match=words) as refusal:
        checked_address(given)
    assert "key@" not in refusal.value.detail
