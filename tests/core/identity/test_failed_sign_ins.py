"""Failed sign-ins make one audit row per network and hour, for any number of them, for a limited
time.
"""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from core.database.db import transaction
from core.database.tables import CoreAudit
from core.errors import Unavailable
from core.identity import passwords
from core.identity.models import SignInFailureHour
from core.identity.schemas import Caller, SessionKind
from core.identity.service import sessions, sign_in, sign_in_failures
from core.platform import clock
from core.system import jobs
from tests.factories.identity import CALLER, PASSWORD, person

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def _wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "matches", lambda password, _hash: password == PASSWORD)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 18, 12, tzinfo=UTC))


def fail(email: str, caller: Caller = CALLER) -> None:
    assert sign_in.try_sign_in(email, "wrong password", SessionKind.API, caller).signed_in is None


def rows() -> list[CoreAudit]:
    with transaction() as session:
        failed = select(CoreAudit).where(
            CoreAudit.action == sign_in_failures.ACTION, CoreAudit.outcome != "ok"
        )
        return list(session.scalars(failed.order_by(CoreAudit.id)))


def test_many_failures_from_one_address_are_one_row_with_a_count() -> None:
    for number in range(9):
        fail(f"user{number}@example.com")
    (row,) = rows()
    assert row.targets == {
        "emails": [f"user{number}@example.com" for number in range(5)],
        "failures": 9,
    }
    assert row.ip_address == CALLER.ip_address


def test_addresses_of_one_ipv6_network_share_a_row_and_other_networks_have_their_own() -> None:
    for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"):
        fail("nobody@example.com", Caller(address, "browser", "request"))
    assert [row.targets["failures"] for row in rows()] == [2, 1]


def test_locked_attempts_are_counted_in_the_same_row() -> None:
    for _ in range(7):
        fail("nobody@example.com")
    (row,) = rows()
    assert (row.targets["failures"], row.outcome) == (7, "locked")


def test_the_next_hour_has_a_row_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    fail("nobody@example.com")
    then = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: then)
    fail("nobody@example.com")
    assert [row.targets["failures"] for row in rows()] == [1, 1]


def test_rows_of_failed_sign_ins_go_after_ninety_days_and_the_rest_of_the_log_stays() -> None:
    person()
    fail("nobody@example.com")
    with transaction() as session:
        session.execute(
            update(CoreAudit).values(
                occurred_at=clock.now() - sign_in_failures.RETENTION - timedelta(days=1)
            )
        )
        session.execute(update(SignInFailureHour).values(hour=clock.now() - timedelta(hours=3)))
    jobs.forget_failed_sign_ins(0)
    assert rows() == []
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(CoreAudit)) == 1
        assert session.scalar(select(func.count()).select_from(SignInFailureHour)) == 0


def test_a_lock_lasts_although_the_first_failure_is_a_day_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began, email = clock.now(), "grace@example.com"
    person(email=email)

    def signs_in_at(hours: float, password: str = PASSWORD) -> bool:
        monkeypatch.setattr(clock, "now", lambda: began + timedelta(hours=hours))
        given = sign_in.try_sign_in(email, password, SessionKind.API, CALLER)
        return given.signed_in is not None

    for hours in (0, 0, 0, 0, 23.9):
        assert not signs_in_at(hours, "wrong password")
    assert not signs_in_at(24.05)
    jobs.forget_failed_sign_ins(0)
    assert not signs_in_at(24.1)
    assert signs_in_at(24.2)


def test_attempts_that_were_cut_short_lock_for_no_longer_than_failed_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # In an outage, checks never end, and the right password was refused for a day
    began, email = clock.now(), "grace@example.com"
    person(email=email)

    def signs_in_at(minutes: float) -> bool:
        monkeypatch.setattr(clock, "now", lambda: began + timedelta(minutes=minutes))
        given = sign_in.try_sign_in(email, PASSWORD, SessionKind.API, CALLER)
        return given.signed_in is not None

    def cut_short(*_given: object, **_more: object) -> None:
        raise Unavailable

    with monkeypatch.context() as outage:
        outage.setattr(sessions, "finish_sign_in", cut_short)
        for _ in range(5):
            with pytest.raises(Unavailable):
                signs_in_at(0)
    assert not signs_in_at(1)
    assert signs_in_at(16.1)
