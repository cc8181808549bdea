"""A version of a dataset reads the same at any time, whatever was changed since."""

from uuid import UUID

import pytest

from core.database.db import transaction
from core.datasets.errors import CaseChanged, CaseMissing, DatasetVersionMissing
from core.datasets.queries.cases import cases_of_version
from core.datasets.queries.datasets import list_versions
from core.datasets.schemas import CaseSplit, DatasetCase, NewCase
from core.datasets.service import cases
from core.platform.ids import new_id
from tests.factories.datasets import cases_of, dataset, question
from tests.factories.identity import Person, person

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def one() -> Person:
    return person()


def changed(
    one: Person, dataset_id: UUID, case: DatasetCase, text: str, added_in: int | None = None
) -> None:
    new = NewCase.model_validate(question(text))
    with transaction() as session:
        cases.change_case(session, dataset_id, case.id, new, added_in=added_in, actor=one.actor)


def removed(one: Person, dataset_id: UUID, *ids: UUID) -> None:
    with transaction() as session:
        cases.remove_cases(session, dataset_id, ids, actor=one.actor)


def texts(one: Person, dataset_id: UUID, version: int | None = None) -> list[str]:
    return [it.content.messages[0].content for it in cases_of(one.actor, dataset_id, version)]


def test_each_change_is_a_version_and_earlier_ones_stay_as_they_were(one: Person) -> None:
    made = dataset(one.actor, question("first"), question("second"))
    first, second = cases_of(one.actor, made.id)
    changed(one, made.id, first, "first, edited")
    removed(one, made.id, second.id)
    assert [texts(one, made.id, version) for version in (1, 2, 3, None)] == [
        ["first", "second"],
        ["first, edited", "second"],
        ["first, edited"],
        ["first, edited"],
    ]
    [kept] = cases_of(one.actor, made.id)
    assert (kept.id, kept.position, kept.added_in) == (first.id, first.position, 2)
    with transaction() as session:
        versions = list_versions(session, made.id, actor=one.actor).items
    assert [(it.number, it.cases, it.added, it.removed) for it in versions] == [
        (3, 1, 0, 1),
        (2, 2, 1, 1),
        (1, 2, 2, 0),
    ]


def test_an_evaluation_reads_a_version_by_split(one: Person) -> None:
    made = dataset(
        one.actor, question("tuned", split="tune"), question("measured", split="holdout")
    )
    with transaction() as session:
        whole = cases_of_version(session, made.id)
        measured = cases_of_version(session, made.id, 1, CaseSplit.HOLDOUT)
    assert len(whole) == 2
    assert [it.content.messages[0].content for it in measured] == ["measured"]


@pytest.mark.parametrize("version", [2, 10**9])
def test_a_version_that_is_not_there_is_refused(one: Person, version: int) -> None:
    made = dataset(one.actor, question("x"))
    with pytest.raises(DatasetVersionMissing):
        cases_of(one.actor, made.id, version)


def test_a_removed_case_cannot_be_edited_or_removed_again(one: Person) -> None:
    made = dataset(one.actor, question("x"))
    [case] = cases_of(one.actor, made.id)
    removed(one, made.id, case.id)
    with pytest.raises(CaseMissing):
        removed(one, made.id, case.id)
    with pytest.raises(CaseMissing):
        changed(one, made.id, case, "y")
    with pytest.raises(CaseMissing):
        removed(one, made.id, new_id())
    assert texts(one, made.id) == []


def test_an_edit_of_a_case_that_was_edited_meanwhile_is_refused(one: Person) -> None:
    made = dataset(one.actor, question("first"), question("second"))
    first, second = cases_of(one.actor, made.id)
    changed(one, made.id, second, "another", added_in=second.added_in)
    changed(one, made.id, first, "by a colleague", added_in=first.added_in)
    with pytest.raises(CaseChanged):
        changed(one, made.id, first, "mine", added_in=first.added_in)
    assert texts(one, made.id) == ["by a colleague", "another"]
