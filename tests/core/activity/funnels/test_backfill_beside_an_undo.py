"""Marking earlier events waits for the undo of an import, which may take minutes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.activity.ingest.event_codes import backfill
from core.database.db import transaction
from core.imports.service.undo.funnel import funnel_parts


@contextmanager
def of_short_waits() -> Iterator[Session]:
    """Open a transaction as usual, but with less patience than the 10 s of all."""
    with transaction() as session:
        session.execute(text("set local lock_timeout = '100ms'"))
        yield session


@pytest.mark.usefixtures("database")
def test_earlier_events_are_marked_once_an_undo_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    # It failed every ten seconds, and saved funnels said that their preparation had failed
    monkeypatch.setattr(backfill, "transaction", of_short_waits)
    with ThreadPoolExecutor(1) as pool:
        with transaction() as undo:
            undo.execute(funnel_parts.LOCK)
            marking = pool.submit(backfill.mark_stretch)
            with pytest.raises(TimeoutError):
                marking.result(timeout=0.5)
        assert not marking.result(timeout=60)
