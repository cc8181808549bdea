"""Adding, changing and removing providers: keys are write-only."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError
from sqlalchemy import select, text

from core.database.db import Session, transaction
from core.database.tables import CoreAudit
from core.errors import Forbidden
from core.identity.schemas import Role
from core.network.allowed_addresses import AddressRefused
from core.providers.errors import ProviderFromEnvironment, ProviderMissing, ProviderNameTaken
from core.providers.models import ProviderRow
from core.providers.provider_schemas import (
    NewProvider,
    ProviderChange,
    ProviderSource,
    ProviderStatus,
    ProviderView,
)
from core.providers.queries import configured
from core.providers.schemas import Connection, ListedModel
from core.providers.service import providers
from tests.core.providers.conftest import Configure
from tests.factories.identity import person
from tests.factories.providers import OPENAI, stored
from tests.fake_vendor import KEY

pytestmark = pytest.mark.usefixtures("database")

ADDRESS = "http://127.0.0.1:9/v1"
MINE = NewProvider(name="mine", kind=OPENAI, base_url=ADDRESS, secret=KEY)


def connection(name: str = "mine") -> Connection:
    with transaction() as session:
        return configured.get_configured(session, name).connection


def view(name: str = "mine") -> ProviderView:
    with transaction() as session:
        return configured.view(configured.get_configured(session, name))


def change(provider: ProviderView, **what: object) -> ProviderView:
    assert provider.id is not None
    with transaction() as session:
        return providers.change(
            session, provider.id, ProviderChange.model_validate(what), actor=person().actor
        )


def noted(name: str, *models: str) -> ProviderView:
    with transaction() as session:
        asked = configured.get_configured(session, name).connection
        return providers.record_check(
            session, asked, models=[ListedModel(model) for model in models], detail=None
        )


def last_audit() -> CoreAudit:
    with transaction() as session:
        return session.scalars(select(CoreAudit).order_by(CoreAudit.id.desc()).limit(1)).one()


def test_a_key_is_encrypted_at_rest() -> None:
    stored("mine")
    with transaction() as session:
        raw = session.execute(text("select secret, providers::text from providers")).one()
    assert KEY.encode() not in bytes(raw.secret)
    assert KEY not in raw.providers
    assert KEY.encode().hex() not in raw.providers
    assert connection().secret == KEY


def test_a_key_can_be_decrypted_in_its_own_row_only() -> None:
    one, other = stored("one", secret="sk-one"), stored("other", secret="sk-other")
    with transaction() as session:
        assert one.id is not None
        assert other.id is not None
        session.get_one(ProviderRow, one.id).secret = session.get_one(ProviderRow, other.id).secret
    with pytest.raises(Exception, match="encrypted with a different key, or copied"):
        connection("one")


def test_a_key_is_in_no_response() -> None:
    answers = [
        stored("mine"),
        view(),
        change(view(), secret="sk-a-newer-one"),
        noted("mine", "llama3"),
    ]
    for answer in answers:
        assert answer.has_secret
        assert KEY not in answer.model_dump_json()
        assert "sk-a-newer-one" not in answer.model_dump_json()


def test_a_new_address_clears_the_key_that_was_meant_for_the_old_one() -> None:
    changed = change(stored("mine"), base_url="https://elsewhere.example.com/v1")
    assert not changed.has_secret
    assert connection() == Connection("mine", OPENAI, "https://elsewhere.example.com/v1", None)


def test_a_new_address_may_bring_its_own_key() -> None:
    change(stored("mine"), base_url="https://elsewhere.example.com/v1", secret="sk-new")
    assert connection().secret == "sk-new"


@pytest.mark.parametrize("same", [ADDRESS, f"{ADDRESS}/", f"  {ADDRESS} "])
def test_the_same_address_keeps_the_key(same: str) -> None:
    assert change(stored("mine"), base_url=same).has_secret


def test_no_address_is_the_vendors_own_and_a_new_one() -> None:
    assert not change(stored("mine"), base_url=None).has_secret
    assert connection().base_url is None


def test_a_key_can_be_removed() -> None:
    assert not change(stored("mine"), secret=None).has_secret
    assert connection().secret is None


def test_fields_that_are_left_out_stay() -> None:
    before = stored("mine", models=("llama3",))
    changed = change(before, is_active=False)
    assert not changed.is_active
    assert (changed.has_secret, changed.base_url, changed.status, changed.model_count) == (
        True,
        ADDRESS,
        ProviderStatus.WORKING,
        1,
    )
    assert change(before, is_active=True).is_active


@pytest.mark.parametrize(
    "what", [{"base_url": "https://elsewhere.example.com"}, {"secret": "sk-new"}, {"secret": None}]
)
def test_a_changed_address_or_key_resets_the_check(what: dict[str, str | None]) -> None:
    changed = change(stored("mine", models=("llama3",)), **what)
    assert (changed.status, changed.status_detail, changed.checked_at, changed.model_count) == (
        ProviderStatus.UNTESTED,
        None,
        None,
        0,
    )


@pytest.mark.parametrize(
    "what", [{"base_url": ADDRESS}, {"secret": "sk-new"}, {"base_url": None}, {"secret": None}]
)
def test_fields_set_by_the_environment_cannot_be_changed(
    configure: Configure, what: dict[str, str | None]
) -> None:
    configure(OPENAI_API_KEY="sk-of-the-environment")
    with pytest.raises(ProviderFromEnvironment, match="Change them and restart"):
        change(noted("openai", "gpt-5"), **what)
    assert connection("openai").secret == "sk-of-the-environment"


def test_the_environments_key_is_not_stored(configure: Configure) -> None:
    configure(OPENAI_API_KEY="sk-of-the-environment")
    noted("openai", "gpt-5")
    with transaction() as session:
        assert session.scalars(select(ProviderRow.secret)).all() == [None]
    assert view("openai").has_secret


def test_providers_of_the_environment_can_be_deactivated_but_not_removed(
    configure: Configure,
) -> None:
    configure(OPENAI_API_KEY="sk-of-the-environment")
    given = noted("openai", "gpt-5")
    assert not change(given, is_active=False).is_active
    assert given.id is not None
    with transaction() as session, pytest.raises(ProviderFromEnvironment):
        providers.remove(session, given.id, actor=person().actor)


def test_provider_names_are_unique() -> None:
    stored("mine")
    with pytest.raises(ProviderNameTaken):
        stored("mine")
    assert connection().secret == KEY


@pytest.mark.parametrize("name", ["openai", "local", "fake"])
def test_a_name_of_the_environment_or_of_the_package_is_taken(
    configure: Configure, name: str
) -> None:
    configure(OPENAI_API_KEY="sk-a", ATTUNE_FAKE_PROVIDER="0")
    with pytest.raises(ProviderNameTaken):
        stored(name)


def test_a_name_no_longer_used_by_the_environment_is_free(configure: Configure) -> None:
    configure(OPENAI_API_KEY="sk-of-the-environment")
    noted("openai", "gpt-5")
    configure(OPENAI_API_KEY="")
    assert stored("openai", secret="sk-mine").source is ProviderSource.SETTINGS
    assert connection("openai").secret == "sk-mine"


def test_a_removed_provider_is_gone_with_its_key() -> None:
    provider = stored("mine")
    assert provider.id is not None
    with transaction() as session:
        providers.remove(session, provider.id, actor=person().actor)
    with transaction() as session:
        assert session.scalars(select(ProviderRow)).all() == []
        with pytest.raises(ProviderMissing):
            configured.get_configured(session, "mine")


def test_an_invalid_address_is_rejected() -> None:
    with pytest.raises(AddressRefused):
        stored("mine", base_url="models.example.com")
    with pytest.raises(AddressRefused):
        change(stored("mine"), base_url="models.example.com")
    assert connection().base_url == ADDRESS


@pytest.mark.parametrize("role", [Role.ANALYST, Role.REVIEWER])
@pytest.mark.parametrize("deed", ["add", "change", "remove"])
def test_only_admins_set_up_providers(role: Role, deed: str) -> None:
    provider, actor = stored("other"), person(role).actor
    id_ = provider.id
    assert id_ is not None
    deeds: dict[str, Callable[[Session], object]] = {
        "add": lambda session: providers.add(session, MINE, actor=actor),
        "change": lambda session: providers.change(
            session, id_, ProviderChange(is_active=False), actor=actor
        ),
        "remove": lambda session: providers.remove(session, id_, actor=actor),
    }
    with transaction() as session, pytest.raises(Forbidden):
        deeds[deed](session)
    assert view("other") == provider


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPER_ADMIN])
def test_admins_set_up_providers(role: Role) -> None:
    with transaction() as session:
        assert providers.add(session, MINE, actor=person(role).actor).name == "mine"


def test_adding_is_in_the_audit_log_without_the_key() -> None:
    stored("mine")
    row = last_audit()
    assert (row.action, row.targets, row.before) == ("provider.add", {"provider": "mine"}, None)
    assert row.after == {"name": "mine", "kind": "openai", "base_url": ADDRESS, "secret": "•••"}


def test_changing_is_in_the_audit_log_with_what_was_and_what_is() -> None:
    change(stored("mine"), base_url="https://elsewhere.example.com")
    row = last_audit()
    assert (row.action, row.targets) == ("provider.change", {"provider": "mine"})
    assert row.before == {"base_url": ADDRESS, "is_active": True, "secret": "•••"}
    assert row.after == {
        "base_url": "https://elsewhere.example.com",
        "is_active": True,
        "secret": False,
    }


def test_limits_are_set_kept_and_removed_each_by_itself() -> None:
    provider = stored("mine")
    change(provider, max_concurrent=2, calls_per_minute=60)
    changed = change(provider, is_active=True)
    assert (changed.max_concurrent, changed.calls_per_minute) == (2, 60)
    changed = change(provider, max_concurrent=None)
    assert (changed.max_concurrent, changed.calls_per_minute) == (None, 60)
    row = last_audit()
    assert row.before is not None
    assert row.after is not None
    assert (row.before["max_concurrent"], row.after["calls_per_minute"]) == (2, 60)
    assert "max_concurrent" not in row.after


def test_a_provider_is_added_with_limits() -> None:
    with transaction() as session:
        limited = MINE.model_copy(update={"max_concurrent": 3})
        added = providers.add(session, limited, actor=person().actor)
    assert (added.max_concurrent, added.calls_per_minute) == (3, None)


def test_preconfigured_providers_can_be_limited(configure: Configure) -> None:
    configure(openai_api_key=KEY)
    changed = change(noted("openai", "gpt-4o"), max_concurrent=4)
    assert (changed.source, changed.max_concurrent) == (ProviderSource.ENVIRONMENT, 4)


@pytest.mark.parametrize("limit", [0, -1, 1.5, 10**9, "many"])
def test_a_limit_is_a_positive_number(limit: object) -> None:
    for name in ("max_concurrent", "calls_per_minute"):
        with pytest.raises(ValidationError):
            ProviderChange.model_validate({name: limit})


def test_removing_is_in_the_audit_log() -> None:
    provider, actor = stored("mine"), person().actor
    assert provider.id is not None
    with transaction() as session:
        providers.remove(session, provider.id, actor=actor)
    row = last_audit()
    assert (row.action, row.targets, row.actor_id) == (
        "provider.remove",
        {"provider": "mine"},
        actor.id,
    )
