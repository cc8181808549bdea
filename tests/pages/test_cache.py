"""What pages have read is shown for a few seconds, and for as many more while it is read anew behind them."""

import threading
import time
from collections.abc import Iterator

import pytest

from core.database.db import Session
from core.errors import Unavailable
from core.identity.schemas import Actor, Role
from core.platform import clock
from pages._ui import cache
from pages._ui.cache import Reads
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")

answers: list[int] = []
may_answer = threading.Event()


def reader(_session: Session, *, actor: Actor) -> int:
    assert may_answer.wait(20)
    answers.append(len(answers))
    return answers[-1]


@pytest.fixture(autouse=True)
def nothing_is_read_yet() -> Iterator[None]:
    cache.forget()
    answers.clear()
    may_answer.set()
    yield
    may_answer.set()


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


def test_what_is_older_is_shown_at_once_and_read_anew_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    actor = person(Role.ANALYST).actor
    assert ask(actor) == 0
    monkeypatch.setattr("streamlit.runtime.caching.cache_data_api.DataCache._is_stale", lambda *_: True)
    may_answer.clear()
    assert ask(actor) == 0  # although nothing answers
    may_answer.set()
    until = time.monotonic() + 20
    while ask(actor) == 0 and time.monotonic() < until:
        time.sleep(0.01)
    assert ask(actor) > 0


def test_behind_a_page_one_is_read_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    reads, reading, at_once = Reads(person(Role.ANALYST).actor), set[int](), list[int]()

    def slow(_session: Session, number: int, *, actor: Actor) -> int:
        reading.add(number)
        time.sleep(0.05)
        at_once.append(len(reading))
        reading.remove(number)
        return number

    def ask_all() -> None:
        assert [reads.ask(slow, number) for number in range(4)] == [0, 1, 2, 3]

    ask_all()
    monkeypatch.setattr("streamlit.runtime.caching.cache_data_api.DataCache._is_stale", lambda *_: True)
    ask_all()
    until = time.monotonic() + 20
    while len(at_once) < 8 and time.monotonic() < until:
        time.sleep(0.01)
    assert at_once == [1] * 8


def test_a_read_that_fails_is_not_repeated_by_each_who_has_waited_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    analyst, came_at = person(Role.ANALYST).actor, time.monotonic()
    failures: list[Unavailable] = []

    def fail(_session: Session, *, actor: Actor) -> int:
        failures.append(Unavailable())
        raise failures[-1]

    for _ in range(3):  # all of them came before the first one failed
        monkeypatch.setattr(cache, "monotonic", lambda: came_at)
        with pytest.raises(Unavailable):
            Reads(analyst).ask(fail)
        monkeypatch.undo()
        cache._failures.update({each: (time.monotonic(), failures[0]) for each in cache._failures})  # noqa: SLF001
    assert len(failures) == 1
    with pytest.raises(Unavailable):
        Reads(analyst).ask(fail)  # who comes later asks again
    assert len(failures) == 2
