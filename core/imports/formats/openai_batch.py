"""What OpenAI's Batch API writes: a line for each request, with its response or its error.

`{id, custom_id, response: {status_code, request_id, body}, error: {code, message}}`; a body is what
the endpoint returns: a chat completion, a response, embeddings, or `{error: {message, type, code}}`
(platform.openai.com, "Batch API"). The requests are in a file of their own.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from core.imports.cells import timestamps, values
from core.imports.containers.files import Record
from core.imports.containers.paths import getter
from core.imports.formats import turns
from core.imports.mapping import Mapping, ValueUnit
from core.imports.parsed import ParsedRow, RowKind
from core.imports.row_makers import RecordRefused, Row, made_id
from core.platform.clock import EPOCH

COUNTS = {
    "input_tokens": ("usage.prompt_tokens", "usage.input_tokens"),
    "output_tokens": ("usage.completion_tokens", "usage.output_tokens"),
    "total_tokens": ("usage.total_tokens",),
    "cached_tokens": (
        "usage.prompt_tokens_details.cached_tokens",
        "usage.input_tokens_details.cached_tokens",
    ),
    "reasoning_tokens": (
        "usage.completion_tokens_details.reasoning_tokens",
        "usage.output_tokens_details.reasoning_tokens",
    ),
}
LONGEST_NAME = 200


def is_response(record: Row) -> bool:
    return (
        {"custom_id", "response", "error"} <= record.keys()
        and isinstance(record["response"], dict | None)
        and isinstance(record["error"], dict | None)
    )


def start_of(records: list[Row]) -> datetime | None:
    """Return the first time of some records: failed requests have none of their own."""
    found: list[datetime] = []
    for record in filter(is_response, records):
        with suppress(ValueError, OverflowError):  # said where the record is read
            if (at := _created_at(_body(record))) is not None:
                found.append(datetime.fromisoformat(at))
    return min(found, default=None)


def responses(records: Iterator[Record], mapping: Mapping) -> Iterator[ParsedRow]:
    """Yield an AI request for each record, and a conversation where it has an answer."""
    for position, line, record, wrong in records:
        try:
            if wrong is not None or not is_response(record):
                raise RecordRefused(wrong or "a line needs custom_id, response and error")
            made = _rows(record, position, mapping.start or EPOCH)
        except (ValueError, OverflowError) as refused:
            yield ParsedRow(position, line, mapping.kind, None, str(refused))
        else:
            yield from (ParsedRow(position, line, kind, row) for kind, row in made)


def _rows(record: Row, position: int, start: datetime) -> Iterator[tuple[RowKind, Row]]:
    body = _body(record)
    id_ = values.text(record.get("id") or made_id(record, position), 128)
    at = _created_at(body) or timestamps.iso(start + timedelta(milliseconds=position))
    model = values.text(body.get("model") or "unknown", LONGEST_NAME)
    request: Row = {"id": id_, "created_at": at, "model": model, "provider": "openai"}
    request |= _counts(body) | _outcome(record, body)
    request["extra"] = {"custom_id": values.text(record["custom_id"])}
    content, calls = _answer(body)
    if content is None and not calls:
        return iter([(RowKind.AI_REQUESTS, request)])
    message: Row = {
        "id": "0",
        "role": "assistant",
        "content": content or "",
        "created_at": at,
        "position": 0,
        "model": model,
    }
    if calls:
        message["tool_calls"] = calls
    conversation = {"id": id_, "created_at": at, "messages": [message]}
    request |= {"conversation_id": id_, "message_id": message["id"]}
    return iter([(RowKind.CONVERSATIONS, conversation), (RowKind.AI_REQUESTS, request)])


def _body(record: Row) -> Row:
    body = (record["response"] or {}).get("body")
    return body if isinstance(body, dict) else {}


def _created_at(body: Row) -> str | None:
    created = body.get("created", body.get("created_at"))
    if values.is_nothing(created):
        return None
    return str(timestamps.reader(ValueUnit.SECONDS, zone=None, start=None, zero=0)(created))


def _counts(body: Row) -> Row:
    found = (
        (name, next((told for path in paths if (told := getter(path)(body)) is not None), None))
        for name, paths in COUNTS.items()
    )
    return {name: values.count(told) for name, told in found if told is not None}


def _outcome(record: Row, body: Row) -> Row:
    failure = record["error"] or body.get("error")
    status_code = (record["response"] or {}).get("status_code", 200)
    if not failure and status_code == 200:
        choice = _first_choice(body)
        reason = choice.get("finish_reason")
        return {"finish_reason": values.text(reason, LONGEST_NAME)} if reason else {}
    told = failure if isinstance(failure, dict) else {"message": failure or ""}
    error_type = told.get("code") or told.get("type") or status_code
    return {
        "status": "error",
        "error_type": values.text(error_type, LONGEST_NAME),
        "error_message": values.text(told.get("message") or ""),
    }


def _first_choice(body: Row) -> Row:
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _answer(body: Row) -> tuple[str | None, list[dict[str, Any]]]:
    if isinstance(message := _first_choice(body).get("message"), dict):
        return turns.text_and_calls(message, "content")
    output = body.get("output")
    said = [each for each in output if isinstance(each, dict)] if isinstance(output, list) else []
    texts = [turns.text_and_calls(each, "content")[0] for each in said]
    return "\n".join(text for text in texts if text) or None, []
