"""Store messages: identified by their ids, ordered by time and then as sent."""

from uuid import UUID

import msgspec

from core.conversations.schemas import NewConversation, NewMessage
from core.database import import_traces
from core.database.staging import Connection, Stage
from core.ingest.intake import as_jsonb, key_of, message_name, staged_key

MESSAGES = Stage(
    "staged_messages",
    {
        "id": "uuid",
        "conversation_id": "uuid",
        "external_id": "text",
        "sequence": "int4",
        "role": "text",
        "content": "text",
        "model": "text",
        "tool_calls": "text",
        "tokens": "int4",
        "cost_usd": "numeric",
        "latency_ms": "int4",
        "first_token_ms": "int4",
        "error": "text",
        "metadata": "text",
        "created_at": "timestamptz",
        "import_id": "uuid",
    },
)

# What a message says nothing of is left as it is; the earliest time holds, and the latest place as sent.
TAKEN = ("role", "content")
KEPT = ("model", "tool_calls", "tokens", "cost_usd", "latency_ms", "first_token_ms", "error")
COLUMNS = """id, conversation_id, external_id, position, sequence, role, content, model, tool_calls, tokens, cost_usd, latency_ms,
    first_token_ms, error, metadata, created_at, import_id"""
VALUES = COLUMNS.replace("tool_calls", "tool_calls::jsonb").replace("metadata", "metadata::jsonb")
PLACE = "row_number() over (partition by conversation_id order by created_at, sequence, staged.id)"
INSERT_NEW = f"""
insert into messages ({COLUMNS})
select {VALUES} from (select staged.*, {PLACE} - 1 as position from staged_messages as staged) as placed
order by conversation_id, id"""  # noqa: S608  names of our own
INSERT = f"""
with placed as (
    select staged.*, present.last + {PLACE} as position
    from staged_messages as staged
    join (select id, coalesce((select max(position) from messages where conversation_id = c.id), -1) as last
        from (select distinct conversation_id as id from staged_messages offset 0) as c) as present
        on present.id = conversation_id
)
insert into messages as present ({COLUMNS})
select {VALUES} from placed order by conversation_id, id"""  # noqa: S608  names of our own
UPSERT = f"""{INSERT}
on conflict (id) do update set {", ".join(f"{name} = excluded.{name}" for name in TAKEN)},
    {", ".join(f"{name} = coalesce(excluded.{name}, present.{name})" for name in KEPT)},
    metadata = present.metadata || excluded.metadata, import_id = excluded.import_id,
    created_at = least(present.created_at, excluded.created_at), sequence = greatest(present.sequence, excluded.sequence)
where ({", ".join(f"present.{name}" for name in TAKEN)}) is distinct from ({", ".join(f"excluded.{name}" for name in TAKEN)})
    or {" or ".join(f"excluded.{name} is not null and excluded.{name} is distinct from present.{name}" for name in KEPT)}
    or not present.metadata @> excluded.metadata
    or excluded.created_at < present.created_at or excluded.sequence > present.sequence
returning conversation_id, external_id"""

ORDER = """
update messages set position = ordered.place from (
    select id, row_number() over (partition by conversation_id order by created_at, sequence, id) - 1 as place
    from messages where conversation_id = any(%(touched)s)
) as ordered where ordered.id = messages.id and messages.position <> ordered.place"""

COUNTED = """
select conversation_id, count(*) as messages, least(coalesce(sum(tokens), 0), 2147483647) as tokens,
    least(coalesce(sum(cost_usd), 0), 999999) as cost_usd, max(created_at) as last_at,
    coalesce(array_agg(distinct model order by model) filter (where model is not null), '{}') as named
from messages where conversation_id = any(%(touched)s) group by conversation_id"""
# What conversations know of this; of one without messages there is no such row.
COUNTS = """message_count = coalesce(messages, 0), total_tokens = coalesce(tokens, 0), total_cost_usd = coalesce(cost_usd, 0),
    models = coalesce(named, '{}')"""


Sent = tuple[int, NewConversation, NewMessage, int]
Staged = dict[tuple[str, str], Sent]  # by the names of the conversation and of the message


def stage(connection: Connection, conversations: list[NewConversation], import_id: UUID | None) -> Staged:
    """Bring the messages of conversations, whose rows are locked, to where they are stored from; return each once."""
    staged = _staged(conversations)
    if staged:
        MESSAGES.copy(connection, ((*_row(*each), import_id) for each in staged.values()))
        import_traces.taken_over(connection, import_id, "messages", MESSAGES)
    return staged


def store(connection: Connection, staged: Staged, *, made: set[UUID]) -> tuple[set[int], set[UUID]]:
    """Store what is staged; return which rows brought something new, and to which conversations.

    Of conversations that were `made` a moment ago no message is known: none need be looked for, and they are in order.
    """
    keys = {name: key_of("conversation", name) for name in {name for name, _ in staged}}
    if made.issuperset(keys.values()):
        if staged:
            connection.execute(INSERT_NEW.encode())
        return {number for number, *_ in staged.values()}, set(keys.values())
    names = {key: name for name, key in keys.items()}
    stored = [(names[key], name) for key, name in connection.execute(UPSERT.encode())]
    touched = {keys[conversation] for conversation, _ in stored}
    if grown_before := touched - made:
        connection.execute(ORDER, {"touched": list(grown_before)})
    return {staged[name][0] for name in stored}, touched


def _staged(conversations: list[NewConversation]) -> Staged:
    """Return each message once: the number of its row, the conversation, itself, and its place."""
    staged: Staged = {}
    for number, conversation in enumerate(conversations):
        for place, message in enumerate(conversation.messages):
            name = (conversation.id, message.id)
            new = (number, conversation, message, place if message.position is None else message.position)
            staged[name] = _merged(staged[name], new) if name in staged else new
    return staged


def _merged(old: Sent, new: Sent) -> Sent:
    """Return what two sends of a message say together, as if they had come one after the other."""
    before, after = old[2], new[2]
    kept = {name: getattr(before, name) for name in KEPT if getattr(after, name) is None}
    metadata = {**(before.metadata or {}), **(before.extra or {}), **(after.metadata or {}), **(after.extra or {})}
    at = min(before.created_at, after.created_at)
    message = msgspec.structs.replace(after, **kept, metadata=metadata, extra=None, created_at=at)
    return new[0], new[1], message, max(old[3], new[3])


def _row(_number: int, conversation: NewConversation, message: NewMessage, place: int) -> tuple[object, ...]:
    return (
        staged_key("message", message_name(conversation.id, message.id)),
        staged_key("conversation", conversation.id),
        message.id,
        place,
        message.role,
        message.content or "",
        message.model,
        as_jsonb(message.tool_calls),
        message.tokens,
        message.cost_usd,
        message.latency_ms,
        message.first_token_ms,
        message.error,
        as_jsonb({**(message.metadata or {}), **(message.extra or {})}) or "{}",
        message.created_at,
    )
