"""The fields of each kind that a file may fill, in the order in which a page shows them, and as
what each is read (text if not named). `mapping.ValueType` lists the types.
"""

from core.imports.parsed import RowKind
from core.ingest.prompts import REFERENCES


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text: a long list is easier to read so."""
    return tuple(text.split())


def _fields(text: str) -> dict[str, str]:
    named = (word.partition(":") for word in words(text))
    return {name: type_ or "text" for name, _, type_ in named}


FIELDS: dict[RowKind, dict[str, str]] = {
    RowKind.EVENTS: _fields(
        "id created_at:time event_type event_category user_id session_id error_code error_message "
        "ip_address user_agent event_data:object environment app release"
    ),
    RowKind.AI_REQUESTS: _fields(
        "id created_at:time model provider operation conversation_id message_id user_id "
        "input_tokens:count output_tokens:count cached_tokens:count cache_write_tokens:count "
        "reasoning_tokens:count total_tokens:count first_token_ms:duration "
        "total_latency_ms:duration status:status error_type error_message finish_reason "
        "cost_usd:money tool_calls_count:count tool_calls:objects steps:objects prompt_name "
        "prompt_version prompt_label experiment_key experiment_arm environment app release"
    ),
    RowKind.CONVERSATIONS: _fields(
        "id created_at:time updated_at:time user_id session_type title status:status "
        "context:object environment app release"
    ),
    RowKind.FEEDBACK: _fields(
        "id created_at:time rating:rating scale:status message_id conversation_id user_id comment "
        "edited_text environment app"
    ),
    RowKind.BATCH_RUNS: _fields(
        "batch_run_id batch_job started_at:time completed_at:time updated_at:time "
        "duration_ms:duration status:status triggered_by total_jobs:count completed_jobs:count "
        "failed_jobs:count phase_durations:object error_summary:text_or_object environment app"
    ),
    RowKind.DOCUMENTS: _fields(
        "id created_at:time updated_at:time title content scope tags:list source "
        "status:status metadata:object"
    ),
    RowKind.MEMORIES: _fields(
        "id created_at:time updated_at:time user_id content kind:status scope confidence:number "
        "conversation_id source_message_id metadata:object"
    ),
    RowKind.USERS: _fields("id created_at:time updated_at:time email display_name traits:object"),
    RowKind.SCORES: _fields(
        "id created_at:time name value:number label message_id conversation_id ai_request_id "
        "user_id comment evaluator evaluator_version source:status cost_usd:money environment app "
        "release"
    ),
    RowKind.ANNOTATIONS: _fields(
        "id created_at:time message_id conversation_id annotation_type:status content "
        "suggested_response severity:status tags:list status:status author environment app"
    ),
}
# What a row cannot be without, beside its time.
NEEDED: dict[RowKind, tuple[str, ...]] = {
    RowKind.EVENTS: ("event_type",),
    RowKind.FEEDBACK: ("rating",),
    RowKind.BATCH_RUNS: ("started_at", "status"),
    RowKind.DOCUMENTS: ("content",),
    RowKind.MEMORIES: ("content",),
    RowKind.USERS: ("id",),
    RowKind.SCORES: ("name",),
    RowKind.ANNOTATIONS: ("message_id", "annotation_type"),
}
# Where what has no field of its own goes.
REST: dict[RowKind, str] = dict.fromkeys(RowKind, "extra") | {
    RowKind.EVENTS: "event_data",
    RowKind.CONVERSATIONS: "context",
    RowKind.DOCUMENTS: "metadata",
    RowKind.MEMORIES: "metadata",
    RowKind.USERS: "traits",
}
LONGEST = dict.fromkeys(REFERENCES, 128) | dict.fromkeys(
    words("title error_code ip_address source scope"), 500
)
LONGEST_TEXT = 1_000_000
