"""A page begins a slow read early, and draws what it has meanwhile."""

import threading
from collections.abc import Iterator

import pytest

from core.database.db import Session
from core.identity.schemas import Actor, Role
from core.platform import clock
from pages._ui import cache
from pages._ui.cache import Reads
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")

began, may_end = threading.Event(), threading.Event()


@pytest.fixture(autouse=True)
def nothing_is_read_yet() -> Iterator[None]:
    cache.forget()
    began.clear()
    may_end.clear()
    yield
    may_end.set()


def slow(_session: Session, of: str, *, actor: Actor) -> str:
    assert not began.is_set(), "read twice"
    began.set()
    assert may_end.wait(30)
    return f"{of} for {actor.role}"


def quick(_session: Session, *, actor: Actor) -> str:
    return f"quick for {actor.role}"


def slow_of_both(core: Session, _ai: Session, *, actor: Actor) -> str:
    return slow(core, "both", actor=actor)


def reads() -> Reads:
    return Reads(person(Role.ANALYST).actor)


def test_other_reads_are_answered_while_an_early_one_runs() -> None:
    page = reads()
    with page.early(slow, "scores"):
        assert began.wait(10)
        assert page.ask(quick) == "quick for analyst"
        may_end.set()
        assert page.ask(slow, "scores") == "scores for analyst"


def test_a_read_of_both_databases_begins_early() -> None:
    page = reads()
    with page.early_both(slow_of_both):
        assert began.wait(10)
        may_end.set()
        assert page.ask_both(slow_of_both) == "both for analyst"


def test_a_page_says_when_its_early_read_began() -> None:
    page = reads()
    with page.early(slow, "scores"):
        assert began.wait(10)
        later = clock.now()
        may_end.set()
        page.ask(slow, "scores")
    assert page.as_of < later


def test_an_early_read_that_fails_fails_where_it_is_asked_for() -> None:
    def fail(_session: Session, *, actor: Actor) -> None:
        raise ValueError(actor.role)

    page = reads()
    with page.early(fail):
        assert page.ask(quick) == "quick for analyst"
        with pytest.raises(ValueError, match="analyst"):
            page.ask(fail)
