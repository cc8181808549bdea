"""Usage of model calls: by each dimension, by day, and for those who may see it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from core.database.db import transaction
from core.identity.schemas import Actor, Caller, Role, Scope
from core.insights.queries.usage.usage import usage
from core.insights.usage import UsageDimension, UsageReport, UsageRow
from core.insights.usage_kpis import usage_kpis
from core.platform import clock
from core.playground.schemas import SessionDetails
from core.playground.service import sessions, sharing
from core.playground.sharing.schemas import SessionReaders
from core.presentation.periods import Period, last_days
from core.prompts.queries.prompts import get_prompt
from core.prompts.queries.versions import read_version
from tests.factories.identity import person
from tests.factories.keys import api_key
from tests.factories.prompts import create, save
from tests.factories.usage import used

NOVEMBER = Period(datetime(2025, 11, 1, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC))


@pytest.fixture
def admin(database: object) -> Actor:
    return person(Role.ADMIN).actor


def key_actor() -> Actor:
    made = api_key(Scope.EXECUTE)
    scopes = frozenset({Scope.EXECUTE})
    return Actor(made.id, made.name, made.name, None, None, Caller(), scopes)


def report(
    actor: Actor,
    group_by: UsageDimension = UsageDimension.MODEL,
    period: Period = NOVEMBER,
) -> UsageReport:
    with transaction() as session:
        return usage(session, period, group_by, actor=actor)


def rows(actor: Actor, group_by: UsageDimension) -> dict[str | None, UsageRow]:
    return {row.name: row for row in report(actor, group_by).rows}


def on(day: int, hour: int = 12) -> datetime:
    return datetime(2025, 11, day, hour, tzinfo=UTC)


def test_unpriced_calls_are_counted_apart_and_failed_calls_without_tokens_are_not_unpriced(
    admin: Actor,
) -> None:
    used(admin, on(3))
    used(admin, on(3), cost_usd=None, cost_source="unpriced")
    nothing = {"input_tokens": None, "output_tokens": None, "total_tokens": None, "cost_usd": None}
    used(admin, on(3), status="failed", execution_time_ms=None, **nothing)
    used(admin, on(3), status="pending", **nothing)
    total = report(admin).total
    assert (total.calls, total.errors, total.error_rate) == (3, 1, 1 / 3)
    assert (total.priced_calls, total.unpriced_calls, total.cost_usd) == (1, 1, Decimal("0.01"))
    assert (total.input_tokens, total.output_tokens) == (20, 10)


def test_calls_with_zero_tokens_are_not_unpriced(admin: Actor) -> None:
    none = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0, "cost_usd": None}
    used(admin, on(3), cost_source="unpriced", **none)
    used(admin, on(3), cost_source="unpriced", **(none | {"output_tokens": 7}))
    assert report(admin).total.unpriced_calls == 1


def test_p95_time_is_at_most_one_percent_off(admin: Actor) -> None:
    for time in range(1, 101):
        used(admin, on(3), execution_time_ms=time * 10)
    found = report(admin)
    assert found.total.p95_time_ms == pytest.approx(950, rel=0.01)
    assert found.rows[0].p95_time_ms == found.total.p95_time_ms


def test_answers_from_the_cache_are_counted_and_make_no_model_look_faster(admin: Actor) -> None:
    used(admin, on(3), execution_time_ms=2000)
    free = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0, "cost_usd": 0}
    used(admin, on(3), execution_time_ms=1, cached_from=UUID(int=1), **free)
    used(admin, on(3), execution_time_ms=1, cached_from=UUID(int=1), **free)
    total = report(admin).total
    assert (total.calls, total.cached_calls, total.cost_usd) == (3, 2, Decimal("0.01"))
    assert total.p95_time_ms == pytest.approx(2000, rel=0.01)


def test_models_are_listed_with_the_highest_cost_first(admin: Actor) -> None:
    for model, cost in (("openai:small", "0.01"), ("openai:large", "0.5"), ("openai:small", "0.1")):
        used(admin, on(3), model_id=model, cost_usd=cost)
    found = report(admin).rows
    assert [(row.name, row.calls, row.cost_usd) for row in found] == [
        ("openai:large", 1, Decimal("0.5")),
        ("openai:small", 2, Decimal("0.11")),
    ]


def test_versions_of_a_prompt_are_one_prompt_and_rows_of_their_own(admin: Actor) -> None:
    made = create(admin)
    first = _version(admin, "support", 1)
    save(admin, made.id, prompt="Hello again")
    for version in (first, _version(admin, "support", 2), None):
        used(admin, on(3), template_version_id=version)
    found = rows(admin, UsageDimension.PROMPT)
    assert {name: row.calls for name, row in found.items()} == {"support": 2, None: 1}
    assert found["support"].id == str(made.id)
    versions = rows(admin, UsageDimension.PROMPT_VERSION)
    assert set(versions) == {"support@1", "support@2", None}
    assert versions["support@2"].prompt_id == made.id


def test_names_of_prompts_that_the_reader_may_not_see_stay_private(admin: Actor) -> None:
    other = person(Role.ADMIN).actor
    for name in ("theirs", "theirs too"):
        create(other, name)
        used(other, on(3), template_version_id=_version(other, name, 1))
    found = rows(admin, UsageDimension.PROMPT)
    assert {name: (row.id, row.calls) for name, row in found.items()} == {"(private)": (None, 2)}


def project_session(owner: Actor, project: str | None) -> UUID:
    with transaction() as session:
        given = SessionDetails.model_validate({"project": project})
        return sessions.create(session, given, actor=owner).session_id


def test_calls_are_counted_by_the_project_of_their_session(admin: Actor) -> None:
    for project, calls in (("Support", 2), ("Support", 1), ("Sales", 1), (None, 1)):
        session_id = project_session(admin, project)
        for _ in range(calls):
            used(admin, on(3), session_id=session_id)
    used(key_actor(), on(3))
    found = rows(admin, UsageDimension.PROJECT)
    assert {name: row.calls for name, row in found.items()} == {"Support": 3, "Sales": 1, None: 2}


def test_projects_of_others_are_named_where_a_session_is_shared(admin: Actor) -> None:
    other = person(Role.ADMIN).actor
    shared, private = project_session(other, "Open"), project_session(other, "Secret")
    for session_id in (shared, private):
        used(other, on(3), session_id=session_id)
    readers = SessionReaders.model_validate({"accounts": [{"email": admin.email}]})
    with transaction() as session:
        sharing.share(session, shared, readers, actor=other)
    assert set(rows(admin, UsageDimension.PROJECT)) == {"Open", "(private)"}
    assert set(rows(other, UsageDimension.PROJECT)) == {"Open", "Secret"}


def test_accounts_and_keys_are_told_apart(admin: Actor) -> None:
    key = key_actor()
    used(admin, on(3))
    used(key, on(3))
    used(key, on(3))
    accounts, keys = (rows(admin, each) for each in (UsageDimension.ACCOUNT, UsageDimension.KEY))
    assert {name: row.calls for name, row in accounts.items()} == {admin.email: 1, None: 2}
    assert {name: row.calls for name, row in keys.items()} == {key.name: 2, None: 1}


def test_a_key_sees_its_own_calls_only_and_an_admin_all(admin: Actor) -> None:
    key, other = key_actor(), key_actor()
    for actor in (admin, key, other, other):
        used(actor, on(3))
    assert [report(actor).total.calls for actor in (admin, key, other)] == [4, 1, 2]


def test_days_are_those_of_the_reporting_time_zone(admin: Actor) -> None:
    zone = "Europe/Berlin"
    # Midnight in Berlin, on the day before winter time begins
    start = datetime(2025, 10, 24, 22, tzinfo=UTC)
    period = Period(start, datetime(2025, 10, 28, 23, tzinfo=UTC), zone)
    for day, hour in ((24, 22), (26, 22), (27, 23)):
        used(admin, datetime(2025, 10, day, hour, tzinfo=UTC))
    used(admin, start - timedelta(seconds=1))
    found = report(admin, UsageDimension.DAY, period)
    assert [(row.name, row.calls) for row in found.rows] == [
        ("2025-10-28", 1),
        ("2025-10-26", 1),
        ("2025-10-25", 1),
    ]
    assert [day.calls for day in found.series] == [1, 1, 0, 1]
    assert [day.at.astimezone(UTC).hour for day in found.series] == [22, 22, 23, 23]
    assert found.previous.calls == 1


def test_the_previous_period_is_as_long_as_what_has_passed_of_this_one(
    admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = on(20)
    monkeypatch.setattr(clock, "now", lambda: now)
    for at in (now, now - timedelta(days=7, minutes=45), now - timedelta(days=6, hours=23)):
        used(admin, at)
    found = report(admin, period=last_days(7, zone="UTC"))
    assert (found.total.calls, found.previous.calls) == (1, 1)


def test_a_period_within_one_day_has_a_series_of_hours_and_one_row_for_the_day(
    admin: Actor,
) -> None:
    for hour in (0, 9, 9, 23):
        used(admin, on(3, hour))
    found = report(admin, UsageDimension.DAY, Period(on(3, 0), on(4, 0)))
    assert [(row.name, row.calls) for row in found.rows] == [("2025-11-03", 4)]
    assert {point.at.hour: point.calls for point in found.series if point.calls} == {
        0: 1,
        9: 2,
        23: 1,
    }
    assert (len(found.series), found.grain) == (24, "hourly")


def test_key_figures_leave_out_hours_that_are_not_over_and_costs_that_are_not_known(
    admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: on(3, 12))
    for hour in (10, 11, 12):
        used(admin, on(3, hour), cost_usd=None)
    figures = {
        each.name: each for each in usage_kpis(report(admin, period=last_days(1, zone="UTC")))
    }
    assert figures["calls"].value == 3
    assert figures["calls"].course == [*[0.0] * 10, 1.0, 1.0]
    assert figures["cost"].value is None
    assert figures["p95_time"].course[-1] == pytest.approx(1000, rel=0.01)


def _version(actor: Actor, name: str, number: int) -> UUID:
    with transaction() as session:
        prompt = get_prompt(session, name, actor=actor)
        return read_version(session, prompt.id, number).id
