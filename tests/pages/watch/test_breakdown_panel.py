"""AI metrics broken down by a dimension: the address chooses, and before is beside now."""

from datetime import timedelta
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from core.platform import clock
from tests.factories.ai_metrics import fold, request, send
from tests.factories.identity import Person
from tests.pages.conftest import AI_METRICS, Console, said

DAY = timedelta(days=1)


def opened(console: Console, one: Person, **query: str) -> AppTest:
    now = clock.now()
    for ago, dollars in ((10, 1), (3, 4)):
        send(
            request(now - ago * DAY, model="big", release="2", cost_usd=Decimal(dollars)),
            request(
                now - ago * DAY,
                model="small",
                release="1",
                cost_usd=Decimal(1),
                status="error",
                error_type="timeout",
            ),
        )
    fold()
    app = console(one, AI_METRICS)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def parts(app: AppTest) -> list[dict[str, str]]:
    """Return the rows of the breakdown's table."""
    [table] = [each.value for each in app.dataframe if "Before" in each.value.columns]
    return [{str(name): str(value) for name, value in row.items()} for _, row in table.iterrows()]


def test_cost_by_model_shows_before_and_now_first(console: Console, analyst: Person) -> None:
    app = opened(console, analyst)
    assert not app.exception
    assert "Cost by model" in said(app)
    assert [(row["Model"], row["Before"], row["Now"], row["Change"]) for row in parts(app)] == [
        ("big", "$1.00", "$4.00", "+$3.00"),
        ("small", "$1.00", "$1.00", "$0"),
    ]
    assert parts(app)[0]["Share of change"] == "100%"
    assert "Total $5.00, previously $2.00 (+$3.00)" in said(app).replace("\\", "")


def test_a_period_with_nothing_before_it_is_not_compared(console: Console, analyst: Person) -> None:
    send(request(clock.now() - 3 * DAY, model="big", cost_usd=Decimal(4)))
    fold()
    app = console(analyst, AI_METRICS).run()
    assert "Total $4.00, previously n/a" in said(app).replace("\\", "").splitlines()


def test_changes_that_cancel_out_have_no_shares_of_the_rest(
    console: Console, analyst: Person
) -> None:
    # A cost that stayed the same had parts of -604% and 831%
    now = clock.now()
    for ago, model, dollars in ((10, "old", "5"), (3, "new", "5.01")):
        send(request(now - ago * DAY, model=model, cost_usd=Decimal(dollars)))
    fold()
    app = console(analyst, AI_METRICS).run()
    assert [(row["Model"], row["Change"]) for row in parts(app)] == [
        ("new", "+$5.01"),
        ("old", "-$5.00"),
    ]
    assert "Share of change" not in parts(app)[0]


@pytest.mark.parametrize(
    ("query", "title", "first"),
    [
        ({"by": "release", "measure": "requests"}, "Requests by release", "1"),
        ({"by": "error_type", "measure": "errors"}, "Errors by error type", "timeout"),
        ({"by": "app", "measure": "latency"}, "Latency (p95) by app", "(none)"),
    ],
)
def test_the_address_chooses_what_is_broken_down(
    console: Console, analyst: Person, query: dict[str, str], title: str, first: str
) -> None:
    app = opened(console, analyst, **query)
    assert not app.exception
    assert title in said(app).replace("\\", "")
    assert next(iter(parts(app)[0].values())) == first


def test_an_unknown_choice_in_the_address_shows_the_default(
    console: Console, analyst: Person
) -> None:
    app = opened(console, analyst, by="mood", measure="joy")
    assert not app.exception
    assert "Cost by model" in said(app)


def test_the_cost_of_a_model_without_a_price_is_unpriced_and_not_zero(
    console: Console, analyst: Person
) -> None:
    now = clock.now()
    for ago in (10, 3):
        send(
            request(now - ago * DAY, model="priced", cost_usd=Decimal(4)),
            request(now - ago * DAY, model="unknown", cost_usd=None, input_tokens=100),
        )
    fold()
    app = console(analyst, AI_METRICS).run()
    assert [(row["Model"], row["Before"], row["Now"], row["Change"]) for row in parts(app)] == [
        ("priced", "$4.00", "$4.00", "$0"),
        ("unknown", "unpriced", "unpriced", "n/a"),
    ]


def test_a_total_without_any_price_is_unpriced(console: Console, analyst: Person) -> None:
    send(request(clock.now() - 3 * DAY, model="unknown", cost_usd=None, input_tokens=100))
    fold()
    app = console(analyst, AI_METRICS).run()
    assert "Total unpriced, previously n/a" in said(app)
