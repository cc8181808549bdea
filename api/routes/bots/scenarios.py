"""Routes of scenarios and their runs."""

from uuid import UUID

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from api.deps import ActorDep, SessionDep, WindowDep
from api.reference import CONFLICT, MISSING
from core.bots.queries import scenarios as queries
from core.bots.result_schemas import (
    NewScenario,
    NewScenarioRun,
    ScenarioChange,
    ScenarioRunView,
    ScenarioView,
)
from core.bots.service import runs, scenarios
from core.database.db import transaction
from core.database.paging import Page
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor

router = APIRouter(prefix="/scenarios", tags=["Bots"])


@router.get("")
async def list_scenarios(actor: ActorDep, window: WindowDep) -> Page[ScenarioView]:
    """List the included scenarios and your own."""
    return window.page_of(await run_in_threadpool(_list, actor))


def _list(actor: Actor) -> list[ScenarioView]:
    require(actor, Permission.RUN_MODELS)
    with transaction() as session:
        scenarios.ensure_included(session)
        return queries.list_scenarios(session, actor=actor)


@router.post("", status_code=201, responses=CONFLICT)
def create(new_scenario: NewScenario, session: SessionDep, actor: ActorDep) -> ScenarioView:
    """Create a scenario."""
    return scenarios.create_scenario(session, new_scenario, actor=actor)


@router.post("/run-all", status_code=202, responses=MISSING)
def run_all(new_run: NewScenarioRun, session: SessionDep, actor: ActorDep) -> ScenarioRunView:
    """Run all active scenarios in the background; `GET scenarios/runs/{id}` has the progress.

    While an equal run goes on, that one is returned.
    """
    return runs.start_all(session, new_run, actor=actor)


@router.get("/runs/{run_id}")
def run_state(run_id: UUID, session: SessionDep, actor: ActorDep) -> ScenarioRunView:
    """Return the state of a run; its answers are results of its bot with this `run_id`."""
    return queries.get_run(session, run_id, actor=actor)


@router.post("/runs/{run_id}/cancel")
def cancel(run_id: UUID, session: SessionDep, actor: ActorDep) -> ScenarioRunView:
    """Stop a run after the answer that is being made."""
    return runs.cancel(session, run_id, actor=actor)


@router.get("/{scenario_id}")
def scenario(scenario_id: UUID, session: SessionDep, actor: ActorDep) -> ScenarioView:
    """Return a scenario."""
    return queries.get_scenario(session, scenario_id, actor=actor)


@router.patch("/{scenario_id}")
def change(
    scenario_id: UUID, change: ScenarioChange, session: SessionDep, actor: ActorDep
) -> ScenarioView:
    """Change a scenario of your own."""
    return scenarios.change_scenario(session, scenario_id, change, actor=actor)


@router.delete("/{scenario_id}", status_code=204)
def delete(scenario_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Delete a scenario of your own; its results stay."""
    scenarios.delete_scenario(session, scenario_id, actor=actor)


@router.post("/{scenario_id}/run", status_code=202)
def run(
    scenario_id: UUID, new_run: NewScenarioRun, session: SessionDep, actor: ActorDep
) -> ScenarioRunView:
    """Run a scenario in the background; `GET scenarios/runs/{id}` has the progress.

    While an equal run goes on, that one is returned.
    """
    return runs.start_one(session, scenario_id, new_run, actor=actor)
