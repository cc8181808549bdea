"""Ended model calls, stored with the figures that tests expect."""

from datetime import datetime
from typing import Any

from core.database.db import transaction
from core.executions.models import Execution
from core.identity.schemas import Actor
from core.platform import clock
from core.platform.ids import new_id


def used(by: Actor | None, at: datetime | None = None, **more: Any) -> None:  # noqa: ANN401  columns
    """Store a call of 10 tokens in and 5 out, which cost a cent and took a second."""
    is_key = by is not None and by.is_program
    moment = at or clock.now()
    row = {
        "owner": by.id if by is not None and not is_key else None,
        "key_id": by.id if by is not None and is_key else None,
        "provider": "fake",
        "model_id": "fake:echo",
        "input_tokens": 10,
        "output_tokens": 5,
        "total_tokens": 15,
        "cost_usd": "0.01",
        "cost_source": "price_table",
        "execution_time_ms": 1000,
        "status": "completed",
        "instance": new_id(),
        "alive_at": moment,
        "created_at": moment,
    }
    with transaction() as session:
        session.add(Execution(**(row | more)))
