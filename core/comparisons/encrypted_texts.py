"""Encrypt and decrypt the reasons of votes."""

from core.comparisons.models import ComparisonTurn
from core.platform import crypto

REASON = "comparison_turns.reason"


def seal_reason(reason: str, turn: ComparisonTurn) -> bytes | None:
    """Return the encrypted reason of a turn's vote, None for an empty one."""
    return crypto.keyring().seal(reason, column=REASON, row=turn.id) if reason else None


def reason_of(turn: ComparisonTurn) -> str | None:
    """Return the reason of a turn's vote; raise WrongKey."""
    if turn.reason is None:
        return None
    return crypto.keyring().open(turn.reason, column=REASON, row=turn.id)
