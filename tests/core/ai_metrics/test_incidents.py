"""Hours in which a model was slower or failed more often than its baseline are found, and no
others.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pytest

from core.ai_metrics.queries.incidents import Incident, IncidentKind, incidents
from core.ai_metrics.schemas import NewRequest
from core.ai_metrics.views import AiMetricsQuery
from core.database.db import transaction
from core.errors import Forbidden
from core.identity.schemas import Role
from core.presentation.periods import Period, Watched
from tests.factories.ai_metrics import START, fold, request, send
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WHOLE = Period(START, START + 8 * DAY)
Is = Callable[[str, datetime], bool]


def traffic(
    *, slow: Is = lambda model, at: False, failing: Is = lambda model, at: False, seed: int = 3
) -> list[NewRequest]:
    chance, made = random.Random(seed), []
    for number in range(8 * 24 * 12):
        at, model = START + number * timedelta(minutes=5), chance.choice(["large", "small"])
        latency = int(chance.lognormvariate(7, 0.5)) * (5 if slow(model, at) else 1)
        is_error = chance.random() < (0.5 if failing(model, at) else 0.01)
        more = {"status": "error", "error_type": "overloaded"} if is_error else {}
        made.append(request(at, model=model, total_latency_ms=latency, **more))
    return made


def found(period: Period = WHOLE, **asked: str) -> list[Incident]:
    actor = person(Role.ANALYST).actor
    with transaction() as session:
        return incidents(session, AiMetricsQuery(period, Watched(), **asked), actor=actor)  # type: ignore[arg-type]  # filters by name


def between(start: datetime, end: datetime, name: str = "small") -> Is:
    return lambda model, at: model == name and start <= at < end


@pytest.mark.parametrize("seed", range(5))
def test_of_usual_traffic_nothing_is_said(seed: int) -> None:
    send(*traffic(seed=seed))
    assert found() == []


def test_nothing_is_found_in_nothing() -> None:
    assert found() == []


@pytest.mark.parametrize("is_folded", [True, False])
def test_a_slow_model_is_found_in_its_hours(is_folded: bool) -> None:
    start = START + 5 * DAY + 9 * HOUR
    send(*traffic(slow=between(start, start + 4 * HOUR)))
    if is_folded:
        fold()
    [incident] = found()
    assert (incident.trouble, incident.model) == (IncidentKind.SLOW, "small")
    assert (incident.start, incident.end) == (start, start + 4 * HOUR)
    assert incident.value > 3 * incident.usual
    assert incident.affected > incident.requests / 2


def test_days_of_one_incident_are_not_in_the_baseline_of_each_other() -> None:
    start = START + 4 * DAY
    send(*traffic(slow=between(start, start + 2 * DAY)))
    [incident] = found()
    assert incident.end - incident.start > 44 * HOUR
    assert incident.usual < 3000  # of the other days it is 2,500


def test_one_that_goes_over_midnight_is_one() -> None:
    start = START + 5 * DAY - 3 * HOUR
    send(*traffic(slow=between(start, start + 6 * HOUR)))
    [incident] = found()
    assert (incident.start, incident.end) == (start, start + 6 * HOUR)


def test_a_failing_model_is_found_with_its_rate() -> None:
    start = START + 6 * DAY + 14 * HOUR
    send(*traffic(failing=between(start, start + 3 * HOUR, "large")))
    [incident] = found()
    assert (incident.trouble, incident.model, incident.start) == (
        IncidentKind.FAILING,
        "large",
        start,
    )
    assert incident.value == incident.affected / incident.requests > 0.2
    assert incident.usual < 0.03


def test_hours_of_usual_failures_part_incidents_of_a_model_that_often_fails() -> None:
    # Of a model of which 30% fail as a rule, two outages were one of eleven hours
    day = START + 5 * DAY
    outages = [(day + hour * HOUR, day + (hour + 2) * HOUR) for hour in (3, 12)]
    made = []
    for number in range(8 * 24 * 12):
        at = START + number * timedelta(minutes=5)
        is_error = number % 10 < 3 or any(start <= at < end for start, end in outages)
        more = {"status": "error", "error_type": "overloaded"} if is_error else {}
        made.append(request(at, model="small", total_latency_ms=900, **more))
    send(*made)
    times = [(incident.start, incident.end) for incident in reversed(found())]
    assert times == outages


def test_a_failing_model_is_found_where_no_latency_is_reported() -> None:
    # Baselines were of latency, which error rates do not need
    start = START + 6 * DAY + 14 * HOUR
    sent = traffic(failing=between(start, start + 3 * HOUR, "large"))
    send(*(msgspec.structs.replace(each, total_latency_ms=None) for each in sent))
    assert [(each.trouble, each.start) for each in found()] == [(IncidentKind.FAILING, start)]


def test_it_is_of_the_period_that_is_asked_for_and_of_the_model() -> None:
    start = START + 5 * DAY + 9 * HOUR
    send(*traffic(slow=between(start, start + 4 * HOUR)))
    assert found(Period(START + 6 * DAY, START + 8 * DAY)) == []
    assert found(model="large") == []
    assert len(found(Period(START + 5 * DAY, START + 6 * DAY))) == 1


@pytest.mark.parametrize(
    ("first", "last", "count"), [(14, 15, 0), (0, 9, 0), (13, 24, 0), (12, 15, 1), (10, 11, 1)]
)
def test_of_a_day_that_stands_out_only_what_is_in_the_period_is_found(
    first: int, last: int, count: int
) -> None:
    day = START + 5 * DAY
    send(*traffic(slow=between(day + 9 * HOUR, day + 13 * HOUR)))
    assert len(found(Period(day + first * HOUR, day + last * HOUR))) == count


def test_who_may_not_watch_is_told_nothing() -> None:
    with transaction() as session, pytest.raises(Forbidden):
        incidents(session, AiMetricsQuery(WHOLE), actor=person(Role.REVIEWER).actor)


def test_a_night_in_which_little_is_asked_is_a_part_of_it() -> None:
    start, end = START + 4 * DAY + 16 * HOUR, START + 5 * DAY + 12 * HOUR
    send(
        *(
            each
            for each in traffic(slow=between(start, end))
            if 7 <= (each.created_at or START).hour < 23
        )
    )
    [incident] = found()
    assert (incident.start, incident.end) == (start, end)
