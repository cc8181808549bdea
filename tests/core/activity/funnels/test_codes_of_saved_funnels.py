"""Saved funnels need no more codes of event types than there are."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core.activity.ingest.event_codes import backfill, event_types
from core.activity.models.funnels import FunnelEvent
from core.activity.queries.funnels import funnel_sql
from core.activity.queries.funnels.funnel import Funnel
from core.activity.service import apply_funnel, saved_funnels
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.errors import LimitReached
from core.identity.schemas import Actor, Role
from tests.factories import activity, funnels
from tests.factories.activity import START, event
from tests.factories.identity import person

KINDS = [f"kind.{number:02}" for number in range(40)]


@pytest.fixture
def actor(database: Postgres, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """Return an admin of a workspace whose event types came when none got a code any more."""
    monkeypatch.setattr(event_types, "MOST_CODED", 0)
    at = (START + timedelta(seconds=number) for number in range(len(KINDS)))
    activity.store([event(kind, when, user_id="u1") for kind, when in zip(KINDS, at, strict=True)])
    return person(Role.ADMIN).actor


def save(kinds: list[str], actor: Actor, name: str = "Many") -> None:
    definition = saved_funnels.definition_of(name, funnel_of(kinds), is_workspace=False)
    with transaction() as session:
        saved_funnels.create_funnel(session, definition, actor=actor)


def funnel_of(kinds: list[str]) -> Funnel:
    half = len(kinds) // 2
    return funnels.read(",".join(("|".join(kinds[:half]), "|".join(kinds[half:]))))


def test_a_funnel_of_many_types_that_were_no_step_can_be_saved(actor: Actor) -> None:
    save(KINDS, actor)
    apply_funnel.prepare_funnels()
    with transaction() as session:
        funnel_sql.check_received(session, funnel_of(KINDS))
        coded = session.scalars(select(FunnelEvent.event_type)).all()
    assert set(KINDS) <= set(coded)


def test_a_funnel_that_needs_more_codes_than_there_are_is_refused(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Once saved, it failed the job of all funnels every five seconds
    with transaction() as session:
        count = session.scalar(select(func.count()).select_from(FunnelEvent)) or 0
    monkeypatch.setattr(backfill, "MOST_CODES", count + 3)
    save(KINDS[:2], actor)
    with pytest.raises(LimitReached, match="event types can be steps"):
        save(KINDS[2:4], actor, "Two more")
    save(KINDS[1:3], actor, "One more")
    apply_funnel.prepare_funnels()


def test_codes_that_do_not_suffice_keep_no_other_funnel_from_being_applied(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(KINDS[:2], actor)
    monkeypatch.setattr(backfill, "MOST_CODES", 0)
    apply_funnel.prepare_funnels()
