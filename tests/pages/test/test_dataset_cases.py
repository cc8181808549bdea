"""The cases of a dataset on its page."""

import pytest

from core.database.db import transaction
from core.datasets.service import cases
from core.identity.schemas import SessionKind
from tests.factories import datasets
from tests.factories.identity import person
from tests.pages.conftest import Console, said

pytestmark = pytest.mark.usefixtures("database")


def test_a_version_without_cases_is_told_from_filters_that_match_none(console: Console) -> None:
    boss = person(kind=SessionKind.BROWSER)
    made = datasets.dataset(boss.actor, datasets.question("one"))
    [case] = datasets.cases_of(boss.actor, made.id)
    with transaction() as session:
        cases.remove_cases(session, made.id, [case.id], actor=boss.actor)
    app = console(boss, "test/datasets/page.py")
    app.query_params["dataset"] = str(made.id)
    app.run()
    assert "No cases in this version" in said(app)
    next(each for each in app.text_input if each.label == "Search").set_value("one").run()
    assert "No cases match" in said(app)
