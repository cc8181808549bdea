"""Count the results of A/B tests, in the worker."""

from typing import Any
from uuid import UUID

from core.ab_tests.service import count_results
from core.database.db import transaction
from core.evaluations.service import claims
from core.jobs import outbox, queue


@outbox.handles(claims.ENDED)
def count_ended(payload: dict[str, Any]) -> None:
    """Queue a job for each evaluation of an A/B test that has ended."""
    with transaction() as session:
        count_results.defer(session, [UUID(id_) for id_ in payload["ids"]])


@queue.app.task(name=count_results.TASK, retry=queue.WITHOUT_DATABASE)
def count(evaluation_id: str) -> None:
    """Count the results of an evaluation; again, with the same end."""
    count_results.count(UUID(evaluation_id))
