"""Record the calls of API keys as AI requests."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from core.ai_metrics.ingest import requests as ingest
from core.ai_metrics.schemas import NewRequest
from core.database import partitions, settings
from core.database.db import transaction
from core.executions.service import executions
from core.ingest.rows import RowSource
from core.jobs import outbox
from core.prompts.queries.calls_of_keys import list_requests


@outbox.handles(executions.FINISHED_BY_KEY)
def record_requests(payload: dict[str, Any]) -> None:
    """Store ended calls as AI requests of their keys' environments; the second time none is new."""
    by_environment: dict[str, list[NewRequest]] = defaultdict(list)
    with transaction() as session:
        zone = settings.read(session, settings.Workspace).reporting_time_zone
        ids = [UUID(id_) for id_ in payload["ids"]]
        for environment, request in list_requests(session, ids):
            by_environment[environment].append(request)
    for environment, requests in by_environment.items():
        moments = [request.created_at for request in requests if request.created_at is not None]
        # A call may be the first row of its day, which then has no partition yet
        partitions.create_for("ai_request_metrics", moments)
        with transaction() as session:
            ingest.store(session, requests, RowSource(environment, zone))
