"""Output files of OpenAI's Batch API: a request a line, with its response or its error."""

from typing import Any

from core.imports.parsed import RowKind
from core.imports.recognition.recognize import recognize
from tests.imports.files import Folder, by_kind, errors_of, rows_of

AT = "2026-07-25T17:20:00+00:00"
BODY = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1785000000,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello.", "refusal": None},
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 22,
        "completion_tokens": 2,
        "total_tokens": 24,
        "prompt_tokens_details": {"cached_tokens": 10},
    },
}
LIMITED = {"error": {"message": "Rate limit reached", "type": "requests", "code": "rate_limited"}}
EXPIRED = {"code": "batch_expired", "message": "The completion window expired."}


def record(number: int, body: dict[str, Any], status_code: int = 200) -> dict[str, Any]:
    response = {"status_code": status_code, "request_id": f"req_{number}", "body": body}
    return {
        "id": f"batch_req_{number}",
        "custom_id": f"request-{number}",
        "response": response,
        "error": None,
    }


FAILED = record(3, {}) | {"response": None, "error": EXPIRED}


def test_a_response_becomes_a_request_and_a_conversation_with_its_answer(folder: Folder) -> None:
    path = folder.lines(record(1, BODY))

    assert recognize(path).title == "OpenAI batch output"
    found = by_kind(path)
    (request,) = found[RowKind.AI_REQUESTS]
    assert request == {
        "id": "batch_req_1",
        "created_at": AT,
        "model": "gpt-4o-mini-2024-07-18",
        "provider": "openai",
        "input_tokens": 22,
        "output_tokens": 2,
        "total_tokens": 24,
        "cached_tokens": 10,
        "finish_reason": "stop",
        "conversation_id": "batch_req_1",
        "message_id": "0",
        "extra": {"custom_id": "request-1"},
    }
    (conversation,) = found[RowKind.CONVERSATIONS]
    (message,) = conversation["messages"]
    assert (message["id"], message["content"], message["model"], message["created_at"]) == (
        "0",
        "Hello.",
        "gpt-4o-mini-2024-07-18",
        AT,
    )


def test_failed_requests_become_errors_at_the_time_of_the_batch(folder: Folder) -> None:
    path = folder.lines(FAILED, record(1, BODY), record(2, LIMITED, 429))

    found = by_kind(path)
    errors = [each for each in found[RowKind.AI_REQUESTS] if "status" in each]
    assert [(each["status"], each["error_type"], each["error_message"]) for each in errors] == [
        ("error", "batch_expired", "The completion window expired."),
        ("error", "rate_limited", "Rate limit reached"),
    ]
    assert {each["created_at"][:19] for each in errors} == {AT[:19]}
    assert len(found[RowKind.CONVERSATIONS]) == 1


def test_an_answer_of_the_responses_endpoint_keeps_its_text_and_tokens(folder: Folder) -> None:
    said = {"type": "message", "content": [{"type": "output_text", "text": "Hi."}]}
    usage = {"input_tokens": 5, "output_tokens": 7}
    body = {"created_at": 1785000000, "model": "gpt-4.1", "output": [said], "usage": usage}

    found = by_kind(folder.lines(record(1, body)))
    (request,), (conversation,) = found[RowKind.AI_REQUESTS], found[RowKind.CONVERSATIONS]
    assert (request["input_tokens"], request["output_tokens"]) == (5, 7)
    assert conversation["messages"][0]["content"] == "Hi."


def test_embeddings_become_requests_alone(folder: Folder) -> None:
    usage = {"prompt_tokens": 5, "total_tokens": 5}
    body = {"data": [{"embedding": [0.5]}], "model": "text-embedding-3-small", "usage": usage}

    (request,) = rows_of(folder.lines(record(1, body)))
    assert request["model"] == "text-embedding-3-small"
    assert "conversation_id" not in request


def test_a_line_of_another_form_is_refused_alone(folder: Folder) -> None:
    path = folder.lines(record(1, BODY), {"custom_id": "a"})
    assert errors_of(path) == [(2, 2, "a line needs custom_id, response and error")]


def test_a_response_with_an_unreadable_time_is_refused_alone(folder: Folder) -> None:
    path = folder.lines(record(1, BODY | {"created": "soon"}), record(2, BODY))
    ((position, _, error),) = errors_of(path)
    assert (position, "soon" in (error or "")) == (1, True)
