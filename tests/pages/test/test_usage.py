"""Usage: figures by dimension, ways on, and the estimate of a monthly cost."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.identity.schemas import Role, SessionKind
from core.platform import clock
from core.providers.queries import token_prices
from tests.factories.identity import Person, person
from tests.factories.prompts import create
from tests.factories.requests import price
from tests.factories.usage import used
from tests.pages.conftest import Console, said

USAGE = "test/usage/page.py"


@pytest.fixture
def admin(database: object) -> Person:
    token_prices.clear_cache()  # what the test before has priced
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def grouped(app: AppTest, by: str) -> AppTest:
    choice = next(each for each in app.selectbox if each.label == "Group by")
    found: AppTest = choice.set_value(by).run()
    return found


def metrics(app: AppTest) -> dict[str, str]:
    return {each.label: each.value for each in app.metric}


def test_totals_charts_and_the_table_of_the_chosen_dimension(
    console: Console, admin: Person
) -> None:
    used(admin.actor)
    used(admin.actor, model_id="fake:json", status="failed", cost_usd=None)
    app = console(admin, USAGE)
    assert metrics(app) | {"Cost": "$0.0100", "Calls": "2", "Error rate": "50.0%"} == metrics(app)
    assert "without 1 unpriced call" in said(app)
    assert len(app.get("bidi_component")) >= 2
    rows = app.dataframe[0].value.to_dict("records")
    assert [(row["Model"], row["Calls"], row["Unpriced"]) for row in rows] == [
        ("fake:echo", 1, 0),
        ("fake:json", 1, 1),
    ]
    assert "$%.4f" in app.dataframe[0].proto.columns
    app = grouped(app, "account")
    assert app.dataframe[0].value["Account"].tolist() == [admin.actor.email]
    assert app.query_params["group_by"] == "account"


def test_calls_at_no_cost_need_no_small_decimals(console: Console, admin: Person) -> None:
    used(admin.actor, cost_usd=0)
    assert "$%.4f" not in console(admin, USAGE).dataframe[0].proto.columns


def test_calls_without_a_prompt_are_a_row_with_a_name(console: Console, admin: Person) -> None:
    used(admin.actor)
    app = grouped(console(admin, USAGE), "prompt")
    assert app.dataframe[0].value["Prompt"].tolist() == ["No prompt"]


def test_a_cost_that_is_not_known_is_not_zero(console: Console, admin: Person) -> None:
    used(admin.actor, cost_usd=None)
    app = console(admin, USAGE)
    assert metrics(app)["Cost"] == "n/a"
    assert app.dataframe[0].value["Cost"].isna().all()


def test_a_period_without_calls_says_how_they_are_made(console: Console, admin: Person) -> None:
    used(admin.actor, clock.now() - timedelta(days=40))
    app = console(admin, USAGE)
    assert "No model calls in this period" in said(app)
    assert not app.metric
    assert "Estimate monthly cost" in said(app)


def test_the_download_has_the_dimension_and_the_period(console: Console, admin: Person) -> None:
    used(admin.actor)
    app = grouped(console(admin, USAGE), "key")
    [link] = [each for each in app.get("link_button") if each.proto.label == "Export CSV"]
    assert link.proto.url.startswith("/api/v1/analytics/usage?group_by=key&start=")
    assert link.proto.url.endswith("&format=csv")


def estimated(
    app: AppTest, models: list[str], prompt: str | None = None, **numbers: int
) -> AppTest:
    """Enter models and numbers of the estimate, by their keys."""
    app.multiselect(key="usage.cost.models").set_value(models).run()
    if prompt is not None:
        app.selectbox(key="usage.cost.prompt").set_value(prompt).run()
    for name, value in numbers.items():
        app.number_input(key=f"usage.cost.{name}").set_value(value).run()
    return app


def test_the_monthly_cost_of_a_prompt_is_estimated_by_model(
    console: Console, admin: Person
) -> None:
    create(admin.actor, prompt="x" * 4000 + "{{name}}", default_parameters={"max_tokens": 100})
    before = clock.now() - timedelta(days=1)
    price(admin.actor, "echo", before, provider="fake", input="2", output="10")
    app = estimated(console(admin, USAGE), ["fake:echo"], "support", calls=100)
    assert app.dataframe[-1].value.to_dict("records") == [
        {"Model": "fake:echo", "Per call": 0.003, "Per day": 0.3, "Per month": 9.0}
    ]
    assert "1,000 tokens in (by the length of the text) and 100 tokens out" in said(app)
    assert "Not counted: the values of name" in said(app)


def test_an_answer_of_unknown_length_is_asked_for(console: Console, admin: Person) -> None:
    create(admin.actor)
    app = estimated(console(admin, USAGE), ["fake:echo"], "support")
    assert "Enter the tokens of an answer" in said(app)
    app = estimated(app, ["fake:echo"], answer=100)
    assert app.dataframe[-1].value["Model"].tolist() == ["fake:echo"]


def test_calls_outside_of_projects_are_a_row_with_a_name(console: Console, admin: Person) -> None:
    used(admin.actor)
    app = grouped(console(admin, USAGE), "project")
    assert app.dataframe[0].value["Project"].tolist() == ["No project"]


def test_only_who_may_manage_accounts_opens_one(console: Console, admin: Person) -> None:
    used(admin.actor)
    app = grouped(console(admin, USAGE), "account")
    assert "click a row" not in said(app)
    assert len(app.dataframe[0].proto.selection_mode) == 1, "columns only"
    boss = person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER)
    app = grouped(console(boss, USAGE), "account")
    assert "by cost · click a row to open it" in said(app)
    assert len(app.dataframe[0].proto.selection_mode) == 2
