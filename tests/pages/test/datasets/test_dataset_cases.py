"""The cases of a dataset on its page."""

import pytest

from core.database.db import transaction
from core.datasets.schemas import NewCase
from core.datasets.service import cases
from core.datasets.source_schemas import AddedCases, SkippedSource
from core.errors import Invalid
from core.identity.schemas import SessionKind
from pages._ui import state
from pages.test.datasets.sources import source_dialog
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


def test_a_tag_that_no_case_has_any_more_is_still_shown_as_chosen(console: Console) -> None:
    boss = person(kind=SessionKind.BROWSER)
    made = datasets.dataset(boss.actor, datasets.question("one", tags=("rare",)))
    app = console(boss, "test/datasets/page.py")
    app.query_params["dataset"] = str(made.id)
    app.run()
    next(each for each in app.selectbox if each.label == "Tag").set_value("rare").run()
    [case] = datasets.cases_of(boss.actor, made.id)
    untagged = NewCase.model_validate(datasets.question("one"))
    with transaction() as session:
        cases.change_case(session, made.id, case.id, untagged, actor=boss.actor)
    app.run()
    assert "No cases match" in said(app)
    assert next(each for each in app.selectbox if each.label == "Tag").value == "rare"


@pytest.mark.parametrize(
    ("added", "reasons", "words"),
    [
        (0, [], "You have no votes that are not in the dataset yet."),
        (0, ["Gone."], "No cases added. 1 skipped: Gone."),
        (1, ["Gone.", "Old.", "Old."], "1 case added · 2 skipped: Old. · 1 skipped: Gone."),
    ],
)
def test_skipped_sources_are_counted_by_reason(added: int, reasons: list[str], words: str) -> None:
    boss = person(kind=SessionKind.BROWSER)
    skipped = [SkippedSource(id=boss.actor.id, reason=reason) for reason in reasons]
    found = AddedCases(added=added, skipped=skipped, dataset=datasets.dataset(boss.actor))
    assert said_of(found) == words


def said_of(found: AddedCases) -> str:
    try:
        source_dialog.say_added(found)
    except Invalid as refused:
        return refused.detail
    return str(state.take(state.TOAST))
