"""Conversations from the histories in an export: each message once, at its earliest time."""

from decimal import Decimal

from core.ai_metrics.ingest.requests import cost_of
from core.ai_metrics.otlp.contents import Exchange
from core.ai_metrics.otlp.dialects import LARGEST
from core.ai_metrics.otlp.outcomes import moment
from core.ai_metrics.otlp.span_messages import SpanMessage
from core.ai_metrics.otlp.spans import Span
from core.ai_metrics.otlp.steps import MappedSpan
from core.ai_metrics.schemas import NewRequest
from core.conversations.ingest.windows import SentHistory
from core.conversations.schemas import MessageSpeaker, NewConversation, NewMessage
from core.ingest.rows import MOST_STEPS
from core.providers.queries.token_prices import BatchRates

LONGEST_NS = 24 * 3600 * 1_000_000_000


def conversations_of(
    taken: list[MappedSpan],
) -> tuple[list[NewConversation], dict[str, list[SentHistory]]]:
    """Return the conversations of requests and the histories in each, and set the message that
    answered each request.
    """
    found: dict[str, NewConversation] = {}
    messages: dict[str, dict[str, NewMessage]] = {}
    histories: dict[str, list[SentHistory]] = {}
    rates = BatchRates()
    for each in sorted(taken, key=_began_ns):
        id_, exchange = each.request.conversation_id, each.exchange
        if id_ is None or exchange is None:
            continue
        _add_messages(messages.setdefault(id_, {}), each, exchange, rates)
        histories.setdefault(id_, []).append(_history(exchange))
        found[id_] = _conversation(id_, each.request, found.get(id_))
    for id_, conversation in found.items():
        conversation.messages = list(messages[id_].values())
    return list(found.values()), histories


def _began_ns(taken: MappedSpan) -> int:
    return taken.span.start_ns


def _history(exchange: Exchange) -> SentHistory:
    named = zip(exchange.names[0], exchange.asked, strict=True)
    asked = [name for name, said in named if said.role != MessageSpeaker.SYSTEM]
    return SentHistory(asked, exchange.names[1])


def _conversation(id_: str, request: NewRequest, before: NewConversation | None) -> NewConversation:
    """Return a conversation as its latest request has it."""
    return NewConversation(
        id=id_,
        user_id=request.user_id or (before.user_id if before else None),
        environment=request.environment,
        app=request.app,
        release=request.release,
        created_at=before.created_at if before else request.created_at,
        updated_at=request.created_at,
    )


def _add_messages(
    messages: dict[str, NewMessage], taken: MappedSpan, exchange: Exchange, rates: BatchRates
) -> None:
    names, answers = exchange.names
    for place, (name, said) in enumerate(zip(names, exchange.asked, strict=True)):
        if name not in messages:
            messages[name] = _message(name, said, taken.span.start_ns, place)
    # Later histories repeat an answer, but only its own span says when it was given
    for name, said in zip(answers, exchange.answered, strict=True):
        messages[name] = _message(name, said, _answered_ns(taken.span), len(names))
    if answers:
        taken.request.message_id = answers[0]
        _add_facts(messages[answers[0]], taken.request, rates)


def _answered_ns(span: Span) -> int:
    # An end before the start, or a day after it, comes from a wrong clock
    return span.end_ns if 0 <= span.end_ns - span.start_ns <= LONGEST_NS else span.start_ns


def _message(name: str, said: SpanMessage, at_ns: int, place: int) -> NewMessage:
    return NewMessage(
        id=name,
        role=MessageSpeaker(said.role),
        created_at=moment(at_ns),
        content=said.text,
        position=place,
        tool_calls=said.tool_calls[:MOST_STEPS] or None,
        metadata={"tool_call_id": said.answers} if said.answers else None,
    )


def _add_facts(answer: NewMessage, request: NewRequest, rates: BatchRates) -> None:
    """Add the facts of the request that produced an answer."""
    cost, _, _ = cost_of(request, request.provider or "", rates)
    answer.model = request.model
    tokens = request.total_tokens or (request.input_tokens or 0) + (request.output_tokens or 0)
    answer.tokens = min(tokens, LARGEST) or None
    answer.cost_usd = Decimal(cost).scaleb(-8) if cost is not None else None
    answer.latency_ms = request.total_latency_ms
    answer.first_token_ms = request.first_token_ms
    answer.error = request.error_message
    answer.prompt_name, answer.prompt_version = request.prompt_name, request.prompt_version
