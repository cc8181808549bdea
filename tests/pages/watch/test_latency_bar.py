"""The requests of a bar of the latency histogram, and the users of a bar of a duration."""

from datetime import timedelta

import pytest

from core.activity.queries.funnels.funnel import STEPS
from core.identity.schemas import Role, SessionKind
from core.platform import clock
from tests.factories import activity
from tests.factories.ai_metrics import fold, request, send
from tests.factories.identity import person
from tests.pages.conftest import AI_METRICS, ONBOARDING, Console, said


def test_a_range_of_latencies_in_the_address_is_said_above_the_requests(console: Console) -> None:
    at = clock.now() - timedelta(hours=1)
    send(*(request(at, total_latency_ms=ms) for ms in (90, 1200)))
    fold()
    app = console(person(Role.ANALYST, kind=SessionKind.BROWSER), AI_METRICS)
    app.query_params["latency"] = "0-100"
    app.run()
    assert not app.exception
    assert "Latency 0 ms to 100 ms, newest first" in said(app)


@pytest.mark.parametrize(
    ("order", "what"),
    [
        ("Slowest", "requests with a latency"),
        ("Most expensive", "requests with a cost"),
        ("Failed tool calls", "requests with failed tool calls"),
    ],
)
def test_a_list_without_requests_says_what_it_would_list(
    console: Console, order: str, what: str
) -> None:
    send(request(clock.now() - timedelta(hours=1), model="unknown", cost_usd=None))
    fold()
    app = console(person(Role.ANALYST, kind=SessionKind.BROWSER), AI_METRICS).run()
    app.button_group(key="order").set_value(order).run()
    assert not app.exception
    assert f"No {what} match these filters." in said(app)


def test_a_time_to_convert_in_the_address_lists_who_took_so_long(console: Console) -> None:
    at = clock.now() - timedelta(hours=2)
    activity.store(activity.spaced(STEPS, user="ann", start=at))
    app = console(person(Role.ANALYST, kind=SessionKind.BROWSER), ONBOARDING)
    app.query_params["step"], app.query_params["took"] = str(len(STEPS)), "180-300"
    app.run()
    assert not app.exception
    assert "1 user · most recent first" in said(app)


def test_a_time_to_drop_off_in_the_address_lists_who_left_then(console: Console) -> None:
    at = clock.now() - timedelta(hours=2)
    activity.store(activity.spaced(STEPS[:3], user="ann", start=at))
    app = console(person(Role.ANALYST, kind=SessionKind.BROWSER), ONBOARDING)
    app.query_params["step"], app.query_params["dropped_off_after"] = "1", "120-180"
    app.run()
    assert not app.exception
    assert "1 user · most recent first" in said(app)
    assert "Dropped off 2.0 min to 3.0 min after" in said(app)
