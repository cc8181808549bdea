"""Read scenarios, the included ones and an account's own, and their runs."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, defer

from core.bots.errors import ScenarioMissing, ScenarioRunMissing
from core.bots.models import BotConfiguration, BotResult, Scenario, ScenarioRun
from core.bots.result_schemas import RunMode, RunStatus, ScenarioRunView, ScenarioView
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor

UNFINISHED = (RunStatus.QUEUED, RunStatus.RUNNING)


def _is_visible(actor: Actor) -> ColumnElement[bool]:
    return or_(Scenario.user_id == actor.id, Scenario.user_id.is_(None))


def list_scenarios(session: Session, *, actor: Actor) -> list[ScenarioView]:
    """Return the included scenarios and the actor's own, in the order of their creation."""
    require(actor, Permission.RUN_MODELS)
    # False sorts before true, so the included ones come first
    order = (Scenario.user_id.is_not(None), Scenario.created_at, Scenario.id)
    rows = session.scalars(select(Scenario).where(_is_visible(actor)).order_by(*order))
    return [scenario_view(row) for row in rows]


def get_scenario(session: Session, scenario_id: UUID, *, actor: Actor) -> ScenarioView:
    """Return a scenario that the actor sees; raise ScenarioMissing."""
    require(actor, Permission.RUN_MODELS)
    visible = (Scenario.id == scenario_id, _is_visible(actor))
    row = session.scalar(select(Scenario).where(*visible))
    if row is None:
        raise ScenarioMissing
    return scenario_view(row)


def list_scenarios_of_run(session: Session, run: ScenarioRun) -> list[ScenarioView]:
    """Return the scenarios of a run in its order, with the texts that they had at its start."""
    if "scenarios" in run.content:
        return [ScenarioView.model_validate(each) for each in run.content["scenarios"]]
    # Queued by a release that did not keep the texts: those of today, of what still exists
    rows = session.scalars(select(Scenario).where(Scenario.id.in_(run.scenario_ids)))
    return sorted(map(scenario_view, rows), key=lambda each: run.scenario_ids.index(each.id))


def scenario_view(row: Scenario) -> ScenarioView:
    return ScenarioView(
        id=row.id,
        is_included=row.user_id is None,
        name=row.name,
        description=row.description,
        goal=row.goal,
        user_messages=row.user_messages,
        expected_outcomes=row.expected_outcomes,
        is_active=row.is_active,
    )


def get_run_row(
    session: Session, run_id: UUID, *, actor: Actor | None, lock: bool = False
) -> ScenarioRun:
    """Return a run, of the actor if there is one; raise ScenarioRunMissing."""
    conditions: list[Any] = [ScenarioRun.id == run_id]
    if actor is not None:
        conditions.append(ScenarioRun.user_id == actor.id)
    query = select(ScenarioRun).where(*conditions)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise ScenarioRunMissing
    return row


def find_unfinished(session: Session, facts: Mapping[str, Any]) -> ScenarioRun | None:
    """Return a run with these columns that has not ended, or None; of two that ask for the same
    bot, the second waits for the end of the first's transaction.
    """
    bot = select(BotConfiguration.id).where(BotConfiguration.id == facts["bot_config_id"])
    # A lock that answers which are being stored need not wait for (service/results.py)
    session.execute(bot.with_for_update(key_share=True))
    same = [getattr(ScenarioRun, name).is_not_distinct_from(it) for name, it in facts.items()]
    unfinished = ScenarioRun.status.in_(UNFINISHED)
    return session.scalar(select(ScenarioRun).where(unfinished, *same).limit(1))


def get_run(session: Session, run_id: UUID, *, actor: Actor) -> ScenarioRunView:
    """Return the state of a run of the actor; raise ScenarioRunMissing."""
    require(actor, Permission.RUN_MODELS)
    return run_view(get_run_row(session, run_id, actor=actor))


def list_runs(session: Session, bot_id: UUID, *, actor: Actor) -> list[ScenarioRunView]:
    """Return the actor's latest 50 runs of a bot, the newest first."""
    require(actor, Permission.RUN_MODELS)
    rows = session.scalars(
        select(ScenarioRun)
        .where(ScenarioRun.user_id == actor.id, ScenarioRun.bot_config_id == bot_id)
        .order_by(ScenarioRun.id.desc())
        .limit(50)
        .options(defer(ScenarioRun.content))
    )
    return [run_view(row) for row in rows]


def run_view(row: ScenarioRun) -> ScenarioRunView:
    return ScenarioRunView(
        id=row.id,
        bot_id=row.bot_config_id,
        version=row.bot_version,
        scenario_ids=row.scenario_ids,
        mode=RunMode(row.mode),
        model_id=row.model_id,
        judge_model_id=row.judge_model_id,
        status=RunStatus(row.status),
        total=row.total,
        done=row.done,
        error=row.error,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def list_answers(session: Session, run_id: UUID, scenario_id: UUID) -> list[BotResult]:
    """Return the answers that a run has stored of a scenario, in order."""
    of_it = (BotResult.run_id == run_id, BotResult.test_scenario_id == scenario_id)
    return list(session.scalars(select(BotResult).where(*of_it).order_by(BotResult.position)))


def count_answers(session: Session, run_id: UUID) -> int:
    """Return how many answers of a run are stored."""
    of_it = BotResult.run_id == run_id
    return session.scalar(select(func.count()).select_from(BotResult).where(of_it)) or 0
