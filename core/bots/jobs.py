"""Run scenarios in the worker."""

from uuid import UUID

from procrastinate import JobContext

from core.bots import scenario_steps
from core.bots.service import runs
from core.jobs import queue


@queue.app.task(name=runs.TASK, pass_context=True, retry=queue.WITHOUT_DATABASE)
def run_scenarios(context: JobContext, run_id: str) -> None:
    """Make a run's missing answers; after a kill it continues after the last stored one."""
    scenario_steps.work(UUID(run_id), may_go_on=queue.may_go_on(context))
