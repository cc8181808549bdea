"""The prompt and the experiment's arm of AI requests and messages, as senders name them."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.embedded.postgres import Postgres
from tests.api.conftest import caller
from tests.factories.conversations import column, message
from tests.factories.keys import api_key, bearing

COLUMNS = "prompt_name, prompt_version, prompt_label, experiment_key, experiment_arm"
NOTHING = (None,) * 5


@pytest.fixture
def program(address: str, database: Postgres) -> Iterator[httpx2.Client]:
    with caller(f"{address}/api/v1/ingest", bearing(api_key())) as client:
        yield client


def stored(program: httpx2.Client, **fields: Any) -> tuple[tuple[Any, ...], Any]:  # noqa: ANN401
    answer = program.post("/ai-requests", json={"model": "a", **fields}).json()
    assert answer["rejected"] == []
    with transaction() as session:
        row = session.execute(text(f"select {COLUMNS}, attributes from ai_request_metrics")).one()
    return tuple(row[:5]), row[5]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"prompt": {"name": "support", "version": "7"}}, ("support", "7", None, None, None)),
        ({"prompt": {"name": "support", "version": 7}}, ("support", "7", None, None, None)),
        (
            {"prompt": {"name": "support", "label": "production"}},
            ("support", None, "production", None, None),
        ),
        ({"prompt": {"name": "support"}}, ("support", None, None, None, None)),
        ({"experiment": {"key": "tone", "arm": "b"}}, (None, None, None, "tone", "b")),
        (
            {"prompt_name": "support", "prompt_version": 1.5, "experiment_arm": "b"},
            ("support", "1.5", None, None, "b"),
        ),
        ({}, NOTHING),
    ],
)
def test_a_request_keeps_the_prompt_and_the_arm_that_its_sender_names(
    program: httpx2.Client, fields: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert stored(program, **fields) == (expected, None)


def test_a_request_keeps_the_id_of_its_prompt_version(program: httpx2.Client) -> None:
    id_ = "018f3b1c-7c00-7000-8000-000000000000"
    program.post("/ai-requests", json={"model": "a", "prompt_version_id": id_})
    with transaction() as session:
        kept = session.scalar(text("select prompt_version_id::text from ai_request_metrics"))
    assert kept == id_


def test_a_prompt_version_id_that_is_no_uuid_is_rejected(program: httpx2.Client) -> None:
    # The column is a UUID; left out in silence, it was null for all
    answer = program.post("/ai-requests", json={"model": "a", "prompt_version_id": "support@7"})
    assert answer.json()["rejected"] == [{"index": 0, "error": "prompt_version_id: Invalid UUID"}]


def test_what_has_no_column_is_kept_with_the_unknown_fields(program: httpx2.Client) -> None:
    columns, rest = stored(
        program,
        prompt={"name": "support", "version": "7", "hash": "ab"},
        experiment={"key": "tone", "arm": "b", "bucket": 3},
        odd=1,
    )
    assert columns == ("support", "7", None, "tone", "b")
    assert rest == {"prompt": {"hash": "ab"}, "experiment": {"bucket": 3}, "odd": 1}


def test_the_words_of_a_prompt_are_kept_and_name_none(program: httpx2.Client) -> None:
    assert stored(program, prompt="You are kind.") == (NOTHING, {"prompt": "You are kind."})


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"prompt": {"version": "7"}}, "prompt: Object missing required field `name`"),
        ({"prompt": {"name": ""}}, "prompt.name: Expected `str` of length >= 1"),
        ({"prompt": {"name": "x" * 129}}, "prompt.name: Expected `str` of length <= 128"),
        (
            {"prompt": {"name": "x", "version": "7" * 129}},
            "prompt.version: Expected `str` of length <= 128",
        ),
        ({"prompt": 7}, "prompt: Expected `str | object | null`, got `int`"),
        ({"experiment": {"key": "tone"}}, "experiment: Object missing required field `arm`"),
        ({"experiment": ["tone"]}, "experiment: Expected `str | object | null`, got `array`"),
    ],
)
def test_a_malformed_reference_is_rejected_with_its_reason(
    program: httpx2.Client, fields: dict[str, Any], error: str
) -> None:
    bad, good = {"model": "a", **fields}, {"model": "a"}
    answer = program.post("/ai-requests", json={"items": [bad, good]}).json()
    assert answer == {"accepted": 1, "duplicates": 0, "rejected": [{"index": 0, "error": error}]}
    talk = {"id": "c", "messages": [message(1, **fields)]}
    [rejected] = program.post("/conversations", json=talk).json()["rejected"]
    assert rejected["error"] == f"messages[0].{error}"


def test_messages_name_prompts_and_arms_and_their_conversation_lists_them(
    program: httpx2.Client,
) -> None:
    tone = {"key": "tone", "arm": "b"}
    messages = [
        message(0),
        message(1, prompt={"name": "support", "version": "7"}, experiment=tone),
        message(3, prompt={"name": "support", "label": "latest"}, experiment=tone),
    ]
    program.post("/conversations", json={"id": "c", "messages": messages})
    assert column("prompt_version") == [None, "7", None]
    assert column("prompt_label") == [None, None, "latest"]
    assert column("experiment_arm") == [None, "b", "b"]
    assert column("prompt_versions", "conversations", by="id") == [["support@7", "support@latest"]]
    assert column("experiment_arms", "conversations", by="id") == [["tone:b"]]


def test_a_message_that_comes_again_changes_its_prompt_only_as_a_whole(
    program: httpx2.Client,
) -> None:
    first = message(1, prompt={"name": "support", "version": "7"})
    for again in ({}, {"prompt": {"name": "billing", "label": "latest"}}, {}):
        for each in (first, message(1, **again)):
            program.post("/conversations", json={"id": "c", "messages": [each]})
        names = [column(f"prompt_{name}") for name in ("name", "version", "label")]
        expected = ["billing", None, "latest"] if again else ["support", "7", None]
        assert names == [[each] for each in expected]


def test_a_prompt_version_is_noted_once_at_its_earliest_time(program: httpx2.Client) -> None:
    for day in ("2026-11-03", "2026-11-02", "2026-11-04"):
        row = {"model": "a", "created_at": f"{day}T00:00:00Z", "id": day}
        program.post("/ai-requests", json=row | {"prompt": {"name": "support", "version": "7"}})
    with transaction() as session:
        seen = "select dimension, value, first_seen_at::date::text from dimension_values"
        assert session.execute(text(seen)).all() == [("prompt_version", "support@7", "2026-11-02")]
