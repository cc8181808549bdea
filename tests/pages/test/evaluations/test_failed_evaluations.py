"""An evaluation whose calls have all failed says so, and why."""

import pytest

from core.evaluations.views import EvaluationView
from core.identity.schemas import Role, SessionKind
from tests.factories.evaluations import evaluated
from tests.factories.identity import Person, person
from tests.pages.conftest import Console, said, toasts

PAGE = "test/evaluations/page.py"


@pytest.fixture
def admin(console: Console) -> Person:
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


@pytest.fixture
def failed(admin: Person) -> EvaluationView:
    return evaluated(admin.actor, "Why?", target={"model_id": "fake:failing"})


def test_no_chart_is_drawn_of_rates_that_are_not_there(
    console: Console, admin: Person, failed: EvaluationView
) -> None:
    app = console(admin, PAGE)
    app.query_params["evaluation"] = str(failed.id)
    app.run()
    assert not app.exception
    assert "Pass rate" not in said(app)
    assert list(app.dataframe[0].value["Failed calls"]) == [1]


def test_it_says_why_a_call_failed(console: Console, admin: Person, failed: EvaluationView) -> None:
    [target] = failed.results
    assert target.call_error is not None
    app = console(admin, PAGE)
    app.query_params["evaluation"] = str(failed.id)
    app.run()
    assert "1 call failed" in said(app)
    assert target.call_error.split(".")[0] in said(app)


def test_the_list_does_not_call_it_completed(
    console: Console, admin: Person, failed: EvaluationView
) -> None:
    evaluated(admin.actor, "Why?")
    statuses = list(console(admin, PAGE).dataframe[0].value["Status"])
    assert [list(each) for each in statuses] == [["Completed"], ["All calls failed"]]


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("Rerun failed calls", "Running failed calls again"),
        ("Score again", "Scoring answers again"),
    ],
)
def test_running_or_scoring_again_is_confirmed(
    console: Console, admin: Person, failed: EvaluationView, label: str, words: str
) -> None:
    app = console(admin, PAGE)
    app.query_params["evaluation"] = str(failed.id)
    app.run()
    app.button(f"evaluations.{label}").click().run()
    assert toasts(app) == [words]
