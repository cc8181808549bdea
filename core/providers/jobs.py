"""Check providers every 15 minutes, so that model lists and states are current."""

from core.jobs import queue
from core.providers import check


@queue.app.periodic(cron="*/15 * * * *")
@queue.app.task(name="providers.check", queueing_lock="providers.check")
def check_providers(timestamp: int = 0) -> None:
    check.check_all()
