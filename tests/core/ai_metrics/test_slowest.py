"""The slowest and the most expensive requests are the same with and without the indexes of past
days.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from sqlalchemy import event, text

from core.ai_metrics.queries import daily_indexes
from core.ai_metrics.queries.requests import request_lists, top_requests
from core.ai_metrics.requests import RequestOrder
from core.ai_metrics.schemas import NewRequest, RequestStatus
from core.ai_metrics.views import AiMetricsQuery
from core.database.connections import engines
from core.database.db import transaction
from core.database.paging import Window
from core.identity.schemas import Role
from core.platform import clock
from core.presentation.periods import Period, Watched
from tests.factories.ai_metrics import START, fold, many, request, send
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
DAY = timedelta(days=1)
WHOLE = Period(START, START + 5 * DAY)
ODD = Period(START + timedelta(hours=3, minutes=11), START + timedelta(days=3, hours=7, minutes=41))
SHORT = Period(START + timedelta(minutes=3), START + timedelta(minutes=17))
ASKED = [
    AiMetricsQuery(WHOLE),
    AiMetricsQuery(ODD),
    AiMetricsQuery(SHORT),
    AiMetricsQuery(WHOLE, model="a"),
    AiMetricsQuery(WHOLE, provider="umbra", status=RequestStatus.ERROR),
    AiMetricsQuery(WHOLE, Watched(app="web")),
    AiMetricsQuery(WHOLE, Watched(release="2")),
    AiMetricsQuery(WHOLE, Watched("staging")),
]
INDEXES = text(
    "select indexname from pg_indexes where indexname like 'ai_request_metrics_p%_cost' order "
    "by indexname"
)


@pytest.fixture(params=["every day is over", "the last days are not"])
def edge(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Set from which day on there are no indexes."""
    chosen = {"every day is over": WHOLE.end, "the last days are not": START + 3 * DAY}
    monkeypatch.setattr(top_requests, "begins_unordered", lambda: chosen[request.param])
    return chosen[request.param]


@pytest.mark.parametrize("is_folded", [True, False])
@pytest.mark.usefixtures("edge")
def test_they_are_those_that_took_or_cost_most(is_folded: bool) -> None:
    sent, actor = many(600), person(Role.ANALYST).actor
    send(*sent)
    if is_folded:
        fold()
    daily_indexes.make()
    for asked, order in product(ASKED, (RequestOrder.SLOWEST, RequestOrder.MOST_EXPENSIVE)):
        measured = sorted(
            value
            for each in sent
            if (value := measure(each, order)) is not None and is_wanted(asked, each, order)
        )
        for window in (Window(10), Window(7, 13), Window(200, 400)):
            with transaction() as session:
                found = request_lists.list_first(session, asked, order, window, actor=actor)
            values = [
                each.total_latency_ms if order is RequestOrder.SLOWEST else each.cost_usd
                for each in found
            ]
            wanted = measured[::-1][window.offset : window.offset + window.limit]
            assert values == wanted, (asked, order, window)


def test_days_that_are_over_have_an_index_of_each_order_and_today_has_none() -> None:
    send(request(clock.now()), request(clock.now() - 2 * DAY))
    daily_indexes.make()
    assert f"ai_request_metrics_p{clock.now() - 2 * DAY:%Y%m%d}_cost" in indexes()
    assert f"ai_request_metrics_p{clock.now():%Y%m%d}_cost" not in indexes()
    assert daily_indexes.make() == 0


def test_an_index_that_was_not_finished_is_made_again() -> None:
    send(request(clock.now() - 2 * DAY))
    daily_indexes.make()
    leave_unfinished(indexes()[0])
    assert daily_indexes.make() == 1
    assert daily_indexes.make() == 0


def test_an_index_waits_for_a_long_transaction_of_a_writer() -> None:
    at = clock.now() - 3 * DAY
    send(request(at))
    daily_indexes.make()
    leave_unfinished(f"ai_request_metrics_p{at:%Y%m%d}_cost")
    impatient = engines.current().core
    event.listen(impatient, "checkout", be_impatient)
    event.listen(impatient, "checkin", be_patient)
    try:
        with ThreadPoolExecutor(1) as other, transaction() as writer:
            writer.execute(text("update ai_request_metrics set model = 'another'"))
            made = other.submit(daily_indexes.make)
            time.sleep(0.5)
            assert not made.done()
            writer.commit()
            assert made.result(30) == 1
    finally:
        event.remove(impatient, "checkout", be_impatient)
        event.remove(impatient, "checkin", be_patient)


def leave_unfinished(index: str) -> None:
    invalid = text("update pg_index set indisvalid = false where indexrelid = to_regclass(:name)")
    with transaction() as session:
        session.execute(invalid, {"name": index})


def be_impatient(connection: Any, *_: object) -> None:  # noqa: ANN401  of the driver
    with connection.cursor() as cursor:
        cursor.execute("set lock_timeout = '100ms'")
    connection.commit()


def be_patient(connection: Any, *_: object) -> None:  # noqa: ANN401  of the driver
    with connection.cursor() as cursor:
        cursor.execute("reset lock_timeout")
    connection.commit()


def indexes() -> list[str]:
    """Return the existing indexes by cost."""
    with transaction() as session:
        return list(session.scalars(INDEXES))


def measure(each: NewRequest, order: RequestOrder) -> int | Decimal | None:
    """Return the value that requests are sorted by."""
    return each.total_latency_ms if order is RequestOrder.SLOWEST else each.cost_usd


def is_wanted(asked: AiMetricsQuery, each: NewRequest, order: RequestOrder) -> bool:
    """Whether a request matches the filters, field by field."""
    fields = {"model": asked.model, "provider": asked.provider, "status": asked.status}
    fields |= {"app": asked.watched.app, "release": asked.watched.release}
    at = each.created_at or START
    return (
        asked.period.start <= at < asked.period.end
        and asked.watched.environment == "production"
        and (each.status != "pending" or order is RequestOrder.MOST_EXPENSIVE)
        and all(value is None or getattr(each, name) == value for name, value in fields.items())
    )
