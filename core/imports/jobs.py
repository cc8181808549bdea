"""Does what is due of imports, in the worker."""

from uuid import UUID

from procrastinate import JobContext

from core import queue
from core.imports import flows, service, uploads


@queue.app.task(name=service.TASK, pass_context=True)
def work(context: JobContext, import_id: str) -> None:
    """Try a file, store its rows, or take them back, whatever is due; begun again after a kill, it goes on where it was."""
    flows.work(UUID(import_id), may_go_on=lambda: not (queue.stopping.is_set() or context.should_abort()))


@queue.app.periodic(cron="* * * * * */15")
@queue.app.task(name="imports.resume", queueing_lock="imports.resume")
def resume(timestamp: int) -> None:
    """Go on with imports that stand still."""
    flows.resume()


@queue.app.periodic(cron="41 * * * *")
@queue.app.task(name="imports.forget_abandoned", queueing_lock="imports.forget_abandoned")
def forget_abandoned(timestamp: int) -> None:
    """Remove what uploads have left behind that never ended."""
    uploads.forget_abandoned()
