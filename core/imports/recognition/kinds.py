"""Which kind of row the columns of a file are."""

from statistics import median

from core.imports.fields import words
from core.imports.parsed import RowKind
from core.imports.recognition import names
from core.imports.recognition.inference import LONG_TEXT, fields_of, time_columns
from core.imports.recognition.samples import Samples

REQUEST_FIGURES = {
    "total_latency_ms",
    "first_token_ms",
    "cost_usd",
    "status",
    "total_tokens",
    "finish_reason",
}
USER_COLUMNS = {
    *words("username signup_date signed_up_at signup_at date_joined joined_at last_login")
}
OF_USERS = {"user_id", "session_id", "conversation_id"}
JOB_COLUMNS = {
    *words(
        "job job_name batch_job workflow workflow_name pipeline pipeline_name dag_id run_id "
        "batch_run_id task task_name"
    ),
    *words("total_jobs failed_jobs conclusion name build_id"),
}

SCORE_NAMES = {"score_name", "evaluator_name"}
# As ingest/memories and the lists of Attune name them
OF_MEMORIES = {"content", "kind", "confidence"}
SUBJECTS_OF_SCORES = {"message_id", "conversation_id", "ai_request_id"}


def kind_of(samples: Samples) -> RowKind | None:
    """Return the kind of the rows of a table; None where nothing speaks for any."""
    found = {names.plain(path) for path in samples} | {
        names.plain(path.rpartition(".")[2]) for path in samples
    }
    has = {kind: set(fields_of(samples, kind)) for kind in RowKind}
    is_job = bool(found & JOB_COLUMNS) and not found & OF_USERS
    requests, runs, times = (
        has[RowKind.AI_REQUESTS],
        has[RowKind.BATCH_RUNS],
        bool(time_columns(samples, set())),
    )
    if requests & {"input_tokens", "output_tokens"} or (
        "model" in requests and requests & REQUEST_FIGURES
    ):
        return RowKind.AI_REQUESTS
    # Events and calls of tools have a name, a status and a duration, too
    ends = {"completed_at", "total_jobs", "failed_jobs"} | (
        {"duration_ms"}
        if found & JOB_COLUMNS - {"name"} and not found & names.EVENT_WORDS
        else set()
    )
    if is_job and {"started_at", "status"} <= runs and runs & ends:
        return RowKind.BATCH_RUNS
    if "batch_run_id" in found and "started_at" in runs:
        return RowKind.BATCH_RUNS
    if _are_scores(samples, found, has[RowKind.SCORES]):
        return RowKind.SCORES
    if found & names.RATING_WORDS and has[RowKind.FEEDBACK] & {
        "message_id",
        "conversation_id",
        "user_id",
        "comment",
    }:
        return RowKind.FEEDBACK
    is_memory = bool(found & names.MEMORY_WORDS) or found >= OF_MEMORIES
    if is_memory and "content" in has[RowKind.MEMORIES]:
        return RowKind.MEMORIES
    if times and found & names.EVENT_WORDS:
        return RowKind.EVENTS
    if _is_article(samples, has[RowKind.DOCUMENTS]):
        return RowKind.DOCUMENTS
    if "email" in has[RowKind.USERS] or (
        has[RowKind.USERS] >= {"id", "display_name"} and found & USER_COLUMNS
    ):
        return RowKind.USERS
    return RowKind.EVENTS if "created_at" in has[RowKind.EVENTS] else None


def _are_scores(samples: Samples, found: set[str], fields: set[str]) -> bool:
    if found & SCORE_NAMES or {"name", "string_value"} <= found:
        return bool(fields & SUBJECTS_OF_SCORES)
    # Only as ingest/scores has them: a session's name and value may be an event's
    own = {names.plain(path) for path in samples}
    is_named = "name" in own and own & {"value", "label"} and own & SUBJECTS_OF_SCORES
    return bool(is_named) and not found & names.EVENT_WORDS


def _is_article(samples: Samples, fields: set[str]) -> bool:
    path = next(
        (
            path
            for path in samples
            if names.plain(path) in names.NAMES[RowKind.DOCUMENTS]["content"]
        ),
        None,
    )
    if path is None or "title" not in fields:
        return False
    texts = [value for value in samples[path] if isinstance(value, str) and value]
    return bool(texts) and median(len(value) for value in texts) >= LONG_TEXT
