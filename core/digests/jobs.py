"""Background jobs of digests."""

from typing import Any
from uuid import UUID

from procrastinate import RetryStrategy

from core.database.db import transaction
from core.digests.schemas import SEND, WRITTEN
from core.digests.service import deliveries, removed_data, subscriptions
from core.identity.service import accounts as identity
from core.jobs import outbox, queue
from core.network import mail
from core.system import workspace


@queue.app.periodic(cron="7 * * * *")
@queue.app.task(name="digests.write", queueing_lock="digests.write")
def write_due(timestamp: int) -> None:
    """Write last week's digest on Monday, or as soon as a worker runs again."""
    from core.digests.service import writing  # noqa: PLC0415  loads numpy, needed once a week

    writing.write_due(workspace.zone())


@outbox.handles(WRITTEN)
def deliver(payload: dict[str, Any]) -> None:
    """Queue a job for each subscriber, so that each is retried by itself."""
    if not mail.is_set_up():
        return
    with transaction() as session:
        for account_id in subscriptions.list_subscribers(session):
            for digest_id in payload["digests"]:
                # On the usual queue, a mail server that hangs would keep all other jobs waiting
                queue.defer(
                    session,
                    SEND,
                    queue=queue.LONG,
                    digest_id=digest_id,
                    account_id=str(account_id),
                )


@outbox.handles(identity.ACCOUNT_REMOVED)
def delete_private_sections(payload: dict[str, Any]) -> None:
    """Delete what digests keep of the private views of removed accounts."""
    with transaction() as session:
        removed_data.delete_private_sections(session, payload["ids"])


@queue.app.task(name=SEND, retry=RetryStrategy(max_attempts=10, wait=60, linear_wait=600))
def send(digest_id: str, account_id: str) -> None:
    """Send a digest to one subscriber, for up to seven hours."""
    deliveries.send(UUID(digest_id), UUID(account_id))
