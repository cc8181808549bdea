"""Messages in lists are shown with the question before them."""

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.errors import Forbidden
from core.identity.schemas import Role
from core.insights.queries.excerpts import Excerpt, read_excerpts
from tests.factories.conversations import message, stored
from tests.factories.identity import person
from tests.factories.reviews import message_id

pytestmark = pytest.mark.usefixtures("database")


def opened() -> int:
    with transaction() as session:
        return int(
            session.execute(
                text("select count(*) from audit_log where action = 'conversation.open'")
            ).scalar_one()
        )


def read(
    *names: str, role: Role = Role.REVIEWER, longest: int = 100, is_opening: bool = False
) -> dict[str, Excerpt]:
    ids = {name: message_id(name) for name in names}
    with transaction() as session:
        found = read_excerpts(
            session,
            ids.values(),
            longest=longest,
            actor=person(role).actor,
            opened=ids.values() if is_opening else (),
        )
    return {name: found[id_] for name, id_ in ids.items()}


@pytest.fixture(autouse=True)
def talk() -> None:
    texts = ["First?", "First answer.", "Second?", "(looks it up)", "Second answer."]
    said = [message(number, content=content) for number, content in enumerate(texts)]
    stored(
        {
            "id": "c",
            "messages": [
                each | {"role": "tool"} if number == 3 else each for number, each in enumerate(said)
            ],
        }
    )


def test_an_answer_comes_with_the_question_before_it() -> None:
    found = read("m1", "m4")
    assert [(each.question, each.content, each.is_cut) for each in found.values()] == [
        ("First?", "First answer.", False),
        ("Second?", "Second answer.", False),
    ]


def test_a_long_message_is_cut_and_says_so() -> None:
    found = read("m1", longest=5)["m1"]
    assert (found.short, found.characters) == ("First…", 13)


def test_reading_to_decide_is_written_down_and_a_list_is_not() -> None:
    before = opened()
    read("m1", "m4")
    assert opened() == before
    read("m1", "m4", is_opening=True)
    assert opened() == before + 2


def test_messages_are_not_for_analysts() -> None:
    with pytest.raises(Forbidden):
        read("m1", role=Role.ANALYST)
