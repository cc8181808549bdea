"""What a page has read is shown to all who may see the same, for a few seconds."""

import pytest

from core.database.db import Session
from core.identity.schemas import Actor, Role
from core.platform import clock
from pages._ui import cache
from pages._ui.cache import Reads
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")

answers: list[int] = []


def reader(_session: Session, *, actor: Actor) -> int:
    answers.append(len(answers))
    return answers[-1]


@pytest.fixture(autouse=True)
def nothing_is_read_yet() -> None:
    cache.forget()
    answers.clear()


def ask(actor: Actor) -> int:
    return Reads(actor).ask(reader)


def test_who_looks_at_the_same_has_it_read_once() -> None:
    one, other = person(Role.ANALYST).actor, person(Role.ANALYST).actor
    assert [ask(each) for each in (one, other, one)] == [0, 0, 0]


def test_who_may_do_other_things_has_it_read_for_himself() -> None:
    assert [ask(person(role).actor) for role in (Role.ANALYST, Role.ADMIN)] == [0, 1]


def test_a_page_says_when_its_oldest_was_read() -> None:
    actor = person(Role.ANALYST).actor
    ask(actor)
    later, reads = clock.now(), Reads(actor)
    reads.ask(reader)
    assert reads.as_of < later
    cache.forget()
    assert ask(actor) == 1
