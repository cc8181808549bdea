"""The cost of leasing the next item when very many wait."""

import json
from datetime import timedelta

from sqlalchemy import text

from core.annotations.service import leases
from core.database.db import Database, transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor, Role
from core.platform import clock
from core.platform.ids import new_id
from tests.factories.annotations import waiting
from tests.factories.identity import person

MANY = 100_000


def plan(actor: Actor) -> str:
    given = {
        "account": actor.id,
        "now": clock.now(),
        "until": clock.now() + timedelta(minutes=10),
        "besides": [new_id()],
    }
    with transaction(Database.AI) as ai:
        found = ai.scalar(text(f"explain (analyze, format json) {leases.LEASE_NEXT.text}"), given)
        ai.rollback()
    return json.dumps(found)


def test_a_claim_among_a_hundred_thousand_reads_the_index_and_no_more_than_it_needs(
    database: Postgres,
) -> None:
    waiting(MANY)
    mine = person(Role.REVIEWER).actor
    with transaction(Database.AI) as ai:  # all that he has passed stands at the head
        ai.execute(
            text("""
            insert into review_passes (item_id, account_id, outcome)
            select id, :account, 'skipped' from review_items order by priority desc, message_at, id
                limit 500"""),
            {"account": mine.id},
        )
        ai.execute(text("analyze review_passes"))
    found = plan(mine)
    assert "ix_review_items_waiting" in found
    assert '"Seq Scan", "Parent Relationship": "Outer"' not in found
    assert '"Node Type": "Sort"' not in found
