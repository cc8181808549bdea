"""Repricing: rows and rollups change together, reported costs stay, a dry run changes nothing."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text

from core.ai_metrics import repricing
from core.ai_metrics.ingest import rollups
from core.ai_metrics.ingest.costs import recomputed_costs
from core.ai_metrics.models import AiRequest
from core.ai_metrics.repricing import EmptySpan, Reprice, RepriceProgress, RepriceReport
from core.database.db import transaction
from core.identity.schemas import Actor
from core.providers.queries import token_prices
from core.providers.service import price_list
from tests import emptying
from tests.factories.identity import person
from tests.factories.requests import ai_requests, price

pytestmark = pytest.mark.usefixtures("database")

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
WEEK = {"start": NOON - timedelta(days=3), "end": NOON + timedelta(days=4)}
MILLION = 1_000_000
OWN = "our-own-model"
SUMMED = """
select sum(requests)::bigint, sum(unpriced)::bigint, sum(cost_nano)::bigint,
    sum(total_tokens)::bigint, sum(latencies)::bigint
from (select requests, unpriced, cost_nano, total_tokens, latencies from ai_request_rollups
    where grain = :grain and model = :model
    union all select requests, unpriced, cost_nano, total_tokens, latencies from ai_request_deltas
        where :all) as every_sum"""


@pytest.fixture(autouse=True)
def fresh(database: object) -> None:
    token_prices._rates.clear()  # noqa: SLF001  what the test before has priced


@pytest.fixture
def boss() -> Actor:
    return person().actor


def run(**given: object) -> RepriceReport:
    wanted = Reprice.model_validate({"dry_run": False, **WEEK, **given})
    return repricing.reprice_days(
        RepriceProgress(repricing.span_of(wanted), dry_run=wanted.dry_run)
    )


def costs() -> list[Decimal | None]:
    with transaction() as session:
        return list(
            session.scalars(
                select(AiRequest.cost_usd).order_by(AiRequest.created_at, AiRequest.external_id)
            )
        )


def fold() -> None:
    with transaction() as session:
        while rollups.fold(session, zone="UTC"):
            pass


def rolled_up(grain: str, model: str = "*") -> tuple[int, ...]:
    with transaction() as session:
        return tuple(
            session.execute(
                text(SUMMED), {"grain": grain, "model": model, "all": model == "*"}
            ).one()
        )


def raw() -> tuple[int, ...]:
    with transaction() as session:
        found = session.execute(
            select(
                func.count(),
                func.count().filter(AiRequest.cost_usd.is_(None)),
                func.coalesce(func.sum(AiRequest.cost_usd), 0) * 1_000_000_000,
                func.sum(AiRequest.total_tokens),
                func.count(AiRequest.total_latency_ms),
            )
        ).one()
    return tuple(int(each or 0) for each in found)


def a_day(at: datetime = NOON, **row: object) -> list[dict[str, object]]:
    return [
        {
            "id": f"{at}{n}",
            "created_at": at + n * timedelta(minutes=17),
            "model": OWN,
            "input_tokens": MILLION,
        }
        | row
        for n in range(4)
    ]


def test_what_was_unpriced_gets_its_price_and_rollups_follow(boss: Actor) -> None:
    ai_requests(*a_day(total_latency_ms=20))
    fold()
    price(boss, OWN, NOON, input="1.5")
    report = run()
    assert costs() == [Decimal("1.5")] * 4
    assert (report.requests_examined, report.requests_changed, report.difference_usd) == (
        4,
        4,
        Decimal(6),
    )
    [item] = report.items
    assert (item.model, item.newly_priced, item.before_usd, item.after_usd) == (
        OWN,
        4,
        Decimal(0),
        Decimal(6),
    )
    assert rolled_up("day") == raw() == (4, 0, 6_000_000_000, 4 * MILLION, 4)
    fold()
    assert rolled_up("day") == rolled_up("half_hour") == rolled_up("day", OWN) == raw()


def test_a_dry_run_says_the_same_and_changes_nothing(boss: Actor) -> None:
    ai_requests(*a_day())
    price(boss, OWN, NOON, input="1.5")
    before = raw()
    dry = run(dry_run=True)
    assert (raw(), costs()) == (before, [None] * 4)
    assert rolled_up("day") == before
    wet = run()
    assert dry.model_dump(exclude={"dry_run"}) == wet.model_dump(exclude={"dry_run"})


def test_a_second_run_finds_nothing_to_do(boss: Actor) -> None:
    ai_requests(*a_day())
    price(boss, OWN, NOON)
    run()
    again = run()
    assert (again.requests_examined, again.requests_changed, again.items) == (4, 0, [])
    assert rolled_up("day") == raw()


def test_reported_costs_stay(boss: Actor) -> None:
    ai_requests(*a_day(cost_usd="0.5"))
    price(boss, OWN, NOON)
    report = run()
    assert (report.requests_examined, costs()) == (0, [Decimal("0.5")] * 4)


def test_a_price_that_is_gone_leaves_requests_unpriced_not_free(boss: Actor) -> None:
    own = price(boss, OWN, NOON)
    ai_requests(*a_day())
    with transaction() as session:
        price_list.remove(session, own.id, actor=boss)
    assert costs() == [Decimal(1)] * 4
    report = run()
    assert costs() == [None] * 4
    assert (report.items[0].no_longer_priced, report.difference_usd) == (4, Decimal(-4))
    assert rolled_up("day") == raw() == (4, 4, 0, 4 * MILLION, 0)


def test_each_row_is_priced_by_what_held_at_its_own_time(boss: Actor) -> None:
    ai_requests(*a_day())
    price(boss, OWN, NOON + timedelta(minutes=17), input="2")
    price(boss, OWN, NOON + timedelta(minutes=34), input="3", output="0")
    run()
    assert costs() == [None, Decimal(2), Decimal(3), Decimal(3)]


def test_only_the_span_and_the_model_that_were_asked_for(boss: Actor) -> None:
    ai_requests(
        *a_day(),
        *a_day(NOON + timedelta(days=1)),
        *[row | {"id": f"x{n}", "model": "x"} for n, row in enumerate(a_day())],
    )
    for model in (OWN, "x"):
        price(boss, model, token_prices.ALWAYS)
    report = run(
        start=NOON + timedelta(minutes=17), end=NOON + timedelta(days=1, minutes=17), model=OWN
    )
    assert (report.requests_examined, report.requests_changed) == (4, 4)
    assert [item.model for item in report.items] == [OWN]
    assert rolled_up("day") == raw()


def test_counts_that_contradict_each_other_and_the_largest_ones_fit(boss: Actor) -> None:
    most = 2**31 - 1
    row = {"created_at": NOON, "model": OWN}
    ai_requests(
        row | {"id": "1", "input_tokens": 10, "cached_tokens": 20, "cache_write_tokens": 5},
        row
        | {
            "id": "2",
            "input_tokens": most,
            "output_tokens": most,
            "cached_tokens": most,
            "cache_write_tokens": most,
        },
        row | {"id": "3"},
    )
    price(
        boss,
        OWN,
        NOON,
        input="1000000",
        output="1000000",
        cached_input="0.1",
        cache_write="1000000",
    )
    run()
    assert costs() == [Decimal("5.000002"), Decimal("999999.99999999"), None]


def test_two_at_once_count_nothing_twice(boss: Actor) -> None:
    ai_requests(*a_day())
    price(boss, OWN, NOON)
    threads = [threading.Thread(target=run, args=()) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rolled_up("day") == raw() == (4, 0, 4_000_000_000, 4 * MILLION, 0)


def test_rows_that_somebody_deletes_meanwhile_are_left_out(
    boss: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ai_requests(*a_day())
    price(boss, OWN, NOON)
    count = recomputed_costs.count_models

    def then_delete(*args: object) -> recomputed_costs.Models:
        counted = count(*args)  # type: ignore[arg-type]  # passed on
        with transaction() as session:
            session.execute(delete(AiRequest).where(AiRequest.created_at == NOON))
        return counted

    monkeypatch.setattr(recomputed_costs, "count_models", then_delete)
    assert run().requests_changed == 3
    assert rolled_up("day")[2] == 3_000_000_000


def test_what_ends_before_it_begins_is_refused(boss: Actor) -> None:
    for end in (NOON, NOON - timedelta(days=1)):
        with pytest.raises(EmptySpan):
            run(start=NOON, end=end)


AMOUNTS = st.decimals(0, 1_000_000, places=6)
COUNTS = st.none() | st.integers(0, 2**31 - 1) | st.integers(0, 2000)
ROWS = st.lists(
    st.tuples(
        st.integers(0, 3 * 86400), st.sampled_from(["a", "b"]), COUNTS, COUNTS, COUNTS, COUNTS
    ),
    max_size=12,
)
PRICES = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.integers(0, 3 * 86400),
        AMOUNTS,
        AMOUNTS,
        st.none() | AMOUNTS,
        st.none() | AMOUNTS,
    ),
    max_size=6,
    unique_by=lambda each: each[:2],
)


@given(ROWS, PRICES)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_it_gives_what_rows_would_cost_that_came_in_now(
    rows: list[tuple[object, ...]], listed: list[tuple[object, ...]]
) -> None:
    emptying.empty_tables()
    token_prices._rates.clear()  # noqa: SLF001
    names = ("model", "input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens")
    given = [
        {"id": str(n), "created_at": NOON + timedelta(seconds=int(str(at)))}
        | dict(zip(names, rest, strict=True))
        for n, (at, *rest) in enumerate(rows)
    ]
    if not given:
        return
    ai_requests(*given)
    boss = person().actor
    for model, at, *amounts in listed:
        kinds = dict(zip(("input", "output", "cached_input", "cache_write"), amounts, strict=True))
        price(boss, str(model), NOON + timedelta(seconds=int(str(at))), **kinds)
    run()
    repriced = costs()
    assert rolled_up("day") == raw()
    with transaction() as session:
        session.execute(delete(AiRequest))
    ai_requests(*given)
    assert repriced == costs()
