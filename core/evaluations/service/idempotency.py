"""Start an evaluation once, however often its request is sent."""

from hashlib import sha256
from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from core.evaluations import encrypted_texts
from core.evaluations.errors import IdempotencyKeyUsed
from core.evaluations.models import EvaluationTest
from core.evaluations.schemas import NewEvaluation
from core.identity.schemas import Actor
from core.platform.ids import new_id


def id_of(new: NewEvaluation, actor: Actor) -> UUID:
    """Return the ID of an evaluation to start: with a key, the same one for the same actor."""
    # The primary key then refuses a second start, also when both run at the same time
    return new_id() if new.idempotency_key is None else uuid5(actor.id, new.idempotency_key)


def digest_of(new: NewEvaluation) -> str:
    """Return a digest of what is to be started."""
    return sha256(new.model_dump_json().encode()).hexdigest()


def is_started(session: Session, evaluation_id: UUID, new: NewEvaluation) -> bool:
    """Whether the evaluation was started before; raise IdempotencyKeyUsed when it was another."""
    row = session.get(EvaluationTest, evaluation_id) if new.idempotency_key else None
    if row is None:
        return False
    if encrypted_texts.definition_of(row).request != digest_of(new):
        raise IdempotencyKeyUsed
    return True
