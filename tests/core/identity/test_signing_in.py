"""Sign-in: success, failure, and that failures look the same from outside."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from streamlit_authenticator.utilities.hasher import Hasher

from core.database.db import transaction
from core.database.tables import CoreAudit
from core.embedded.postgres import Postgres
from core.identity import passwords, queries
from core.identity.models import AdminSession, AdminUser
from core.identity.schemas import Caller, SessionKind
from core.identity.service import sign_in
from core.platform import clock, crypto
from tests.factories.identity import CALLER, PASSWORD, person

pytestmark = pytest.mark.usefixtures("database")

ELSEWHERE = Caller("10.0.0.9", "another browser", "request")


def sign(email: str, password: str, caller: Caller = CALLER) -> sign_in.SignInResult:
    return sign_in.try_sign_in(email, password, SessionKind.BROWSER, caller)


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    then = clock.now() + by
    monkeypatch.setattr(clock, "now", lambda: then)


def test_the_right_password_opens_a_session_of_eight_hours() -> None:
    email = person().actor.email
    signed_in = sign(email.upper(), PASSWORD).signed_in
    assert signed_in is not None
    assert timedelta(hours=7, minutes=59) < signed_in.expires_at - clock.now() <= timedelta(hours=8)


def test_only_a_hash_of_the_token_is_stored() -> None:
    signed_in = sign(person().actor.email, PASSWORD).signed_in
    assert signed_in is not None
    with transaction() as session:
        stored = session.scalars(select(AdminSession.token_hash)).all()
    assert crypto.fingerprint(signed_in.token) in stored
    assert signed_in.token.encode() not in stored


@pytest.mark.parametrize(
    "password",
    ["wrong password", "", "x" * 73, "é" * 40, "nul\0byte and more", "half of a pair \ud800"],
)
def test_a_wrong_password_opens_no_session(password: str) -> None:
    assert sign(person().actor.email, password).signed_in is None


@pytest.mark.parametrize(
    "email",
    ["nobody@example.com", "no e-mail at all", "nul\0@example.com", "", "x" * 400 + "@example.com"],
)
def test_an_unknown_email_looks_like_a_wrong_password(email: str) -> None:
    assert sign(email, PASSWORD) == sign_in.SignInResult(None, is_throttled=False)


def test_an_unknown_email_costs_a_password_check_too(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    really = Hasher.check_pw

    def counted(given: str, hashed: str) -> bool:
        checked.append(hashed)
        return bool(really(given, hashed))

    monkeypatch.setattr(Hasher, "check_pw", counted)
    sign("nobody@example.com", PASSWORD)
    sign(person().actor.email, "wrong password")
    assert len(checked) == 2


def test_the_fifth_wrong_password_locks_this_pair_for_15_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    email = person().actor.email
    for _ in range(5):
        sign(email, "wrong password")
    assert sign(email, PASSWORD).signed_in is None
    later(monkeypatch, timedelta(minutes=16))
    assert sign(email, PASSWORD).signed_in is not None


def test_failures_lock_only_the_address_that_causes_them() -> None:
    email = person().actor.email
    for _ in range(8):
        sign(email, "wrong password", ELSEWHERE)
    assert sign(email, PASSWORD, ELSEWHERE).signed_in is None
    assert sign(email, PASSWORD).signed_in is not None


def test_a_successful_sign_in_resets_the_failures() -> None:
    email = person().actor.email
    for _ in range(2):
        for _ in range(4):
            sign(email, "wrong password")
        assert sign(email, PASSWORD).signed_in is not None


def test_concurrent_guesses_get_at_most_five_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    email = person().actor.email
    looks: list[str] = []

    def look(password: str, _hash: str | None) -> bool:
        looks.append(password)
        return False

    monkeypatch.setattr(passwords, "matches", look)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: sign(email, "guess"), range(12)))
    assert len(looks) <= 5


def test_an_address_with_fifty_failures_in_an_hour_is_throttled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "matches", lambda _password, _hash: False)
    for number in range(50):
        assert sign(f"user{number}@example.com", "guess").is_throttled is False
    assert sign("user50@example.com", "guess").is_throttled


def test_a_disabled_account_looks_like_a_wrong_password() -> None:
    one = person()
    with transaction() as session:
        session.get_one(AdminUser, one.actor.id).is_active = False
    assert sign(one.actor.email, PASSWORD).signed_in is None


def test_every_attempt_is_audited_with_address_and_browser(database: Postgres) -> None:
    email = person().actor.email
    sign(email, "wrong password", ELSEWHERE)
    with transaction() as session:
        row = session.scalars(select(CoreAudit).order_by(CoreAudit.id.desc())).first()
    assert row is not None
    assert (row.action, row.outcome, row.targets) == (
        "session.sign_in",
        "wrong",
        {"emails": [email], "failures": 1},
    )
    assert (row.ip_address, row.user_agent, row.actor_type) == (
        "10.0.0.9",
        "another browser",
        "visitor",
    )


def test_an_ended_session_has_no_actor() -> None:
    one = person()
    with transaction() as session:
        session.get_one(AdminSession, one.actor.session_id).revoked_at = clock.now()
    with transaction() as session:
        assert queries.find_actor(session, crypto.fingerprint(one.token), CALLER) is None
