"""Cases before they are stored, and their split."""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from core.annotations.exports.queries import Split, split_of
from core.datasets.schemas import CaseOrigin, CaseSplit, CaseTexts


@dataclass(frozen=True, slots=True)
class CaseDraft:
    """A case to store; a `split` counts only without a conversation."""

    texts: CaseTexts
    origin: CaseOrigin
    tags: tuple[str, ...] = ()
    split: CaseSplit | None = None
    conversation_id: UUID | None = None
    origin_id: UUID | None = None

    @property
    def stored_split(self) -> CaseSplit:
        """The split of its conversation, else the chosen one, else that of its messages: equal
        messages are never in both.
        """
        if self.conversation_id is None and self.split is not None:
            return self.split
        key = self.conversation_id or _key_of(self.texts)
        return CaseSplit.HOLDOUT if split_of(key) is Split.HOLDOUT else CaseSplit.TUNE


def _key_of(texts: CaseTexts) -> UUID:
    # Texts have no NUL, so that other messages never make the same text
    said = "\0".join(f"{it.role}\0{it.content}" for it in texts.messages)
    return UUID(bytes=sha256(said.encode()).digest()[:16])
