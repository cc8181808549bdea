"""Background jobs of imports, in the worker."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from procrastinate import JobContext

from core.imports import own_process, runner
from core.imports.service import files, imports
from core.jobs import queue


@queue.app.task(name=imports.TASK, pass_context=True)
def work(context: JobContext, import_id: str) -> None:
    """Check a file, store its rows or undo them, whatever is due; after a kill it goes on where it
    was.
    """
    may_go_on = queue.may_go_on(context)
    if runner.is_large(UUID(import_id)):
        own_process.run(import_id, may_go_on)
        return
    with ThreadPoolExecutor(1, thread_name_prefix="import", initializer=_give_way) as apart:
        apart.submit(runner.work, UUID(import_id), may_go_on=may_go_on).result()


def _give_way() -> None:
    """Lower the priority of this thread and of those that it starts."""
    if sys.platform == "linux":  # elsewhere a thread has no niceness of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), own_process.NICENESS)


@queue.app.periodic(cron="* * * * * */15")
@queue.app.task(name="imports.resume", queueing_lock="imports.resume")
def resume(timestamp: int) -> None:
    imports.resume()


@queue.app.periodic(cron="41 * * * *")
@queue.app.task(name="imports.forget_abandoned", queueing_lock="imports.forget_abandoned")
def forget_abandoned(timestamp: int) -> None:
    """Remove files that nothing needs any more."""
    files.forget_abandoned()
