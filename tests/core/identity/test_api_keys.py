"""API keys: what is stored of them, and when they are rejected."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from core.database.db import transaction
from core.database.tables import CoreAudit
from core.errors import Forbidden
from core.identity.errors import ApiKeyMissing, ApiKeyRejected, ExpiryInPast
from core.identity.models import ApiKey
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor, CreatedApiKey, NewApiKey, Role, Scope
from core.identity.service import api_keys
from core.platform import clock, crypto
from core.platform.ids import new_id
from tests.factories.identity import CALLER, person
from tests.factories.keys import api_key

pytestmark = pytest.mark.usefixtures("database")


def enter(key: str) -> Actor:
    with transaction() as session:
        return api_keys.authenticate(session, key, CALLER)


def stored(made: CreatedApiKey) -> ApiKey:
    with transaction() as session:
        return session.scalars(select(ApiKey).where(ApiKey.id == made.id)).one()


def revoke(key_id: UUID, role: Role = Role.ADMIN) -> None:
    with transaction() as session:
        api_keys.revoke(session, key_id, actor=person(role).actor)


def audited() -> list[CoreAudit]:
    with transaction() as session:
        return list(
            session.scalars(
                select(CoreAudit)
                .where(CoreAudit.action.startswith("api_key"))
                .order_by(CoreAudit.id)
            )
        )


def test_a_key_has_the_documented_form_and_authenticates() -> None:
    made = api_key(environment="staging")
    assert api_keys.KEY_PATTERN.fullmatch(made.key)
    actor = enter(made.key)
    assert (actor.id, actor.email, actor.name) == (made.id, f"atn_{made.key_id}", "a program")
    assert (actor.is_program, actor.environment, set(actor.scopes)) == (
        True,
        "staging",
        {Scope.INGEST},
    )


def test_only_a_hash_of_it_is_stored_anywhere() -> None:
    made = api_key()
    assert stored(made).secret_hash == crypto.fingerprint(made.key)
    secret = made.key.split("_", 2)[2]
    with transaction() as session:
        for table in ("api_keys", "audit_log", "outbox"):
            rows = session.scalars(text(f"select row_to_json(t)::text from {table} t")).all()
            assert not [row for row in rows if secret in row]


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key[:-1] + ("A" if key[-1] != "A" else "B"),
        lambda key: key[:13] + "A" * 43,
        lambda key: key[:4] + "00000000" + key[12:],
        lambda key: key[:-1],
        lambda key: key + "A",
        lambda key: key.upper(),
        lambda key: key + "\0",
        lambda key: "atn_",
        lambda key: "",
    ],
)
def test_an_unknown_key_is_rejected(change: object) -> None:
    made = api_key()
    enter(made.key)
    with pytest.raises(ApiKeyRejected):
        enter(change(made.key))  # type: ignore[operator]  # one of the lambdas above


def test_guessed_keys_are_not_cached() -> None:
    api_keys._known.clear()  # noqa: SLF001  what other tests left there may expire meanwhile
    for number in range(50):
        with pytest.raises(ApiKeyRejected):
            enter(f"atn_{number:08}_{'A' * 43}")
    assert not api_keys._known._values  # noqa: SLF001  guesses must not fill the memory


def test_a_revoked_key_is_rejected_at_once_although_it_was_cached() -> None:
    made = api_key()
    enter(made.key)
    revoke(made.id)
    with pytest.raises(ApiKeyRejected):
        enter(made.key)


def test_an_expired_key_is_rejected_at_once_although_it_was_cached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = api_key(expires_at=clock.now() + timedelta(hours=1))
    enter(made.key)
    later = clock.now() + timedelta(hours=1, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(ApiKeyRejected):
        enter(made.key)


def test_a_key_with_a_past_expiry_is_rejected() -> None:
    with pytest.raises(ExpiryInPast):
        api_key(expires_at=clock.now())


def test_the_last_use_of_a_key_is_not_stored_at_each_use() -> None:
    made = api_key()
    assert stored(made).last_used_at is None
    enter(made.key)
    first = stored(made).last_used_at
    assert first is not None
    enter(made.key)
    assert stored(made).last_used_at == first


def test_a_later_use_of_a_key_is_stored_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made = api_key()
    enter(made.key)
    later = clock.now() + api_keys.LAST_USED_INTERVAL + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    enter(made.key)
    assert stored(made).last_used_at == later


def test_keys_are_listed_newest_first_without_revoked_ones() -> None:
    first, second, third = api_key(), api_key(), api_key()
    with transaction() as session:
        for number, each in enumerate((first, second, third)):
            at = clock.now() + timedelta(seconds=number)
            session.execute(update(ApiKey).where(ApiKey.id == each.id).values(created_at=at))
    revoke(second.id)
    with transaction() as session:
        listed = api_keys.list_keys(session, actor=person().actor)
    assert [each.id for each in listed] == [third.id, first.id]
    assert not any("key" in each.model_fields_set for each in listed)


@pytest.mark.parametrize("role", [Role.ANALYST, Role.REVIEWER])
def test_only_administrators_manage_keys(role: Role) -> None:
    made, actor = api_key(), person(role).actor
    with transaction() as session:
        for forbidden in (
            lambda: api_keys.list_keys(session, actor=actor),
            lambda: api_keys.create(
                session, NewApiKey(name="x", scopes=frozenset({Scope.READ})), actor=actor
            ),
            lambda: api_keys.revoke(session, made.id, actor=actor),
        ):
            with pytest.raises(Forbidden):
                forbidden()


def test_a_key_cannot_create_keys() -> None:
    actor = enter(api_key(*Scope).key)
    with transaction() as session, pytest.raises(Forbidden):
        api_keys.create(session, NewApiKey(name="x", scopes=frozenset(Scope)), actor=actor)


def test_revoking_twice_or_an_unknown_key_is_not_found() -> None:
    made = api_key()
    revoke(made.id)
    for missing in (made.id, new_id()):
        with pytest.raises(ApiKeyMissing):
            revoke(missing)


def test_creating_and_revoking_keys_are_audited_by_key_id() -> None:
    made = api_key(Scope.READ, Scope.INGEST)
    revoke(made.id)
    created, revoked = audited()
    assert (created.action, revoked.action) == ("api_key.create", "api_key.revoke")
    assert created.targets == {"key_id": made.key_id}
    assert created.after == {
        "name": "a program",
        "scopes": ["ingest", "read"],
        "environment": "production",
    }
    assert revoked.targets == {"key_id": made.key_id, "name": "a program"}


def test_a_scope_allows_what_it_says_and_nothing_else() -> None:
    assert {each for each in Permission if may(enter(api_key(Scope.INGEST).key), each)} == {
        Permission.INGEST
    }
    assert {each for each in Permission if may(enter(api_key(Scope.READ).key), each)} == {
        Permission.WATCH
    }
    reading = enter(api_key(Scope.READ_CONVERSATIONS).key)
    assert {each for each in Permission if may(reading, each)} == {Permission.READ_CONTENTS}


def test_of_two_who_revoke_a_key_at_once_the_second_finds_it_missing() -> None:
    # Both revoked it, with two rows in the audit log
    key_id = api_key().id
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            api_keys.revoke(session, key_id, actor=person(Role.ADMIN).actor)
            session.flush()
            second = pool.submit(revoke, key_id)
            with pytest.raises(TimeoutError):
                second.result(timeout=0.5)
        with pytest.raises(ApiKeyMissing):
            second.result(timeout=10)
    assert [row.action for row in audited()] == ["api_key.create", "api_key.revoke"]
