"""Texts of A/B tests are not in the database in plain text, and go with their account."""

import pytest
from sqlalchemy import func, select

from core.ab_tests.models import AbTestConfiguration, AbTestResult
from core.database.db import transaction
from core.evaluations.models import EvaluationTest
from core.executions.runner import Runner
from core.identity.schemas import Role
from core.system.service.account_removal import remove_account
from tests.core.executions.test_encrypted_at_rest import everything
from tests.factories.ab_tests import JUDGE, Judges, case, finished
from tests.factories.identity import Person, person

WORDS = {
    "name": "Aardvark",
    "description": "Bandicoot",
    "input": "Capybara",
    "answer": "Dormouse",
    "rubric": "Echidna",
    "expectation": "Fennec",
}


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def test_no_text_of_an_ab_test_is_in_the_database(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The reason for which there is no analysis may quote the answer
    Judges(traits={WORDS["answer"]: None}).install(monkeypatch)
    expected = {"type": "contains", "value": WORDS["expectation"]}
    asked = case(WORDS["answer"], "short", input=WORDS["input"], expected_output=expected)
    test = finished(
        one.actor,
        [asked],
        test_name=WORDS["name"],
        description=WORDS["description"],
        rubric=WORDS["rubric"],
        judge_model_id=JUDGE,
    )
    assert (test.test_name, test.description) == (WORDS["name"], WORDS["description"])
    stored = everything()
    assert str(test.id) in stored
    assert not [word for word in WORDS.values() if word in stored]


def test_a_removed_account_leaves_no_ab_test(one: Person) -> None:
    finished(one.actor, [case("good", "bad")])
    with transaction() as session:
        remove_account(session, one.actor.id, actor=person(Role.SUPER_ADMIN).actor)
    with transaction() as session:
        for table in (AbTestConfiguration, AbTestResult, EvaluationTest):
            assert session.scalar(select(func.count()).select_from(table)) == 0
