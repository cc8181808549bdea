"""Prompt versions and types of errors beside each other come from rollups, and equal counting the
requests with SQL.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.ai_metrics.ingest import dimension_backfill
from core.ai_metrics.ingest.rollups import MOST_VALUES
from core.ai_metrics.queries import by_dimension
from core.ai_metrics.queries.requests import request_errors
from core.ai_metrics.queries.rollup_sources import StatementShape, read_shape
from core.ai_metrics.schemas import NewRequest, RequestStatus
from core.ai_metrics.views import AiMetricsQuery, ErrorKind
from core.database.db import Database, transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor, Role
from core.insights.prompt_figures import PromptVersionFigures, mean_cost
from core.insights.queries.prompt_versions import prompt_versions
from core.presentation.periods import Period, Watched
from tests.core.ai_metrics.rollups.test_rollup_coverage import (
    as_before_these_rollups,
    forget_rows,
    varied,
)
from tests.core.ai_metrics.test_figures import PERIODS, STATES, WHOLE, ZONE, folded, in_deltas
from tests.factories.ai_metrics import START, fold, near, request, send
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
WANTED = """
    created_at >= :start and created_at < :end and environment = 'production'
    and (cast(:app as text) is null or app = :app)
    and (cast(:model as text) is null or model = :model)
    and (cast(:status as text) is null or status = :status)"""
VERSIONS = text(f"""
select prompt_title(prompt_name, prompt_version, prompt_label) as version, count(*) as requests,
    cast(sum(count(*)) over () as int) as every,
    count(*) filter (where status = 'pending') as pending,
    count(*) filter (where status = 'error') as errors, min(created_at) as first_at,
    coalesce(sum(total_tokens), 0) as tokens, coalesce(sum(cost_usd), 0) as cost,
    count(cost_usd) as priced, stddev_samp(cost_usd) as deviation,
    count(*) filter (where cost_usd is null and (total_tokens is not null or status = 'ok'))
        as unpriced,
    count(total_latency_ms) filter (where status <> 'pending') as times,
    percentile_disc(0.95) within group (order by greatest(total_latency_ms, 0))
        filter (where status <> 'pending' and total_latency_ms is not null) as p95
from ai_request_metrics where {WANTED}
    and (cast(:version as text) is null
        or prompt_title(prompt_name, prompt_version, prompt_label) = :version)
group by 1 order by 2 desc, 1 limit 200""")
TYPES = text(f"""
select nullif(error_type, '') as error_type, count(*) as requests, max(created_at) as last_at,
    count(distinct model) as models, count(*) / sum(count(*)) over () as share
from ai_request_metrics where {WANTED} and status = 'error'
    and (cast(:type as text) is null or error_type = :type)
