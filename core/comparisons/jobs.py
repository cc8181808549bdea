"""Write the preference pairs of votes."""

from typing import Any
from uuid import UUID

from core.comparisons.service import votes
from core.jobs import outbox


@outbox.handles(votes.VOTED)
def store_pairs(payload: dict[str, Any]) -> None:
    """Write the pairs of each turn, instead of those of an earlier vote."""
    for turn_id in payload["turns"]:
        votes.store_pairs(UUID(turn_id))
