"""Scenarios: the included ones, and those of accounts."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.bots.errors import IncludedScenario, ScenarioMissing, TooManyScenarios
from core.bots.models import Scenario
from core.bots.queries import scenarios as queries
from core.bots.result_schemas import NewScenario, ScenarioChange, ScenarioView
from core.bots.scenarios.included import INCLUDED
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.platform.ids import new_id

MOST_SCENARIOS = 500  # of one account
scenarios = table_of(Scenario)


def ensure_included(session: Session) -> None:
    """Store the included scenarios that are missing."""
    known = set(session.scalars(select(scenarios.c.id).where(scenarios.c.user_id.is_(None))))
    rows = [
        {
            "id": each.id,
            "name": each.name,
            "description": each.description,
            "goal": each.goal,
            "user_messages": list(each.user_messages),
            "expected_outcomes": list(each.expected_outcomes),
        }
        for each in INCLUDED
        if each.id not in known
    ]
    for row in rows:  # one by one: the times of creation are their order
        stored = insert(scenarios).values(**row, created_at=func.clock_timestamp())
        session.execute(stored.on_conflict_do_nothing())


def create_scenario(session: Session, new: NewScenario, *, actor: Actor) -> ScenarioView:
    """Create a scenario of the actor's; raise TooManyScenarios."""
    require(actor, Permission.RUN_MODELS)
    own = select(func.count()).select_from(scenarios).where(scenarios.c.user_id == actor.id)
    if (session.scalar(own) or 0) >= MOST_SCENARIOS:
        raise TooManyScenarios
    row = Scenario(id=new_id(), user_id=actor.id, **_values(new))
    session.add(row)
    session.flush()
    return queries.get_scenario(session, row.id, actor=actor)


def change_scenario(
    session: Session, scenario_id: UUID, change: ScenarioChange, *, actor: Actor
) -> ScenarioView:
    """Change a scenario of the actor's; raise ScenarioMissing or IncludedScenario."""
    row = _lock_own(session, scenario_id, actor)
    for name, value in _values(change).items():
        setattr(row, name, value)
    row.updated_at = clock.now()
    session.flush()
    return queries.get_scenario(session, scenario_id, actor=actor)


def delete_scenario(session: Session, scenario_id: UUID, *, actor: Actor) -> None:
    """Delete a scenario; its results stay. Raises ScenarioMissing or IncludedScenario."""
    session.delete(_lock_own(session, scenario_id, actor))


def _values(new_scenario: NewScenario | ScenarioChange) -> dict[str, object]:
    values = new_scenario.model_dump(exclude_none=True)
    return {name: list(each) if isinstance(each, tuple) else each for name, each in values.items()}


def _lock_own(session: Session, scenario_id: UUID, actor: Actor) -> Scenario:
    require(actor, Permission.RUN_MODELS)
    query = select(Scenario).where(Scenario.id == scenario_id).with_for_update()
    row = session.scalar(query)
    if row is None or row.user_id not in (None, actor.id):
        raise ScenarioMissing
    if row.user_id is None:
        raise IncludedScenario
    return row
