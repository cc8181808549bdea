"""Store preference pairs: two answers to the same messages, with their own texts."""

from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from core.annotations.models import PreferencePair
from core.database.tables import storable
from core.platform.ids import new_id


@dataclass(frozen=True)
class NewPair:
    """A pair; prompts are titles of versions, `rejected_place` is the column of the worse one."""

    origin: str
    conversation_id: UUID
    rejected_place: int
    prompt: list[dict[str, str]]
    chosen: str
    rejected: str
    chosen_model: str
    rejected_model: str
    chosen_prompt: str
    rejected_prompt: str
    reason: str | None
    voter: UUID
    is_blind: bool


def replace(ai: Session, origin_id: UUID, pairs: list[NewPair]) -> None:
    """Store the pairs of a vote instead of those that it left before."""
    ai.execute(delete(PreferencePair).where(PreferencePair.origin_id == origin_id))
    rows = [{**asdict(pair), "id": new_id(), "origin_id": origin_id} for pair in pairs]
    if rows:
        ai.execute(insert(PreferencePair), [_storable(row) for row in rows])


def _storable(row: dict[str, object]) -> dict[str, object]:
    return {
        name: storable(value) if isinstance(value, str) else value for name, value in row.items()
    }
