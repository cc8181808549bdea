"""Rollups of AI requests are correct for any order, batches, repetitions and concurrent writers."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from core.ai_metrics.ingest import requests as ingest
from core.ai_metrics.ingest import rollups
from core.ai_metrics.schemas import NewRequest, RequestStatus
from core.database import partitions
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.ingest.rows import RowSource
from core.platform import clock

SOURCE = RowSource("production", "Europe/Berlin")
NOW = clock.now().replace(minute=0, second=0, microsecond=0)
TABLES = ("ai_request_metrics", "ai_request_rollups", "ai_request_deltas", "users", "user_days")
LATENCIES = (None, -5, 0, 1, 2, 3, 999, 86_400_000, 2**31 - 1)


@pytest.fixture(autouse=True)
def empty(database: Postgres) -> None:
    partitions.create_ahead()


def clear() -> None:
    with transaction() as session:
        for table in TABLES:
            session.execute(text(f"delete from {table}"))


def requests(chance: Random, count: int) -> list[NewRequest]:
    return [_request(chance, number) for number in range(count)]


def _request(chance: Random, number: int) -> NewRequest:
    latency = chance.choice([*LATENCIES, *(int(chance.lognormvariate(6, 1.5)) for _ in range(20))])
    return NewRequest(
        id=f"r{number}",
        created_at=NOW - timedelta(minutes=chance.randint(0, 4000)),
        model=chance.choice(["m1", "m2", "m3"]),
        provider=chance.choice(["p", "q"]),
        user_id=chance.choice([None, "u1", "u2"]),
        app=chance.choice([None, "web"]),
        status=chance.choice([None, *RequestStatus]),
        input_tokens=chance.choice([None, 0, 1500]),
        output_tokens=chance.choice([None, 7]),
        cost_usd=chance.choice([None, Decimal(0), Decimal("0.00000001")]),
        total_latency_ms=latency,
        first_token_ms=chance.choice([None, latency]),
    )


def store(batch: list[NewRequest]) -> int:
    with transaction() as session:
        return ingest.store(session, batch, SOURCE)


def store_and_fold(batch: list[NewRequest]) -> int:
    added = store(batch)
    with transaction() as session:
        rollups.REQUESTS.fold(session, zone=SOURCE.zone)
    return added


def batches(chance: Random, rows: list[NewRequest]) -> list[list[NewRequest]]:
    """Split rows into batches in any order, with some repeated."""
    left = chance.sample(rows + chance.sample(rows, len(rows) // 3), len(rows) + len(rows) // 3)
    split = []
    while left:
        size = chance.choice([1, 3, 20, 60])
        split.append(left[:size])
        left = left[size:]
    return split


def folded() -> list[Any]:
    while True:
        with transaction() as session:
            if not rollups.REQUESTS.fold(session, zone=SOURCE.zone):
                break
    with transaction() as session:
        wanted = (
            "select * from ai_request_rollups order by grain, at, environment, app, provider, "
            "model, status"
        )
        return [tuple(row) for row in session.execute(text(wanted))]


@pytest.mark.parametrize(
    "seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.prove) for seed in range(4, 60))]
)
def test_order_batches_repeats_and_writers_change_nothing(seed: int) -> None:
    chance = Random(seed)
    rows = requests(chance, 300)
    assert store(sorted(rows, key=lambda row: row.created_at or NOW)) == len(rows)
    expected = folded()
    clear()
    with ThreadPoolExecutor(chance.choice([1, 2, 4])) as writers:
        added = sum(writers.map(store_and_fold, batches(chance, rows)))
    assert added == len(rows)
    assert folded() == expected


def test_half_hours_and_days_hold_the_same_requests() -> None:
    rows = requests(Random(1), 400)
    store(rows)
    folded()
    with transaction() as session:
        wanted = text(
            "select grain, model = '*', sum(requests), sum(total_tokens) from "
            "ai_request_rollups group by 1, 2"
        )
        sums = {tuple(row) for row in session.execute(wanted)}
    assert len({(requests_, tokens) for _, _, requests_, tokens in sums}) == 1
    assert {requests_ for _, _, requests_, _ in sums} == {len(rows)}


def test_the_sums_are_those_of_the_rows() -> None:
    rows = requests(Random(2), 300)
    store(rows)
    folded()
    timed = [row for row in rows if row.status is not RequestStatus.PENDING]
    latencies = [
        min(row.total_latency_ms, 86_400_000) for row in timed if row.total_latency_ms is not None
    ]
    first_tokens = [
        min(row.first_token_ms, 86_400_000) for row in timed if row.first_token_ms is not None
    ]
    costs = [int(row.cost_usd * 10**9) for row in rows if row.cost_usd is not None]
    unpriced = sum(row.cost_usd is None and _may_cost(row) for row in rows)
    true = (
        len(latencies),
        sum(latencies),
        len(first_tokens),
        sum(first_tokens),
        sum(costs),
        unpriced,
    )
    wanted = text(
        "select sum(latencies), sum(latency_ms), sum(first_tokens), sum(first_token_ms), "
        "sum(cost_nano), sum(unpriced), (select sum(n) from "
        "unnest(histogram_sum(latency_histogram)) as n), (select sum(n) from "
        "unnest(histogram_sum(first_token_histogram)) as n) from ai_request_rollups where grain = "
        "'half_hour' and model <> '*'"
    )
    with transaction() as session:
        assert tuple(session.execute(wanted).one()) == (*true, len(latencies), len(first_tokens))


def _may_cost(row: NewRequest) -> bool:
    """Whether a request has tokens that cost something, or must have had some."""
    has_tokens = any(
        each is not None for each in (row.input_tokens, row.output_tokens, row.total_tokens)
    )
    return has_tokens or row.status in (None, RequestStatus.OK)


@pytest.mark.parametrize(
    ("fields", "unpriced"),
    [
        ({"status": "error"}, 0),
        ({"status": "pending"}, 0),
        ({"status": "error", "error_type": "timeout", "input_tokens": 5}, 1),
        ({"status": "error", "total_tokens": 5}, 1),
        ({"status": "ok"}, 1),
        ({"status": "ok", "output_tokens": 5}, 1),
    ],
)
def test_only_what_may_have_cost_something_lacks_a_price(
    fields: dict[str, Any], unpriced: int
) -> None:
    store([NewRequest(id="one", model="nobody-knows", created_at=NOW, **fields)])
    folded()
    with transaction() as session:
        wanted = text(
            "select sum(unpriced) from ai_request_rollups where grain = 'day' and model = '*'"
        )
        assert session.scalar(wanted) == unpriced


def test_a_day_is_one_of_the_reporting_time_zone() -> None:
    late = datetime.fromisoformat("2026-06-30T22:30:00+00:00")
    partitions.create_for("ai_request_metrics", [late])
    store([NewRequest(id="late", model="m", provider="p", created_at=late)])
    folded()
    with transaction() as session:
        at = session.scalar(text("select distinct at from ai_request_rollups where grain = 'day'"))
    assert at == datetime.fromisoformat("2026-07-01T00:00:00+02:00")


@pytest.mark.parametrize("seed", range(3))
def test_percentiles_are_within_one_percent_of_the_exact_ones(seed: int) -> None:
    chance = Random(seed)
    latencies = sorted(int(chance.lognormvariate(7, 1)) + 1 for _ in range(2000))
    store(
        [
            NewRequest(id=f"{n}", model="m", created_at=NOW, total_latency_ms=ms)
            for n, ms in enumerate(latencies)
        ]
    )
    folded()
    quantiles = [0.01, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0]
    with transaction() as session:
        wanted = text(
            "select histogram_quantiles(histogram_sum(latency_histogram), :quantiles) from "
            "ai_request_rollups where grain = 'day' and model = '*'"
        )
        found = session.scalar(wanted, {"quantiles": quantiles}) or []
    exact = [latencies[ceil(q * len(latencies)) - 1] for q in quantiles]
    for estimate, truth in zip(found, exact, strict=True):
        assert abs(estimate - truth) <= 0.0101 * truth


def test_nothing_and_less_have_a_bucket_of_their_own_and_no_more_than_a_day_counts() -> None:
    rows = [-7, 0, 0, 86_400_000, 2**31 - 1]
    store(
        [
            NewRequest(id=f"{n}", model="m", created_at=NOW, total_latency_ms=ms)
            for n, ms in enumerate(rows)
        ]
    )
    folded()
    with transaction() as session:
        wanted = text(
            "select latencies, latency_ms, histogram_quantiles(latency_histogram, '{0.5, 1}') "
            "from ai_request_rollups "
            "where grain = 'day' and model = '*'"
        )
        count, total, quantiles = session.execute(wanted).one()
    assert (count, total) == (5, -7 + 2 * 86_400_000)
    assert quantiles[0] == 0
    assert abs(quantiles[1] - 86_400_000) <= 0.0101 * 86_400_000


def test_pending_requests_count_but_have_no_latency() -> None:
    store(
        [
            NewRequest(
                id="p",
                model="m",
                created_at=NOW,
                status=RequestStatus.PENDING,
                total_latency_ms=500,
            )
        ]
    )
    folded()
    with transaction() as session:
        wanted = text(
            "select requests, latencies, latency_histogram from ai_request_rollups where "
            "grain = 'day' and model = '*'"
        )
        assert tuple(session.execute(wanted).one()) == (1, 0, None)
