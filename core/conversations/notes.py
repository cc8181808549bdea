"""Notes of colleagues on conversations: inputs, views, and whom a note mentions."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from core.database.tables import storable
from core.identity.schemas import View

LONGEST_NOTE = 4000


def _text(given: str) -> str:
    if not (text := storable(given).strip()):
        raise ValueError("Write a note.")
    return text


class NewNote(BaseModel):
    """A note on a conversation, by Attune's ID or the sender's; `@name` mentions a colleague."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {"conversation_id": "c-7", "body": "@Ada Lovelace is this the VAT bug?"}
        },
    )

    conversation_id: str = Field(min_length=1, max_length=128)
    body: Annotated[str, Field(max_length=LONGEST_NOTE), AfterValidator(_text)]


class Colleague(View):
    """An account that may read conversations, and be mentioned."""

    id: UUID
    name: str
    email: str


class NoteView(View):
    """A note; without `author_id`, the author's account was deleted."""

    id: UUID
    conversation_id: UUID
    author_id: UUID | None
    author_name: str
    body: str
    created_at: datetime


class MentionView(NoteView):
    """A note that mentions its reader, with its conversation."""

    conversation_title: str
    seen_at: datetime | None


def find_mentioned(body: str, colleagues: Iterable[Colleague]) -> list[Colleague]:
    """Return whom a note mentions: `@` with a full name, an email or its part before the @."""
    by_name = _by_name(colleagues)
    if not by_name:
        return []
    # The longest first: @Ann Lee is not Ann.
    names = "|".join(re.escape(name) for name in sorted(by_name, key=len, reverse=True))
    # The @ of an email or of a link's path mentions nobody
    found = re.findall(rf"(?<![\w/])@({names})(?!\w)", body.casefold())
    return list({each.id: each for name in found for each in by_name[name]}.values())


def mentionable_names(colleagues: Sequence[Colleague]) -> dict[UUID, str]:
    """Return what follows the @ to mention only this colleague: the name, else the email."""
    by_name = _by_name(colleagues)
    return {
        each.id: each.name if by_name.get(each.name.casefold()) == [each] else each.email
        for each in colleagues
    }


def _by_name(colleagues: Iterable[Colleague]) -> dict[str, list[Colleague]]:
    by_name: dict[str, list[Colleague]] = {}
    for each in colleagues:
        names = {each.name, each.email, each.email.partition("@")[0]} - {""}
        for name in {name.casefold() for name in names}:
            by_name.setdefault(name, []).append(each)
    return by_name
