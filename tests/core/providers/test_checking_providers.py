"""Checks of providers: their results are stored and shown."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.database.db import transaction
from core.errors import Forbidden
from core.identity.schemas import Role
from core.platform import clock
from core.providers import check, gateway, jobs
from core.providers.errors import ProviderMissing
from core.providers.models import ProviderRow
from core.providers.provider_schemas import ProviderChange, ProviderStatus, ProviderView
from core.providers.queries import configured
from core.providers.schemas import Connection, ListedModel, ProviderKind
from core.providers.service import providers
from tests.core.providers.conftest import Configure
from tests.factories.identity import person
from tests.factories.providers import OPENAI, both_vendors, stored
from tests.fake_vendor import KEY, MODELS, Literally, Vendor

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "RETRY_WAITS_S", (0.0, 0.0))


def at(vendor: Vendor, name: str = "mine", secret: str = KEY) -> ProviderView:
    return stored(name, base_url=f"{vendor.address}/v1", secret=secret)


def view(name: str = "mine") -> ProviderView:
    with transaction() as session:
        return configured.view(configured.get_configured(session, name))


def test_a_provider_that_responds_is_working_and_its_models_are_stored(vendor: Vendor) -> None:
    at(vendor)
    found = check.check("mine")
    assert (found.status, found.status_detail, found.model_count) == (
        ProviderStatus.WORKING,
        None,
        len(MODELS),
    )
    assert found.checked_at is not None
    assert clock.now() - found.checked_at < timedelta(seconds=10)
    assert view() == found


@both_vendors
def test_a_failing_provider_has_a_reason_and_keeps_its_models(
    vendor: Vendor, kind: ProviderKind
) -> None:
    address = f"{vendor.address}/v1" if kind is OPENAI else vendor.address
    stored("mine", kind, base_url=address)
    check.check("mine")
    vendor.models = Literally.json({"error": {"message": f"the key {KEY} has been revoked\0"}}, 401)
    found = check.check("mine")
    assert found.status is ProviderStatus.FAILING
    assert found.status_detail == (
        "The provider rejected the API key. Check it in Settings > Providers. Provider "
        "message: the key ••• has been revoked"
    )
    assert found.model_count == len(MODELS)


def test_a_recovered_provider_is_working(vendor: Vendor) -> None:
    at(vendor)
    vendor.models = Literally(b"<html>", "text/html")
    assert check.check("mine").status is ProviderStatus.FAILING
    vendor.models = None
    assert (check.check("mine").status, view().status_detail) == (ProviderStatus.WORKING, None)


def test_a_forbidden_address_is_failing_with_advice() -> None:
    stored("mine", base_url="http://169.254.169.254/latest")
    found = check.check("mine")
    assert found.status is ProviderStatus.FAILING
    assert "ATTUNE_ALLOW_HOSTS" in (found.status_detail or "")


def test_checking_a_provider_of_the_environment_stores_no_key(
    vendor: Vendor, configure: Configure
) -> None:
    configure(OLLAMA_ENDPOINT=vendor.address)
    assert check.check("ollama").status is ProviderStatus.WORKING
    with transaction() as session:
        row = session.scalars(select(ProviderRow)).one()
    assert (row.name, row.source, row.secret) == ("ollama", "environment", None)


def test_only_active_providers_are_checked(vendor: Vendor) -> None:
    at(vendor, "one")
    off = at(vendor, "two")
    assert off.id is not None
    with transaction() as session:
        providers.change(session, off.id, ProviderChange(is_active=False), actor=person().actor)
    jobs.check_providers()
    assert view("one").status is ProviderStatus.WORKING
    assert view("two").status is ProviderStatus.UNTESTED
    assert view("fake").status is ProviderStatus.WORKING


def test_a_failing_provider_does_not_stop_checks_of_others(
    vendor: Vendor, closed_port: int
) -> None:
    stored("broken", base_url=f"http://127.0.0.1:{closed_port}")
    at(vendor, "well")
    jobs.check_providers()
    assert view("broken").status is ProviderStatus.FAILING
    assert view("well").status is ProviderStatus.WORKING


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Let something happen between the two transactions of a look."""
    really = gateway.list_models

    def list_models(connection: Connection) -> list[ListedModel]:
        happens()
        return really(connection)

    monkeypatch.setattr(gateway, "list_models", list_models)


def test_a_provider_removed_meanwhile_does_not_stop_checks_of_others(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = at(vendor, "a-first")
    at(vendor, "b-next")

    def remove() -> None:
        with transaction() as session:
            assert removed.id is not None
            if session.get(ProviderRow, removed.id):
                providers.remove(session, removed.id, actor=person().actor)

    meanwhile(monkeypatch, remove)
    jobs.check_providers()
    assert view("b-next").status is ProviderStatus.WORKING
    with pytest.raises(ProviderMissing):
        view("a-first")


def test_a_check_of_an_old_address_is_not_stored_for_the_new_one(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = at(vendor)

    def move() -> None:
        with transaction() as session:
            assert provider.id is not None
            moved = ProviderChange(base_url="https://elsewhere.example.com/v1")
            providers.change(session, provider.id, moved, actor=person().actor)

    meanwhile(monkeypatch, move)
    assert check.check("mine").status is ProviderStatus.UNTESTED
    assert view().model_count == 0


def test_providers_can_be_checked_by_name_or_id(vendor: Vendor) -> None:
    provider, actor = at(vendor), person(Role.ADMIN).actor
    assert provider.id is not None
    assert check.check_as("mine", actor=actor).status is ProviderStatus.WORKING
    assert check.check_row_as(provider.id, actor=actor).status is ProviderStatus.WORKING


@pytest.mark.parametrize("role", [Role.ANALYST, Role.REVIEWER])
def test_checking_requires_permission(vendor: Vendor, role: Role) -> None:
    provider, actor = at(vendor), person(role).actor
    assert provider.id is not None
    with pytest.raises(Forbidden):
        check.check_as("mine", actor=actor)
    with pytest.raises(Forbidden):
        check.check_row_as(provider.id, actor=actor)
    assert vendor.asked == []


def test_checking_an_unknown_provider_is_rejected() -> None:
    with pytest.raises(ProviderMissing):
        check.check("nobody")
