"""Tools that only read: the time, documents, users, conversations and metrics."""

from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field

from core.activity.queries import user_details
from core.ai_metrics.views import AiMetricsQuery
from core.conversations.queries import conversations, message_texts
from core.database import settings
from core.database.db import Database, read_session, transaction
from core.database.paging import Window
from core.database.settings import Workspace
from core.identity.permissions import Permission
from core.identity.schemas import Actor
from core.identity.service import audit
from core.knowledge.documents import queries as documents
from core.knowledge.schemas import DocumentState
from core.knowledge.views import DocumentFilter, DocumentSummary
from core.platform import clock
from core.presentation.periods import Watched, last_days
from core.tools.definitions import RegistryTool
from core.tools.errors import ToolFailed

MAX_DOCUMENTS, MAX_DOCUMENT_CHARS = 10, 6000
MAX_MESSAGES, MAX_MESSAGE_CHARS = 50, 2000
MAX_MODELS = 20
USER_FIELDS = {
    *("external_id", "email", "display_name", "traits", "first_seen_at", "last_seen_at"),
    *("status", "step_event_type", "active_days", "events", "errors", "why"),
}
CONVERSATION_FIELDS = {
    *("external_id", "user_external_id", "title", "status", "models", "message_count"),
    *("user_rating", "rating_scale", "user_feedback", "created_at", "last_message_at"),
}
FIGURES = {
    *("total_requests", "error_count", "error_rate", "total_tokens", "cost_usd"),
    *("unpriced_requests", "p50_latency_ms", "p95_latency_ms", "avg_first_token_ms"),
}


class _Arguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Zone(_Arguments):
    zone: str = Field(default="UTC", max_length=64, description="Such as Europe/Berlin.")


class KnowledgeSearch(_Arguments):
    query: str = Field(min_length=1, max_length=400, description="Words to search for.")
    limit: int = Field(default=5, ge=1, le=MAX_DOCUMENTS)


class UserId(_Arguments):
    user_id: str = Field(min_length=1, max_length=128)


class ConversationId(_Arguments):
    conversation_id: str = Field(min_length=1, max_length=128)
    limit: int = Field(default=20, ge=1, le=MAX_MESSAGES, description="The last messages.")


class MetricsArguments(_Arguments):
    days: int = Field(default=7, ge=1, le=365, description="Calendar days, today included.")
    environment: str = Field(default="production", min_length=1, max_length=200)
    model: str | None = Field(default=None, max_length=200)
    by: Literal["total", "model"] = "total"


def current_time(arguments: Zone, _actor: Actor) -> dict[str, str]:
    """Return the time in a zone, and its weekday."""
    if arguments.zone not in available_timezones():
        raise ToolFailed(f"No time zone {arguments.zone!r}. Use one such as UTC or Europe/Berlin.")
    now = clock.now().astimezone(ZoneInfo(arguments.zone))
    return {
        "time": now.isoformat(timespec="seconds"),
        "weekday": f"{now:%A}",
        "zone": arguments.zone,
    }


def search_knowledge(arguments: KnowledgeSearch, actor: Actor) -> dict[str, Any]:
    """Return published documents, best match first, with the text of the best one."""
    wanted = DocumentFilter(q=arguments.query, status=DocumentState.PUBLISHED)
    with read_session(Database.AI) as ai:
        page = documents.list_documents(ai, wanted, window=Window(arguments.limit), actor=actor)
        found = [_document(each) for each in page.items]
        if found:
            # Without its history, which may have a hundred times the text
            found[0]["content"] = documents.get_opening(
                ai, page.items[0].id, MAX_DOCUMENT_CHARS, actor=actor
            )
    return {"documents": found, "total_count": page.total_count}


def _document(found: DocumentSummary) -> dict[str, Any]:
    excerpt = "".join(part.text for part in found.parts or ()) or found.opening
    return {"id": found.external_id, "title": found.title, "excerpt": excerpt}


def get_user(arguments: UserId, actor: Actor) -> dict[str, Any]:
    """Return a user of the product with their onboarding progress."""
    with read_session() as session:
        user = user_details.get_user(session, arguments.user_id, Watched(), actor=actor)
    return user.model_dump(mode="json", include=USER_FIELDS)


def get_conversation(arguments: ConversationId, actor: Actor) -> dict[str, Any]:
    """Return a conversation with its last messages; the audit log records who read it."""
    with transaction() as session:
        id_ = conversations.get_id(session, arguments.conversation_id)
        talk = conversations.get_conversation(session, id_, actor=actor)
        texts = message_texts.list_last_texts(
            session, id_, limit=arguments.limit, max_chars=MAX_MESSAGE_CHARS, actor=actor
        )
        audit.record(session, "conversation.open", actor, targets={"conversation": str(id_)})
    messages = [text._asdict() for text in texts]
    return talk.model_dump(mode="json", include=CONVERSATION_FIELDS) | {"messages": messages}


def query_metrics(arguments: MetricsArguments, actor: Actor) -> dict[str, Any]:
    """Return figures of the product's AI requests."""
    from core.ai_metrics.queries import figures  # noqa: PLC0415  loads numpy, which the worker lacks

    with read_session() as session:
        zone = settings.read(session, Workspace).reporting_time_zone
        asked = AiMetricsQuery(
            last_days(arguments.days, zone=zone),
            Watched(arguments.environment),
            model=arguments.model,
        )
        if arguments.by == "model":
            rows = figures.models(session, asked, actor=actor)[:MAX_MODELS]
            fields = FIGURES | {"provider", "model", "share"}
            return {"models": [row.model_dump(mode="json", include=fields) for row in rows]}
        summary = figures.summary(session, asked, actor=actor)
    return {
        **summary.model_dump(mode="json", include=FIGURES | {"start", "end"}),
        "previous": summary.previous.model_dump(mode="json", include=FIGURES),
    }


TOOLS: tuple[RegistryTool[Any], ...] = (
    RegistryTool(
        "current_time",
        "Return the current date and time, in UTC or another time zone.",
        Zone,
        current_time,
        Permission.RUN_MODELS,
    ),
    RegistryTool(
        "search_knowledge",
        "Search the published documents of the knowledge base.",
        KnowledgeSearch,
        search_knowledge,
        Permission.READ_CONTENTS,
        is_untrusted=True,
    ),
    RegistryTool(
        "get_user",
        "Look up a user of the product: details, onboarding progress, number of errors.",
        UserId,
        get_user,
        Permission.WATCH,
        is_untrusted=True,
    ),
    RegistryTool(
        "get_conversation",
        "Read the last messages of a conversation of the product's assistant.",
        ConversationId,
        get_conversation,
        Permission.READ_CONTENTS,
        is_untrusted=True,
    ),
    RegistryTool(
        "query_metrics",
        "Return requests, errors, latency (ms), tokens and cost (USD) of the product's AI "
        "requests in the last days, as a total with the days before, or by model.",
        MetricsArguments,
        query_metrics,
        Permission.WATCH,
    ),
)
