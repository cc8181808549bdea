"""Items of the review queue, and delivery of the outboxes."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from core.annotations import jobs
from core.annotations.settings import ReviewSettings
from core.database import settings
from core.database.db import Database, transaction
from core.identity import jobs as identity
from core.jobs import outbox
from core.knowledge import jobs as knowledge

HANDLERS = (identity, jobs, knowledge)  # the import registers them
WAITING = text("""
insert into review_items (id, message_id, conversation_id, environment, message_role, message_at,
    reasons, priority,
    reviews_wanted)
select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'production', 'assistant',
    timestamptz '2026-11-01' + number * interval '1 second', '{sample}', number % 7 * 10, :reviews
from generate_series(1, :number) as number""")


def waiting(number: int, *, reviews: int = 1) -> None:
    """Create waiting items with seven priorities."""
    with transaction(Database.AI) as ai:
        ai.execute(WAITING, {"number": number, "reviews": reviews})
        ai.execute(text("analyze review_items")) if number > 1000 else None


def take_old_messages() -> None:
    """Let messages of any age join the queue, so that those of a fixed date do, too."""
    with transaction() as core:
        settings.write(core, ReviewSettings(oldest_days=3650), by=None)


def told() -> None:
    """Deliver the events of the outboxes."""
    while any([outbox.relay(database) for database in Database]):
        pass


def rows(statement: str, **given: object) -> list[Mapping[str, Any]]:
    """Return the result of a query on the database `ai`."""
    with transaction(Database.AI) as ai:
        return [dict(row) for row in ai.execute(text(statement), given).mappings()]
