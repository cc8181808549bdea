"""Batch runs in the history."""

from datetime import datetime, timedelta

from sqlalchemy import insert

from core.batches.models import BatchRunRecord
from core.database.db import transaction
from core.platform.ids import new_id


def ran(
    started_at: datetime,
    status: str = "completed",
    *,
    job: str = "nightly",
    took_s: float | None = 60,
    **fields: object,
) -> str:
    """Store a run, and return its sender's ID."""
    run_id = fields.pop("batch_run_id", new_id().hex)
    row = {
        "id": new_id(),
        "batch_run_id": run_id,
        "batch_job": job,
        "environment": "production",
        "app": "",
        "started_at": started_at,
        "completed_at": started_at + timedelta(seconds=took_s) if took_s is not None else None,
        "status": status,
    }
    with transaction() as session:
        session.execute(insert(BatchRunRecord).values(**(row | fields)))
    return str(run_id)
