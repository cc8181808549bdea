"""What was chosen above a list or a chart is still chosen when what it has opened is closed."""

from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from core.ab_tests.queries.results import list_cases as list_ab_cases
from core.ab_tests.views import AbCaseOrder
from core.database.db import transaction
from core.database.paging import Window
from core.evaluations.queries.results import list_cases
from core.executions.runner import Runner
from core.identity.schemas import Role, SessionKind
from pages.test.evaluations import case_section, trend_view
from pages.test.evaluations.ab_tests import case_section as ab_case_section
from tests.factories import prompts
from tests.factories.ab_tests import case, finished
from tests.factories.evaluations import answering, evaluated
from tests.factories.identity import Person, person
from tests.pages.conftest import Console

EVALUATIONS, AB_TESTS = "test/evaluations/page.py", "test/evaluations/ab_tests/page.py"
GOOD = answering("good")


@pytest.fixture
def admin(runner: Runner) -> Person:
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def opened(console: Console, admin: Person, page: str, **query: str) -> AppTest:
    app = console(admin, page)
    app.query_params.update(query)
    return app.run()


def look_at(app: AppTest, case_id: UUID) -> None:
    """Open a case, and close it again."""
    app.query_params["case"] = str(case_id)
    app.run()
    next(each for each in app.button if each.label == "All cases").click().run()


def positions(app: AppTest) -> list[int]:
    return [row["Case"] for row in app.dataframe[0].value.to_dict("records")]


def test_the_tag_and_the_page_of_cases_stay_chosen(
    console: Console, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_section, "SHOWN", 1)
    cases = [{"input": GOOD, "tags": tags} for tags in (["a"], ["b"], ["b"])]
    found = evaluated(admin.actor, test_cases=cases)
    with transaction() as session:
        case_id = list_cases(session, found.id, actor=admin.actor).items[0].id
    app = opened(console, admin, EVALUATIONS, evaluation=str(found.id), section="Cases")
    app.selectbox(key=f"evaluations.cases.{found.id}.tag").set_value("b").run()
    app.session_state[f"evaluations.cases.{found.id}.b.page"] = 2
    app.run()
    assert positions(app) == [3]
    look_at(app, case_id)
    assert positions(app) == [3]


def test_the_baseline_of_a_comparison_stays_chosen(console: Console, admin: Person) -> None:
    targets = [{"model_id": "fake:echo"}, {"model_id": "fake:plain"}]
    base = evaluated(admin.actor, GOOD, name="First", targets=targets)
    later = evaluated(admin.actor, GOOD, name="Second")
    with transaction() as session:
        case_id = list_cases(session, later.id, actor=admin.actor).items[0].id
    app = opened(console, admin, EVALUATIONS, evaluation=str(later.id), section="Comparison")
    app.selectbox(key=f"evaluations.baseline.{later.id}").set_value(base.id).run()
    app.selectbox(key=f"evaluations.baseline.{later.id}.{base.id}.target").set_value(2).run()
    app.query_params["section"] = "Cases"
    look_at(app, case_id)
    app.query_params["section"] = "Comparison"
    app.run()
    assert [each.value for each in app.selectbox] == [base.id, 2]


def test_the_prompt_of_a_trend_stays_chosen(console: Console, admin: Person) -> None:
    second = [prompts.create(admin.actor, name=name) for name in ("first", "second")][1]
    found = evaluated(admin.actor, GOOD)
    app = opened(console, admin, EVALUATIONS, section="Trend over versions")
    app.selectbox(key=trend_view.SUBJECT).set_value(str(second.id)).run()
    app.query_params["evaluation"] = str(found.id)
    app.run()
    del app.query_params["evaluation"]
    app.run()
    assert app.selectbox(key=trend_view.SUBJECT).value == str(second.id)


def test_the_order_of_the_cases_of_an_ab_test_stays_chosen(
    console: Console, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ab_case_section, "SHOWN", 1)
    found = finished(admin.actor, [case("good", "bad")] * 3)
    with transaction() as session:
        rows = list_ab_cases(session, found.id, Window(), actor=admin.actor).items
    app = opened(console, admin, AB_TESTS, test=str(found.id), section="Cases")
    at = f"ab_tests.cases.{found.id}"
    app.button_group(key=f"{at}.order").set_value(AbCaseOrder.WORST).run()
    app.session_state[f"{at}.{AbCaseOrder.WORST}.page"] = 2
    shown = positions(app.run())
    look_at(app, rows[0].id)
    assert app.button_group(key=f"{at}.order").value == AbCaseOrder.WORST
    assert positions(app) == shown
