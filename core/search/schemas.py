"""What the command palette finds."""

from enum import StrEnum

from core.identity.schemas import View


class HitKind(StrEnum):
    USER = "user"
    CONVERSATION = "conversation"
    REQUEST = "request"
    RUN = "run"
    DOCUMENT = "document"
    PROMPT = "prompt"


class SearchHit(View):
    """An object that a search found; `page` and `query` lead to it."""

    kind: HitKind
    title: str
    note: str
    page: str
    query: dict[str, str]
