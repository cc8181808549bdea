"""Start, advance and stop runs of scenarios."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from core.bots import judging
from core.bots.errors import GoalMissing, NothingToRun, ScenarioRunMissing
from core.bots.models import ScenarioRun
from core.bots.queries import bots, scenarios
from core.bots.result_schemas import (
    NewScenarioRun,
    RunMode,
    RunStatus,
    ScenarioRunView,
    ScenarioView,
)
from core.bots.service.scenarios import ensure_included
from core.errors import Forbidden
from core.identity.models import AdminUser
from core.identity.permissions import Permission, require
from core.identity.queries import actor_of
from core.identity.schemas import Actor, Caller
from core.jobs import queue
from core.platform import clock
from core.platform.ids import new_id
from core.playground.answering import default_model
from core.providers import catalogue

TASK = "bots.run_scenarios"
PAUSE = timedelta(seconds=2)


def start_one(
    session: Session, scenario_id: UUID, new_run: NewScenarioRun, *, actor: Actor
) -> ScenarioRunView:
    """Queue a run of one scenario; of an equal one that has not ended, return that.

    Raises ScenarioMissing, BotMissing, BotVersionMissing, GoalMissing, ModelMissing or NoModel.
    """
    require(actor, Permission.RUN_MODELS)
    ensure_included(session)
    scenario = scenarios.get_scenario(session, scenario_id, actor=actor)
    if new_run.mode is RunMode.SIMULATED and not scenario.goal:
        raise GoalMissing
    return _start(session, [scenario], new_run, actor)


def start_all(session: Session, new_run: NewScenarioRun, *, actor: Actor) -> ScenarioRunView:
    """Queue a run of all active scenarios; with a simulated user, of those that have a goal. Of an
    equal one that has not ended, return that.

    Raises NothingToRun, BotMissing, BotVersionMissing, ModelMissing or NoModel.
    """
    require(actor, Permission.RUN_MODELS)
    ensure_included(session)
    chosen = [
        each
        for each in scenarios.list_scenarios(session, actor=actor)
        if each.is_active and (each.goal or new_run.mode is not RunMode.SIMULATED)
    ]
    if not chosen:
        raise NothingToRun
    return _start(session, chosen, new_run, actor)


def _start(
    session: Session, chosen: list[ScenarioView], new_run: NewScenarioRun, actor: Actor
) -> ScenarioRunView:
    bot = bots.get_bot(session, new_run.bot_id, actor=actor)
    content, version = bots.tested(session, bot, new_run.version)
    model = catalogue.find_route(session, new_run.model_id or default_model(session)).model.id
    judge = None
    if new_run.analyze:
        judge = new_run.judge_model_id or judging.default_judge(session)
    if judge is not None:
        judge = catalogue.find_route(session, judge).model.id
    facts = {
        "user_id": actor.id,
        "bot_config_id": bot.id,
        "bot_version": version,
        "content": content.model_dump(mode="json")
        | {"scenarios": [each.model_dump(mode="json") for each in chosen]},
        "scenario_ids": [each.id for each in chosen],
        "mode": new_run.mode,
        "turns": new_run.turns,
        "model_id": model,
        "judge_model_id": judge,
    }
    # A second press, or a request that is sent again, must not pay for all answers twice
    if (equal := scenarios.find_unfinished(session, facts)) is not None:
        return scenarios.run_view(equal)
    total = _total(chosen, new_run)
    row = ScenarioRun(id=new_id(), **facts, status=RunStatus.QUEUED, total=total)
    session.add(row)
    session.flush()
    defer(session, row.id)
    return scenarios.run_view(row)


def _total(chosen: list[ScenarioView], new_run: NewScenarioRun) -> int:
    if new_run.mode is RunMode.SIMULATED:
        return new_run.turns * len(chosen)
    return sum(len(each.user_messages) for each in chosen)


def defer(session: Session, run_id: UUID, *, after: timedelta | None = None) -> None:
    """Have a job go on with a run."""
    # Four runs would hold all places of the usual queue for hours: no heartbeat, no evaluation
    queue.defer(session, TASK, queue=queue.LONG, after=after, run_id=str(run_id))


def begin(session: Session, run_id: UUID) -> ScenarioRun | None:
    """Return a run that is to go on, as running; None when it has ended."""
    row = scenarios.get_run_row(session, run_id, actor=None, lock=True)
    if RunStatus(row.status) not in scenarios.UNFINISHED:
        return None
    row.status = RunStatus.RUNNING
    return row


def actor_of_run(session: Session, run: ScenarioRun) -> Actor:
    """Return the account that started a run; raise Forbidden when it may not run models now."""
    # Read for each answer: a run goes on for hours, and pays for all of them
    account = session.get(AdminUser, run.user_id)
    if account is None or not account.is_active:
        raise Forbidden("The account that started this run is not active.")
    actor = actor_of(account, Caller())
    require(actor, Permission.RUN_MODELS)
    return actor


def record_progress(session: Session, run_id: UUID) -> bool:
    """Count the answers so far; return whether the run goes on."""
    row = scenarios.get_run_row(session, run_id, actor=None, lock=True)
    row.done = scenarios.count_answers(session, run_id)
    return RunStatus(row.status) is RunStatus.RUNNING


def finish(session: Session, run_id: UUID, error: str | None = None) -> None:
    """End a run that has not been stopped: completed, or failed with the reason."""
    try:
        row = scenarios.get_run_row(session, run_id, actor=None, lock=True)
    except ScenarioRunMissing:  # deleted with its bot
        return
    if RunStatus(row.status) not in scenarios.UNFINISHED:
        return
    row.status = RunStatus.FAILED if error else RunStatus.COMPLETED
    row.error, row.finished_at = error, clock.now()
    row.done = scenarios.count_answers(session, run_id)
    if not error:  # a simulated user may have ended early
        row.total = row.done


def cancel(session: Session, run_id: UUID, *, actor: Actor) -> ScenarioRunView:
    """Stop a run after the answer that is being made; raise ScenarioRunMissing."""
    require(actor, Permission.RUN_MODELS)
    row = scenarios.get_run_row(session, run_id, actor=actor, lock=True)
    if RunStatus(row.status) in scenarios.UNFINISHED:
        row.status, row.finished_at = RunStatus.CANCELLED, clock.now()
    session.flush()
    return scenarios.run_view(row)