group by 1 order by 2 desc, 1 limit 100""")
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"model": "a"},
    {"watched": Watched(app="web"), "status": RequestStatus.ERROR},
)


@pytest.fixture
def actor(database: Postgres) -> Actor:
    return person(Role.ANALYST).actor


def versions(asked: AiMetricsQuery, actor: Actor) -> list[PromptVersionFigures]:
    with transaction() as core, transaction(Database.AI) as ai:
        return prompt_versions(core, ai, asked, actor=actor)


def types(asked: AiMetricsQuery, actor: Actor) -> list[ErrorKind]:
    with transaction() as session:
        return request_errors.errors(session, asked, actor=actor).types


def counted_in_sql(statement: Any, asked: AiMetricsQuery) -> list[Mapping[Any, Any]]:  # noqa: ANN401  a text
    given = {"start": asked.period.start, "end": asked.period.end, "app": asked.watched.app}
    given |= {"model": asked.model, "status": asked.status}
    given |= {"version": asked.prompt_version, "type": asked.error_type}
    with transaction() as session:
        return list(session.execute(statement, given).mappings().all())


def versions_are_right(asked: AiMetricsQuery, actor: Actor) -> None:
    found, wanted = versions(asked, actor), counted_in_sql(VERSIONS, asked)
    assert [(each.prompt_version, each.total_requests, each.first_at) for each in found] == [
        (row["version"], row["requests"], row["first_at"]) for row in wanted
    ]
    for each, row in zip(found, wanted, strict=True):
        assert (each.pending_requests, each.error_count) == (row["pending"], row["errors"])
        assert (each.total_tokens, each.cost_usd) == (row["tokens"], row["cost"])
        assert (each.unpriced_requests, each.share) == (
            row["unpriced"],
            row["requests"] / row["every"],
        )
        assert (each.p95_latency_ms.n, each.p95_latency_ms.value) == (
            row["times"],
            near(row["p95"]),
        )
        assert each.cost_per_request == mean_cost(row["cost"], row["deviation"], row["priced"])


def types_are_right(asked: AiMetricsQuery, actor: Actor) -> None:
    found, wanted = types(asked, actor), counted_in_sql(TYPES, asked)
    assert [(each.error_type, each.requests, each.models, each.last_at) for each in found] == [
        (row["error_type"], row["requests"], row["models"], row["last_at"]) for row in wanted
    ]
    assert [each.share for each in found] == pytest.approx([float(row["share"]) for row in wanted])
    assert [len(each.samples) for each in found] == [min(each.requests, 3) for each in found]


def mixed(count: int) -> list[NewRequest]:
    """Return varied requests of which some failed without a type."""
    chance, requests = random.Random(11), varied(count)
    for each in requests:
        if each.error_type and chance.random() < 0.3:
            each.error_type = chance.choice([None, "", "rare"])
    return requests


def rows_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let reading single requests of a whole period fail."""

    def fail(*_: object) -> list[object]:
        raise AssertionError("read from raw rows")

    def read(session: Session, asked: AiMetricsQuery, shape: StatementShape, *given: Any) -> Any:  # noqa: ANN401  as it is
        assert not shape.is_exact
        return read_shape(session, asked, shape, *given)

    monkeypatch.setattr(request_errors, "_types_of_rows", fail)
    monkeypatch.setattr(by_dimension, "read_shape", read)


