"""AI metrics of two releases side by side: the last two at first, others by the address."""

from datetime import timedelta
from decimal import Decimal

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.platform import clock
from tests.factories.ai_metrics import fold, request, send
from tests.factories.identity import Person
from tests.pages.conftest import AI_METRICS, Console, said

NOW = clock.now().replace(minute=5, second=0, microsecond=0) - timedelta(hours=2)


def sent(release: str, ago_h: int, *, dollars: int, failed: int = 0) -> None:
    send(
        *(
            request(
                NOW - timedelta(hours=ago_h, seconds=number),
                release=release,
                cost_usd=Decimal(dollars) / 1000,
                total_tokens=100 * dollars,
                total_latency_ms=100 * dollars + number,
                status="error" if number < failed else "ok",
            )
            for number in range(40)
        )
    )
    fold()


def compared(app: AppTest) -> pd.DataFrame:
    """Return the rows of both releases."""
    [table] = [each.value for each in app.dataframe if "Verdict" in each.value.columns]
    return table.set_index("Figure")


def test_the_last_two_releases_of_a_period_stand_side_by_side(
    console: Console, analyst: Person
) -> None:
    sent("1", 30, dollars=9)
    sent("2", 20, dollars=2)
    sent("3", 10, dollars=5, failed=20)
    app = console(analyst, AI_METRICS).run()
    assert not app.exception
    found = compared(app)
    assert list(found.columns) == ["2", "3", "Difference", "Verdict"]
    assert list(found.loc["Error rate"]) == ["0.0%", "50.0%", "+50.00 pts", ["Worse"]]
    assert list(found.loc["Cost per 1,000 requests"])[:3] == ["$2.00", "$5.00", "+150.0%"]
    assert list(found.loc["Tokens per request"])[:3] == ["200", "500", "+150.0%"]
    assert found.loc["p50 latency"]["Verdict"] == ["Worse"]


def test_the_address_names_the_two_releases(console: Console, analyst: Person) -> None:
    for number, release in enumerate("123"):
        sent(release, 30 - number, dollars=number + 1)
    app = console(analyst, AI_METRICS)
    app.query_params["earlier"], app.query_params["later"] = "3", "1"
    assert list(compared(app.run()).columns)[:2] == ["3", "1"]


@pytest.mark.parametrize(
    ("address", "baseline", "latest", "shown"),
    [
        ({}, "Previous (2)", "Latest (3)", ["2", "3"]),
        ({"later": "2"}, "Previous (1)", "Latest (3)", ["1", "2"]),
        ({"later": "1"}, "Next (2)", "Latest (3)", ["2", "1"]),
        ({"earlier": "3"}, "Previous (1)", "Latest (2)", ["3", "2"]),
        ({"earlier": "2", "later": "2"}, "Previous (1)", "Latest (3)", ["1", "2"]),
    ],
)
def test_what_is_not_chosen_is_named_as_the_table_has_it(
    console: Console,
    analyst: Person,
    address: dict[str, str],
    baseline: str,
    latest: str,
    shown: list[str],
) -> None:
    for number, release in enumerate("123"):
        sent(release, 30 - number, dollars=number + 1)
    app = console(analyst, AI_METRICS)
    app.query_params.update(address)
    assert list(compared(app.run()).columns)[:2] == shown
    boxes = {box.label: box for box in app.selectbox}
    assert boxes["Baseline"].options[0] == baseline
    assert boxes["Compared release"].options[0] == latest
    assert boxes["Baseline"].value in ("", shown[0])
    assert boxes["Compared release"].value in ("", shown[1])


def test_one_release_is_compared_with_nothing(console: Console, analyst: Person) -> None:
    sent("1", 30, dollars=1)
    assert "Releases compared" not in said(console(analyst, AI_METRICS).run())
