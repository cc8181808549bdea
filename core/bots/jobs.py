"""Run scenarios in the worker."""

from uuid import UUID

from procrastinate import JobContext, RetryStrategy

from core.bots import scenario_steps
from core.bots.service import runs
from core.errors import Unavailable
from core.jobs import queue

WITHOUT_DATABASE = RetryStrategy(max_attempts=60, wait=5, retry_exceptions={Unavailable})


@queue.app.task(name=runs.TASK, pass_context=True, retry=WITHOUT_DATABASE)
def run_scenarios(context: JobContext, run_id: str) -> None:
    """Make a run's missing answers; after a kill it continues after the last stored one."""

    def may_go_on() -> bool:
        return not (queue.stopping.is_set() or context.should_abort())

    scenario_steps.work(UUID(run_id), may_go_on=may_go_on)
