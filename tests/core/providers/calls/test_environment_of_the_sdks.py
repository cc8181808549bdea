"""Environment variables of the SDKs don't change addresses, requests or logs."""

import os
import subprocess
import sys
import threading
import time

import httpx2
import pytest

from core.network import allowed_addresses, outbound
from core.platform.config import ROOT
from core.providers import gateway
from core.providers.schemas import Connection, ProviderKind
from tests.core.providers.conftest import Configure
from tests.factories.providers import ANTHROPIC, OPENAI, ask, both_vendors, call, connection
from tests.fake_vendor import KEY, Vendor
from tests.vendor_streams import PIECE

ELSEWHERE = "http://127.0.0.1:9"
NAMES = ("X-Spy", "Authorization", "User-Agent", "anthropic-beta")
HEADERS = "\n".join(f"{name}: Bearer of-the-environment" for name in NAMES)
HOSTILE = {
    "OPENAI_API_KEY": "sk-of-the-environment",
    "OPENAI_ADMIN_KEY": "sk-admin-of-the-environment",
    "OPENAI_ORG_ID": "org-of-the-environment",
    "OPENAI_PROJECT_ID": "proj-of-the-environment",
    "OPENAI_BASE_URL": ELSEWHERE,
    "OPENAI_WEBHOOK_SECRET": "whsec-of-the-environment",
    "OPENAI_CUSTOM_HEADERS": HEADERS,
    "ANTHROPIC_API_KEY": "sk-of-the-environment",
    "ANTHROPIC_AUTH_TOKEN": "token-of-the-environment",
    "ANTHROPIC_BASE_URL": ELSEWHERE,
    "ANTHROPIC_PROFILE": "profile-of-the-environment",
    "ANTHROPIC_CUSTOM_HEADERS": HEADERS,
    "HTTP_PROXY": ELSEWHERE,
    "HTTPS_PROXY": ELSEWHERE,
    "ALL_PROXY": ELSEWHERE,
    "SSL_CERT_FILE": "/nowhere",
}


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.lower(), value)


@both_vendors
@pytest.mark.usefixtures("hostile")
def test_calls_go_to_their_own_address_with_their_own_key(
    vendor: Vendor, kind: ProviderKind
) -> None:
    heard = ask(connection(vendor, kind), call("answer"))
    assert heard.failure is None
    assert heard.text == PIECE * 5
    assert vendor.last.headers["authorization"] == f"Bearer {KEY}"


@both_vendors
@pytest.mark.usefixtures("hostile")
def test_nothing_of_the_environment_is_sent(vendor: Vendor, kind: ProviderKind) -> None:
    ask(connection(vendor, kind), call("answer"))
    gateway.list_models(connection(vendor, kind))
    for asked in vendor.asked:
        assert "of-the-environment" not in str(asked)
        assert not asked.headers.keys() & {
            "openai-organization",
            "openai-project",
            "x-spy",
            "anthropic-beta",
            "x-api-key",
        }


@both_vendors
@pytest.mark.usefixtures("hostile")
def test_a_provider_without_a_key_does_not_borrow_one(vendor: Vendor, kind: ProviderKind) -> None:
    ask(connection(vendor, kind, None), call("answer"))
    assert vendor.last.headers["authorization"] == "Bearer none"


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize(
    ("kind", "host"), [(OPENAI, "api.openai.com"), (ANTHROPIC, "api.anthropic.com")]
)
def test_without_an_address_of_its_own_a_call_goes_to_the_vendor(
    kind: ProviderKind, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved: list[str] = []

    def resolve(
        name: str, _port: int, _reach: allowed_addresses.AddressPolicy
    ) -> list[allowed_addresses.IpAddress]:
        resolved.append(name)
        raise allowed_addresses.AddressRefused(f"{name} is not called in tests")

    monkeypatch.setattr(outbound, "resolve", resolve)
    ask(Connection("vendor", kind, None, KEY), call("answer"))
    assert resolved == [host]


def test_debug_logging_of_the_sdks_stays_off() -> None:
    look = (
        "import logging, core.providers.vendors.openai, core.providers.vendors.anthropic\n"
        "print([logging.getLogger(name).getEffectiveLevel() for name in ('openai', 'anthropic', "
        "'httpx2')])"
    )
    environment = {**os.environ, "OPENAI_LOG": "debug", "ANTHROPIC_LOG": "debug"}
    shown = subprocess.run(
        [sys.executable, "-c", look],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == "[30, 30, 30]"


@both_vendors
def test_the_sdks_do_not_retry_themselves(
    vendor: Vendor, kind: ProviderKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their own pauses cannot be cut: one of them may last two minutes, the other weeks."""
    slept: list[threading.Thread] = []
    monkeypatch.setattr(time, "sleep", lambda _seconds: slept.append(threading.current_thread()))
    ask(connection(vendor, kind), call("error?status=429&after=60"))
    assert threading.current_thread() not in slept
    assert len(vendor.asked) == 1


@both_vendors
def test_responses_are_requested_uncompressed(vendor: Vendor, kind: ProviderKind) -> None:
    ask(connection(vendor, kind), call("answer"))
    assert vendor.last.headers["accept-encoding"] == "identity"


@both_vendors
def test_clients_of_providers_use_the_configured_reach(
    kind: ProviderKind, vendor: Vendor, configure: Configure
) -> None:
    configure(HOST="0.0.0.0")  # noqa: S104  as on a server
    failure = ask(connection(vendor, kind), call("answer")).failure
    assert failure is not None
    assert "ATTUNE_ALLOW_HOSTS" in failure.detail
    configure(ATTUNE_ALLOW_HOSTS="127.0.0.1")
    gateway.provider.cache_clear()
    assert ask(connection(vendor, kind), call("answer")).failure is None


def test_a_client_has_the_given_timeout(clients: list[httpx2.Client], vendor: Vendor) -> None:
    gateway.provider(connection(vendor, OPENAI), 7.0)
    assert clients[0].timeout == httpx2.Timeout(
        connect=gateway.CONNECT_TIMEOUT_S, read=7.0, write=30.0, pool=5.0
    )
