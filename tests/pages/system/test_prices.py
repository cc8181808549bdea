"""Settings, Prices: listed, filtered, removed, and repricing, without a browser."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from core.ai_metrics.models import AiRequest
from core.ai_metrics.repricing import Reprice
from core.batches.models import BatchRunRecord
from core.database.db import transaction
from core.identity.schemas import Role, SessionKind
from core.platform import clock
from core.providers.queries import token_prices
from core.system import jobs
from core.system.service import reprice_runs
from tests.factories.identity import Person, person
from tests.factories.requests import ai_requests, price
from tests.pages.conftest import SETTINGS, Console, said


@pytest.fixture
def admin(database: object) -> Person:
    token_prices._rates.clear()  # noqa: SLF001  what the test before has priced
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def opened(console: Console, one: Person) -> AppTest:
    app = console(one, SETTINGS)
    return app.button_group[0].set_value("Prices").run()


def the_run() -> str:
    with transaction() as session:
        return session.scalars(select(BatchRunRecord.batch_run_id)).one()


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_the_form_of_a_price_says_its_unit(console: Console, admin: Person) -> None:
    app = press(opened(console, admin), "Add price")
    assert "Prices in USD per 1M tokens" in said(app)


def test_prices_are_listed_and_filtered(console: Console, admin: Person) -> None:
    now = clock.now()
    ai_requests({"created_at": now, "input_tokens": 1})
    price(
        admin.actor, "our-own", now.replace(hour=0, minute=0), input="2.50", cached_input="0.000001"
    )
    app = opened(console, admin)
    rows = app.dataframe[0].value.to_dict("records")
    assert [(row["Model"], row["Source"]) for row in rows] == [
        ("our-own", "Custom"),
        ("gpt-4o", "Packaged"),
    ]
    assert (rows[0]["Input"], rows[0]["Cached input"], rows[0]["Output"]) == (
        "$2.50",
        "$0.000001",
        "$2.00",
    )
    assert rows[1]["Valid from (UTC)"] == "All time"
    app.selectbox(key="whose").set_value("Packaged").run()
    assert [row["Model"] for row in app.dataframe[0].value.to_dict("records")] == ["gpt-4o"]
    app.text_input(key="model").set_value("nothing of the kind").run()
    assert "No prices found" in said(app)


def test_a_preview_says_of_which_days_and_model_it_is(console: Console, admin: Person) -> None:
    app = opened(console, admin)
    app.date_input(key="reprice.days").set_value((date(2026, 3, 1), date(2026, 3, 31)))
    app.text_input(key="reprice.model").set_value("our-own")
    app = press(app, "Preview changes")
    assert "1 Mar 2026 to 31 Mar 2026 (UTC) · our-own" in said(app)


def test_a_price_from_today_on_says_why_it_changes_no_earlier_cost(
    console: Console, admin: Person
) -> None:
    now = clock.now()
    ai_requests({"created_at": now - timedelta(days=1), "model": "our-own", "input_tokens": 5})
    price(admin.actor, "our-own", now.replace(hour=0, minute=0), input="2.5")
    app = press(opened(console, admin), "Preview changes")
    assert "0 of 1 request would change" in said(app)
    assert "add a price that is valid from an earlier day" in said(app)


def test_costs_are_computed_anew_after_a_look(console: Console, admin: Person) -> None:
    at = clock.now() - timedelta(days=1)
    ai_requests({"created_at": at, "model": "our-own", "input_tokens": 1_000_000})
    price(admin.actor, "our-own", at - timedelta(days=1), input="2.5")
    app = press(opened(console, admin), "Preview changes")
    assert "1 of 1 request would change" in said(app)
    assert app.dataframe[-1].value.to_dict("records")[0]["After"] == "$2.50"
    with transaction() as session:
        assert session.scalars(select(AiRequest.cost_usd)).all() == [None]
    press(app, "Reprice requests")
    assert "Repricing" in said(app)
    assert "queued" in said(app)
    assert not [button for button in app.button if button.label == "Close"]
    jobs.reprice(the_run())
    app.run()
    assert "1 of 1 request changed" in said(app)
    with transaction() as session:
        assert session.scalars(select(AiRequest.cost_usd)).one() == 2.5
    press(app, "Close")
    assert "changed" not in said(app)
    press(app, "Preview changes")
    assert "0 of 1 request would change" in said(app)
    assert not [button for button in app.button if button.label == "Reprice requests"]


def test_a_run_that_failed_says_why_until_it_is_put_away(
    console: Console, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    reprice_runs.reprice(Reprice(dry_run=False), actor=admin.actor)
    monkeypatch.setattr(reprice_runs, "_write_days", fail)
    with pytest.raises(RuntimeError):
        jobs.reprice(the_run())
    app = opened(console, admin)
    assert "the disk is full" in app.error[0].value
    press(app, "Close")
    assert not app.error
