"""A small body can decode to very many objects: values are counted before it is decoded."""

import pytest

from core.ingest.json_limits import MOST_VALUES, STRING
from core.ingest.json_objects import MAX_JSON_DEPTH
from tests.api.conftest import Client
from tests.factories.identity import person

JSON = {"Content-Type": "application/json"}
DOCUMENTS = [
    "/prompts/execute",
    "/prompts/execute/stream",
    "/admin/playground/chat",
    "/admin/accounts",
    "/admin/auth/login",
]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_body_of_too_many_values_is_refused_before_it_is_read(client: Client, path: str) -> None:
    body = b'{"messages": [' + b"{}," * MOST_VALUES + b"{}]}"
    answer = client(person()).post(path, content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) in [
        (422, "validation_failed"),
        (413, "too_large"),
    ]
    assert "errors" not in answer.json()  # nothing was looked at one by one


def test_a_long_body_nested_too_deeply_is_refused(client: Client) -> None:
    # 20 MB of {} became 16 GB
    body = (
        b'{"prompt": "'
        + b"x" * MOST_VALUES
        + b'", "context": '
        + b"[" * 10 * MAX_JSON_DEPTH
        + b"]" * 10 * MAX_JSON_DEPTH
        + b"}"
    )
    answer = client(person()).post("/prompts/execute", content=body, headers=JSON)
    assert (answer.status_code, "nested deeper" in answer.json()["detail"]) == (422, True)


def test_long_texts_with_brackets_in_them_are_taken(client: Client) -> None:
    body = b'{"model_id": "fake:echo", "prompt": "' + b'[{,\\"' * 100_000 + b'"}'
    assert client(person()).post("/prompts/execute", content=body, headers=JSON).status_code == 200


def test_of_very_many_wrong_fields_the_first_are_named(client: Client) -> None:
    answer = client(person()).post("/prompts/execute", json={"messages": [{}] * 1000})
    assert (answer.status_code, len(answer.json()["errors"])) == (422, 100)


def test_a_text_that_never_ends_is_passed_over_in_one_step() -> None:
    # Else each quote in it would be the begin of another look through all that follows: a minute
    # for 100 KB.
    assert STRING.subn(b"", b'"' + b'\\"' * 1000) == (b"", 1)
