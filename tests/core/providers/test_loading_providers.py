"""SDKs of providers take a second to load: the first call finds them loaded."""

import pytest
from sqlalchemy import update

from core.database import bus
from core.database.db import transaction
from core.providers import check, gateway
from core.providers.models import ProviderRow
from core.providers.queries import configured
from core.providers.schemas import Connection, ProviderKind
from tests.factories.providers import stored
from tests.fake_vendor import KEY
from tests.faults.program import until

pytestmark = pytest.mark.usefixtures("database")

ADDRESS = "http://127.0.0.1:9/v1"


def clients() -> int:
    return gateway.provider.cache_info().currsize


def test_a_provider_that_is_added_is_loaded_before_its_first_call() -> None:
    gateway.provider.cache_clear()
    check.keep_loaded()
    until(lambda: clients() > 0, 5)  # those that were there
    before = clients()
    stored("added", base_url=ADDRESS, secret=KEY)
    bus.notify_locally(configured.CHANGED)
    until(lambda: clients() > before, 5)
    added = Connection("added", ProviderKind.OPENAI, ADDRESS, KEY)
    misses = gateway.provider.cache_info().misses
    gateway.provider(added, gateway.SILENCE_TIMEOUT_S)
    assert gateway.provider.cache_info().misses == misses


def test_a_provider_that_cannot_be_loaded_is_logged_and_costs_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # An error of one SDK ended the thread that loads all of them
    stored("broken")
    with transaction() as session:
        session.execute(update(ProviderRow).values(base_url="http://127.0.0.1:port"))
    stored("intact", base_url=ADDRESS)
    with transaction() as session:
        active = len(configured.list_configured(session))
    gateway.provider.cache_clear()
    check.keep_loaded()
    until(lambda: clients() == active - 1, 5)
    assert "broken could not be loaded" in caplog.text
    stored("added", base_url=ADDRESS)
    bus.notify_locally(configured.CHANGED)
    until(lambda: clients() == active, 5)
