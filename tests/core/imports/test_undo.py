"""The undo of an import leaves the tables as if it had never been, whatever others have sent before, between and after."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core.ids import new_id
from core.imports.undo import undo
from core.system import verify
from tests.factories.history import days_ago
from tests.factories.imports import KINDS, differences, dump, send, stamp

pytestmark = pytest.mark.usefixtures("database")


def row(kind: str, number: int, *, days: float = 3.0, by: str = "") -> dict[str, Any]:
    """Return a row of a kind; users and sessions are few, so that different senders' rows meet."""
    at = days_ago(days) + timedelta(minutes=7 * number)
    when, name = stamp(at), f"{by}{number}"
    steps = ("onboarding.register_start", "onboarding.register_complete", "onboarding.login_success", "page.view")
    match kind:
        case "event":
            named = {"user_id": f"u{number % 4}"} if number % 3 else {}
            session = {"session_id": f"s{number % 5}"}
            return {"id": name, "event_type": steps[number % 4], "created_at": when, **named, **session}
        case "request":
            tools = [{"name": "search", "duration_ms": 10 * number}] if number % 2 else None
            return {
                "id": name,
                "model": f"m{number % 2}",
                "provider": "openai",
                "user_id": f"u{number % 4}",
                "created_at": when,
                "total_latency_ms": 100 * number,
                "first_token_ms": 10,
                "input_tokens": number,
                "tool_calls": tools,
            }
        case "user":
            return {"id": f"u{number % 4}", "email": f"{name}@x", "traits": {f"t{number % 3}": name}, "created_at": when}
        case "conversation":
            messages = [
                {
                    "id": f"m{by}{number}.{each}",
                    "role": "user",
                    "content": f"text {name}",
                    "created_at": stamp(at + timedelta(hours=each)),
                    "tokens": 3,
                }
                for each in range(number % 3)
            ]
            return {
                "id": f"c{number % 4}",
                "user_id": f"u{number % 4}",
                "title": f"title {name}",
                "messages": messages,
                "created_at": when,
                "updated_at": when,
            }
        case "batch_run":
            return {
                "batch_run_id": f"r{number % 3}",
                "status": "running",
                "started_at": when,
                "updated_at": when,
                "completed_jobs": number,
                "phase_durations": {f"p{number % 2}": number},
            }
        case "feedback":
            return {
                "id": f"f{number % 4}",
                "rating": 1 + number % 5,
                "scale": "five",
                "conversation_id": f"c{number % 4}",
                "created_at": when,
            }
        case "document":
            return {"id": f"d{number % 3}", "title": name, "content": f"text {name}", "created_at": when, "updated_at": when}
        case _:
            return {"id": f"k{number % 3}", "content": f"text {name}", "user_id": "u1", "created_at": when, "updated_at": when}


def rows(kind: str, numbers: range, **more: Any) -> list[dict[str, Any]]:
    return [row(kind, number, **more) for number in numbers]


def nothing_left(before: dict[str, list[str]]) -> None:
    assert differences(before, dump()) == ""
    assert [(check.table, check.examples) for check in verify.verify() if check.differences] == []


@pytest.fixture
def ours() -> UUID:
    """Return the id of the import that is undone."""
    return new_id()


@pytest.mark.parametrize("kind", KINDS)
def test_an_import_into_empty_tables_leaves_nothing(kind: str, ours: UUID) -> None:
    before = dump()
    send(kind, *rows(kind, range(12)), import_id=ours)
    assert differences(before, dump()) != ""
    assert undo(ours).total > 0
    nothing_left(before)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_there_before_is_as_it_was(kind: str, ours: UUID) -> None:
    for each in KINDS:
        send(each, *rows(each, range(8)))
    before = dump()
    send(kind, *rows(kind, range(4, 16), by="i"), import_id=ours)
    send(kind, *rows(kind, range(14, 20), by="i"), import_id=ours)
    undo(ours)
    nothing_left(before)


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_later_stays_as_if_the_import_had_never_been(kind: str, ours: UUID) -> None:
    for each in KINDS:
        send(each, *rows(each, range(4)))
    send(kind, *rows(kind, range(4, 16), by="i"), import_id=ours)
    for each in KINDS:
        send(each, *rows(each, range(16, 24)))
    undo(ours)
    with_it = dump()
    empty_everything()
    for numbers in (range(4), range(16, 24)):
        for each in KINDS:
            send(each, *rows(each, numbers))
    assert differences(dump(), with_it) == ""


def empty_everything() -> None:
    from sqlalchemy import text

    from core.db import engines
    from tests.conftest import EMPTIED

    for engine in (engines().core, engines().ai):
        with engine.begin() as connection:
            connection.execute(text(EMPTIED))
