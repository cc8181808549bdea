"""Texts of evaluations are not in the database in plain text."""

import pytest

from core.executions.runner import Runner
from tests.core.executions.test_encrypted_at_rest import everything
from tests.factories.evaluations import answering, evaluated
from tests.factories.identity import Person, person

WORDS = {
    "name": "Aardvark",
    "prompt": "Bandicoot",
    "input": "Capybara",
    "answer": "Dormouse",
    "reference": "Echidna",
    "rubric": "Fennec",
    "context": "Gibbon",
}


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def test_no_text_of_an_evaluation_is_in_the_database(one: Person) -> None:
    case = {
        "input": f"{answering(WORDS['answer'])} {WORDS['input']}",
        "reference": WORDS["reference"],
        "context": {"pet": WORDS["context"]},
    }
    found = evaluated(
        one.actor,
        name=WORDS["name"],
        target={"model_id": "fake:echo", "prompt": WORDS["prompt"]},
        scorers=[{"kind": "contains", "values": [WORDS["rubric"]]}, {"kind": "exact"}],
        test_cases=[case],
    )
    assert found.name == WORDS["name"]
    stored = everything()
    assert str(found.id) in stored
    assert not [word for word in WORDS.values() if word in stored]
