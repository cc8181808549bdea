"""The slowest requests first: the same whether they are looked for in all rows or in the half hours that have them."""

from datetime import timedelta

import pytest

from core.ai_metrics import queries
from core.ai_metrics.answers import Asked
from core.ai_metrics.requests import Order
from core.ai_metrics.schemas import NewRequest, RequestStatus
from core.db import transaction
from core.identity.schemas import Role
from core.paging import Window
from core.periods import Period, Watched
from tests.factories.ai_metrics import START, fold, many, send
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
DAY = timedelta(days=1)
WHOLE = Period(START, START + 5 * DAY)
ODD = Period(START + timedelta(hours=3, minutes=11), START + timedelta(days=3, hours=7, minutes=41))
SHORT = Period(START + timedelta(minutes=3), START + timedelta(minutes=17))


@pytest.mark.parametrize("is_folded", [True, False])
@pytest.mark.parametrize("window", [Window(1), Window(10), Window(7, 13), Window(200), Window(10, 900)])
@pytest.mark.parametrize(
    "asked",
    [
        Asked(WHOLE),
        Asked(ODD),
        Asked(SHORT),
        Asked(WHOLE, model="a"),
        Asked(WHOLE, provider="umbra", status=RequestStatus.ERROR),
        Asked(WHOLE, Watched(app="web")),
        Asked(WHOLE, Watched(release="2")),
        Asked(WHOLE, Watched("staging")),
    ],
)
def test_they_are_those_that_took_longest(asked: Asked, window: Window, is_folded: bool) -> None:
    sent = many(600)
    send(*sent)
    if is_folded:
        fold()
    taken = sorted(
        (each.total_latency_ms for each in sent if each.total_latency_ms is not None and is_wanted(asked, each)), reverse=True
    )
    with transaction() as session:
        found = queries.list_first(session, asked, Order.SLOWEST, window, actor=person(Role.ANALYST).actor)
    assert [each.total_latency_ms for each in found] == taken[window.offset : window.offset + window.limit]


def is_wanted(asked: Asked, each: NewRequest) -> bool:
    """Whether a request is asked for, field by field."""
    fields = {"model": asked.model, "provider": asked.provider, "status": asked.status}
    fields |= {"app": asked.watched.app, "release": asked.watched.release}
    at = each.created_at or START
    return (
        asked.period.start <= at < asked.period.end
        and asked.watched.environment == "production"
        and each.status != "pending"
        and all(value is None or getattr(each, name) == value for name, value in fields.items())
    )
