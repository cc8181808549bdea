"""An evaluation whose calls have all failed has no rate, so no chart of rates."""

from core.identity.schemas import Role, SessionKind
from tests.factories.evaluations import evaluated
from tests.factories.identity import person
from tests.pages.conftest import Console, said


def test_no_chart_is_drawn_of_rates_that_are_not_there(console: Console) -> None:
    admin = person(Role.ADMIN, kind=SessionKind.BROWSER)
    found = evaluated(admin.actor, "Why?", target={"model_id": "fake:failing"})
    app = console(admin, "test/evaluations/page.py")
    app.query_params["evaluation"] = str(found.id)
    app.run()
    assert not app.exception
    assert "Pass rate" not in said(app)
    assert list(app.dataframe[0].value["Failed calls"]) == [1]
