"""The client address in the audit log: the peer's, unless the peer is a trusted proxy."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from core.database.db import transaction
from core.database.tables import CoreAudit
from core.executions.runner import Runner
from core.platform.config import config
from tests.api.raw import raw
from tests.api.serving import serving

LOGIN = b'{"email": "nobody@example.com", "password": "wrong password"}'


@pytest.fixture(scope="module")
def behind_a_proxy() -> Iterator[str]:
    named = frozenset({"127.0.0.1", "10.0.0.2"})
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
