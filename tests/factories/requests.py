"""AI requests and prices of models, stored as programs and administrators do."""

from datetime import datetime

import msgspec

from core.ai_metrics.ingest import requests as ingest
from core.ai_metrics.schemas import NewRequest
from core.database import partitions
from core.database.db import transaction
from core.identity.schemas import Actor
from core.ingest.rows import RowSource
from core.providers.service import price_list
from core.providers.service.price_list import NewPrice, PriceView

SOURCE = RowSource(environment="production", zone="UTC")


def ai_requests(*rows: dict[str, object], source: RowSource = SOURCE) -> int:
    """Store requests; return how many were new."""
    requests = [
        msgspec.convert({"provider": "openai", "model": "gpt-4o", **row}, NewRequest)
        for row in rows
    ]
    partitions.create_for(
        "ai_request_metrics",
        [request.created_at for request in requests if request.created_at is not None],
    )
    with transaction() as session:
        return ingest.store(session, requests, source)


def price(actor: Actor, model: str, valid_from: datetime, **given: object) -> PriceView:
    """Add a custom price."""
    wanted = {
        "provider": "openai",
        "model": model,
        "input": "1",
        "output": "2",
        "valid_from": valid_from,
        **given,
    }
    with transaction() as session:
        return price_list.add(session, NewPrice.model_validate(wanted), actor=actor)
