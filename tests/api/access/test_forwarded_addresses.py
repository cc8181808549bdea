"""The client address in the audit log: the peer's, unless the peer is a trusted proxy."""

import re
from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from core.database.db import transaction
from core.database.tables import CoreAudit
from core.executions.runner import Runner
from core.platform.config import Config, config
from tests.api.raw import raw
from tests.api.serving import serving

LOGIN = b'{"email": "nobody@example.com", "password": "wrong password"}'


@pytest.fixture(scope="module")
def behind_a_proxy() -> Iterator[str]:
    named = frozenset({ip_network("127.0.0.1"), ip_network("10.0.0.0/24")})
    with serving(config().model_copy(update={"attune_trusted_proxies": named})) as address:
        yield address


def written_down(address: str, *headers: str) -> str | None:
    """Try to sign in and return the address that the audit log has of it."""
    more = ["Content-Type: application/json", f"Content-Length: {len(LOGIN)}", *headers]
    assert raw(address, "/api/v1/admin/auth/login", *more, method="POST", body=LOGIN).status == 401
    with transaction() as session:
        return session.scalar(select(CoreAudit.ip_address).order_by(CoreAudit.id.desc()).limit(1))


@pytest.mark.parametrize(
    "forged",
    [
        "X-Forwarded-For: 6.6.6.6",
        "X-Real-IP: 6.6.6.6",
        "Forwarded: for=6.6.6.6",
        "X-Attune-Client: 6.6.6.6",
    ],
)
def test_forwarded_addresses_of_other_peers_are_ignored(
    address: str, runner: Runner, forged: str
) -> None:
    assert written_down(address, forged) == "127.0.0.1"


def test_a_proxy_of_ours_says_for_whom_it_asks(behind_a_proxy: str, runner: Runner) -> None:
    assert written_down(behind_a_proxy, "X-Forwarded-For: 203.0.113.7") == "203.0.113.7"


@pytest.mark.parametrize(
    "headers",
    [
        ("X-Forwarded-For: 6.6.6.6, 203.0.113.7",),
        ("X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 203.0.113.7"),
        ("X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.0.0.2",),
        ("X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 10.0.0.2"),
    ],
    ids=[
        "one list",
        "a header of the proxy's own",
        "two proxies",
        "two proxies with headers of their own",
    ],
)
def test_what_the_client_has_written_before_it_is_not_believed(
    behind_a_proxy: str, runner: Runner, headers: tuple[str, ...]
) -> None:
    assert written_down(behind_a_proxy, *headers) == "203.0.113.7"


def test_a_forged_client_header_is_dropped_behind_a_proxy_too(
    behind_a_proxy: str, runner: Runner
) -> None:
    assert (
        written_down(behind_a_proxy, "X-Forwarded-For: 203.0.113.7", "x-attune-CLIENT: 6.6.6.6")
        == "203.0.113.7"
    )


@pytest.mark.parametrize(
    "given", ["2001:DB8::0001, 10.0.0.2", " 2001:db8:0:0:0:0:0:1,10.0.0.2,", "::ffff:10.0.0.2"]
)
def test_a_proxy_is_trusted_in_whatever_form_its_address_is_given(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("ATTUNE_TRUSTED_PROXIES", given)
    found = {*map(str, Config().attune_trusted_proxies)}
    assert found - {"2001:db8::1/128"} == {"10.0.0.2/32"}


@pytest.mark.parametrize("given", ["172.16.0.0/12", " ::ffff:172.16.0.0/108 ,"])
def test_a_network_of_proxies_is_trusted(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("ATTUNE_TRUSTED_PROXIES", given)
    assert [*map(str, Config().attune_trusted_proxies)] == ["172.16.0.0/12"]


@pytest.mark.parametrize("given", ["172.16.0.1/12", "10.0.0.2, proxy", "*", "10.0.0.2:80"])
def test_what_is_no_address_of_a_proxy_is_refused_and_named(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("ATTUNE_TRUSTED_PROXIES", given)
    with pytest.raises(ValidationError, match=re.escape(given.split()[-1])):
        Config()
