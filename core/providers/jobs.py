"""Check providers periodically, so that model lists and states are current."""

from core.jobs import queue
from core.providers import check


@queue.app.periodic(cron="*/15 * * * *")
@queue.app.task(name="providers.check", queueing_lock="providers.check")
def check_providers(timestamp: int = 0) -> None:
    """Ask every provider what it serves."""
    check.check_all()
