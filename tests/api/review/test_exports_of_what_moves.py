"""A download has every matching row once, however rows move while it is written."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import text

from api import exports
from core.activity.queries.funnels.funnel import STEPS
from core.database.db import Database, Session, transaction
from core.identity.schemas import Role
from core.platform import clock
from tests.api.conftest import Client
from tests.api.review.conftest import DOCUMENTS, MEMORIES
from tests.api.review.conftest import store as learn
from tests.factories.activity import event, store
from tests.factories.batches import ran
from tests.factories.identity import person

NAMES = [f"n{number}" for number in range(7)]
NOW = clock.now().replace(microsecond=0)
SEEN = "update users set last_seen_at = clock_timestamp() where external_id = :name"
CHANGED = "update {} set updated_at = clock_timestamp() where external_id = :name"


@dataclass(frozen=True)
class List:
    """One that is exported: how it is filled, and what moves a row to its top."""

    door: str
    column: str
    fill: Callable[[str, int], object]
    moved: str | None
    database: Database = Database.CORE
    role: Role = Role.ADMIN

    def move(self, name: str) -> None:
        """Put a row at the top of the list; where none can go there, put a new one there."""
        if self.moved is None:
            self.fill(f"new after {name}", 0)
            return
        with transaction(self.database) as session:
            session.execute(text(self.moved), {"name": name})


def seen(name: str, number: int) -> None:
    store([event(STEPS[0], NOW - timedelta(hours=number + 1), user_id=name)])


def learned(kind: str) -> Callable[[str, int], None]:
    more = {"title": "One"} if kind == "documents" else {}
    return lambda name, _: learn(kind, {"id": name, "content": f"{name} word"} | more)


def run(name: str, number: int) -> None:
    ran(NOW - timedelta(hours=number), batch_run_id=name)


def visited(name: str, number: int) -> None:
    store([event(STEPS[0], NOW - timedelta(hours=number + 1), session_id=name)])


def failed(name: str, number: int) -> None:
    at = NOW - timedelta(hours=number + 1)
    store([event("onboarding.login_error", at, session_id=name, error_code=name)])


LISTS = {
    "sessions": List("/admin/anonymous", "session_id", visited, None),
    "users who stopped": List("/admin/onboarding/stopped", "user", seen, None),
    "errors": List("/admin/onboarding/errors", "error_code", failed, None),
    "users": List("/admin/users", "external_id", seen, SEEN),
    "users of a status": List("/admin/users?status=in_progress", "external_id", seen, SEEN),
    "documents": List(
        DOCUMENTS,
        "external_id",
        learned("documents"),
        CHANGED.format("ai_kb_documents"),
        Database.AI,
    ),
    "documents by words": List(
        f"{DOCUMENTS}?q=word",
        "external_id",
        learned("documents"),
        CHANGED.format("ai_kb_documents"),
        Database.AI,
    ),
    "memories": List(
        MEMORIES, "external_id", learned("memories"), CHANGED.format("ai_memories"), Database.AI
    ),
    "batch runs": List("/admin/batch/history", "batch_run_id", run, None),
}


@pytest.fixture
def between_pages(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[int], None]]:
    """Make files of pages of two rows; what is put into the list is called before each of them with
    its number.
    """
    deeds: list[Callable[[int], None]] = []
    pages = iter(range(1000))

    @contextmanager
    def disturbed() -> Iterator[Session]:
        page = next(pages)
        for deed in deeds:
            deed(page)
        with transaction() as session:
            yield session

    monkeypatch.setattr(exports, "PAGE_SIZE", 2)
    monkeypatch.setattr(exports, "transaction", disturbed)
    return deeds


@pytest.mark.parametrize("which", LISTS)
def test_no_row_is_missed_or_written_twice(
    client: Client, between_pages: list[Callable[[int], None]], which: str
) -> None:
    listed = LISTS[which]
    for number, name in reversed(list(enumerate(NAMES))):
        listed.fill(name, number)
    between_pages.append(
        lambda page: listed.move(NAMES[-1 - page]) if 0 < page < len(NAMES) else None
    )
    door = f"{listed.door}{'&' if '?' in listed.door else '?'}format=csv"
    answer = client(person(listed.role)).get(door).raise_for_status()
    rows = [row[listed.column] for row in csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")))]
    assert sorted(row for row in rows if row in NAMES) == NAMES
    assert len(rows) == len(set(rows))