@STATES
def test_versions_and_types_equal_counting_the_rows_in_any_period(
    arrive: Callable[[list[NewRequest]], None], actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(mixed(500))
    rows_are_not_read(monkeypatch)
    for given, period in product(FILTERS, PERIODS.values()):
        versions_are_right(AiMetricsQuery(period, **given), actor)
        types_are_right(AiMetricsQuery(period, **given), actor)


def test_a_filter_by_one_value_is_answered_from_rollups_too(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    folded(mixed(400))
    rows_are_not_read(monkeypatch)
    for period in (PERIODS["whole days"], PERIODS["ragged"]):
        versions_are_right(AiMetricsQuery(period, prompt_version="support@7"), actor)
        types_are_right(AiMetricsQuery(period, error_type="timeout"), actor)


@pytest.mark.parametrize(
    "given",
    [
        {"error_type": "timeout"},
        {"experiment_arm": "tone:warm", "prompt_version": "support@7"},
        {"prompt_version": "(none)"},
    ],
    ids=str,
)
def test_versions_with_another_filter_are_those_of_its_rows(
    given: dict[str, Any], actor: Actor
) -> None:
    requests = mixed(300)
    folded(requests)
    found = versions(AiMetricsQuery(WHOLE, **given), actor)
    with transaction() as session:
        read = by_dimension.find_by_value(
            session, AiMetricsQuery(WHOLE, **given), by_dimension.counted, "prompt_version"
        )
    assert read is None
    assert found
    named = {"timeout": lambda each: each.error_type == "timeout"}
    if "error_type" in given:
        assert sum(each.total_requests for each in found) == sum(map(named["timeout"], requests))


def test_prompt_versions_need_no_raw_rows(actor: Actor) -> None:
    # They took the raw rows of the whole period
    requests = mixed(300)
    folded(requests[:200])
    in_deltas(requests[200:])
    asked = AiMetricsQuery(WHOLE)
    before = versions(asked, actor)
    forget_rows()
    after = versions(asked, actor)
    for old, new in zip(before, after, strict=True):
        assert old.first_at - new.first_at < timedelta(minutes=30)
        assert old == new.model_copy(update={"first_at": old.first_at})


def test_a_version_that_comes_late_in_a_period_has_the_time_of_its_first_request(
    actor: Actor,
) -> None:
    days = [START + timedelta(days=day, hours=13, minutes=7 * day) for day in range(4)]
    send(*(request(START + timedelta(hours=hour), prompt_name="old") for hour in range(90)))
    send(*(request(day, prompt_name=f"new-{day.day}") for day in days))
    send(request(START + timedelta(days=2, hours=5, minutes=50)))
    for _ in range(2):
        versions_are_right(AiMetricsQuery(WHOLE), actor)
        fold(ZONE)


def test_requests_just_before_a_period_are_not_the_first_of_it(actor: Actor) -> None:
    for minute in (3, 12, 40):
        at = START + timedelta(hours=10, minutes=minute)
        send(request(at), request(at + timedelta(minutes=1), prompt_name="p"))
    cut = Period(START + timedelta(hours=10, minutes=7), START + timedelta(hours=30), ZONE)
    for _ in range(2):
        found = versions(AiMetricsQuery(cut), actor)
        assert {each.prompt_version: each.first_at.minute for each in found} == {None: 12, "p": 13}
        versions_are_right(AiMetricsQuery(cut), actor)
        fold(ZONE)


def test_more_than_two_hundred_values_in_a_month_are_counted_from_the_rows(actor: Actor) -> None:
    names = [f"p{number:03}" for number in range(MOST_VALUES + 3)]
    sent = [request(START, prompt_name=name, error_type=name) for name in names]
    again = [request(START + timedelta(hours=1), prompt_name="p201") for _ in range(5)]
    asked = AiMetricsQuery(replace(WHOLE, end=START + timedelta(days=3)))
    send(*sent, *again)
    for is_folded in (False, True):
        versions_are_right(asked, actor)
        types_are_right(asked, actor)
        with transaction() as session:
            found = by_dimension.find_by_value(
                session, asked, by_dimension.counted, "prompt_version"
            )
        assert (found is None) is is_folded
        fold(ZONE)
    april = Period(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), "UTC")
    with transaction() as session:
        assert (
            by_dimension.find_by_value(
                session, AiMetricsQuery(april), by_dimension.counted, "prompt_version"
            )
            == []
        )


def test_late_rows_and_rows_sent_again_count_once(actor: Actor) -> None:
    requests = mixed(300)
    for number, each in enumerate(requests):
        each.id = str(number)
    folded(requests[100:])
    in_deltas(requests)
    for _ in range(2):
        for period in (WHOLE, PERIODS["ragged"]):
            versions_are_right(AiMetricsQuery(period), actor)
            types_are_right(AiMetricsQuery(period), actor)
        fold(ZONE)


def test_rows_of_an_earlier_version_are_read_until_their_rollups_are_built(actor: Actor) -> None:
    as_before_these_rollups(mixed(300))
    for is_built in (False, True):
        with transaction() as session:
            found = by_dimension.find_by_value(
                session, AiMetricsQuery(WHOLE), by_dimension.counted, "prompt_version"
            )
        assert (found is not None) is is_built
        versions_are_right(AiMetricsQuery(WHOLE), actor)
        types_are_right(AiMetricsQuery(WHOLE), actor)
        dimension_backfill.build()


def test_costs_that_are_very_far_apart_have_the_interval_of_their_deviation(actor: Actor) -> None:
    amounts = [Decimal("0.00000001"), Decimal("99999.99999999"), *[Decimal("0.1")] * 20, None]
    send(*(request(START, prompt_name="p", cost_usd=amount) for amount in amounts))
    for _ in range(2):
        versions_are_right(AiMetricsQuery(WHOLE), actor)
        fold(ZONE)
