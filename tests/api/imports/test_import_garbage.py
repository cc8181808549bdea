"""Files of garbage and strange ones over HTTP: words that help, nothing stored of them; or every
row as the file has it.
"""

import csv
import io
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import text

from core.database.db import Database, transaction
from core.imports import uploads
from tests.api.imports.calls import do_what_is_due, upload
from tests.factories.imports import differences, dump
from tests.imports.unreadable import UNREADABLE, bomb

HEADER = ["id", "created_at", "event_type", "note"]
NOTES = [
    'She said "no", twice',
    "two\nlines\r\nor three",
    "a,b;c\td",
    "",
    "''",
    '"',
    "żółć 日本語 🎈",
]


def rows_of(notes: list[str]) -> list[list[str]]:
    return [
        [f"e{number}", "2026-11-03T05:06:07Z", "page.view", note]
        for number, note in enumerate(notes)
    ]


def table(rows: list[list[str]]) -> str:
    held = io.StringIO()
    csv.writer(held).writerows(rows)
    return held.getvalue()


def brought(me: httpx2.Client, content: bytes) -> list[dict[str, Any]]:
    """Import a file, which stores nothing before it is started, and return what its events carry
    besides.
    """
    before = dump()
    id_ = upload(me, content)["id"]
    me.post(f"/imports/{id_}/dry-run").raise_for_status()
    do_what_is_due(id_)
    assert (
        differences(before | {"attune_core.imports": []}, dump() | {"attune_core.imports": []})
        == ""
    )
    me.post(f"/imports/{id_}/start").raise_for_status()
    do_what_is_due(id_)
    found = me.get(f"/imports/{id_}").json()
    assert (found["status"], found["problems"]) == ("completed", [])
    with transaction() as session:
        return list(
            session.scalars(
                text(
                    "select coalesce(event_data, '{}') from user_activity_events order by "
                    "external_id"
                )
            )
        )


AT_ONCE = [
    (content, words) for content, words in UNREADABLE if content and "size" not in words
]  # those that their beginning tells


@pytest.mark.parametrize(("content", "words"), AT_ONCE, ids=[words for _, words in AT_ONCE])
def test_what_nothing_can_read_has_failed_with_words_and_nothing_is_left(
    me: httpx2.Client, content: bytes, words: str
) -> None:
    before = dump()
    found = upload(me, content)
    assert (found["status"], found["has_file"], found["counts"]) == ("failed", False, {})
    assert words in found["error"]
    assert [
        me.post(f"/imports/{found['id']}/{verb}").status_code
        for verb in ("start", "dry-run", "cancel")
    ] == [409] * 3
    assert not uploads.path_of(UUID(found["id"])).exists()
    assert (
        differences(before | {"attune_core.imports": []}, dump() | {"attune_core.imports": []})
        == ""
    )


@pytest.mark.parametrize("verb", ["dry-run", "start"])
def test_a_bomb_is_told_when_it_is_read_and_nothing_is_left(me: httpx2.Client, verb: str) -> None:
    before = dump()
    id_ = upload(me, bomb())["id"]
    me.post(f"/imports/{id_}/{verb}").raise_for_status()
    do_what_is_due(id_)
    found = me.get(f"/imports/{id_}").json()
    assert (found["status"], found["counts"], "200 times its size" in found["error"]) == (
        "failed",
        {},
        True,
    )
    me.delete(f"/imports/{id_}").raise_for_status()
    assert not uploads.path_of(UUID(id_)).exists()
    assert (
        differences(before | {"attune_core.imports": []}, dump() | {"attune_core.imports": []})
        == ""
    )


def test_three_thousand_columns_are_shown_tried_and_kept(me: httpx2.Client) -> None:
    names = [f"c{number}" for number in range(3000)]
    row = ["e1", "2026-11-03T05:06:07Z", "page.view", "", *(str(number) for number in range(3000))]
    content = table([[*HEADER, *names], row, ["e2", *row[1:]]]).encode()
    found = upload(me, content)
    assert len(found["recognition"]["columns"]) == 3000
    kept = brought(me, content)
    assert [len(set(each) & set(names)) for each in kept] == [3000, 3000]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_cells_with_quotes_newlines_and_every_letter_come_in_as_they_are(
    me: httpx2.Client, encoding: str
) -> None:
    kept = brought(me, table([HEADER, *rows_of(NOTES)]).encode(encoding))
    assert [each.get("note", "") for each in kept] == NOTES


def test_a_file_of_mixed_encodings_keeps_all_letters(me: httpx2.Client) -> None:
    first, second = (
        table([HEADER, *rows_of(["Zoë"])]),
        table([["e1", "2026-11-03T05:06:07Z", "page.view", "Zoë"]]),
    )
    assert [each["note"] for each in brought(me, first.encode() + second.encode("cp1252"))] == [
        "Zoë",
        "Zoë",
    ]


def test_a_file_of_another_kind_is_told_and_not_taken_for_rows(me: httpx2.Client) -> None:
    found = upload(
        me,
        (
            b'"act","prompt"\n"Linux Terminal","I want you to act as a linux '
            b'terminal."\n"Poet","Write poems."\n'
        ),
    )
    assert "not supported yet" in found["recognition"]["not_yet"]
    answer = me.post(f"/imports/{found['id']}/start")
    assert (answer.status_code, answer.json()["detail"]) == (422, found["recognition"]["not_yet"])
    with transaction(Database.AI) as session:
        assert session.scalar(text("select count(*) from ai_kb_documents")) == 0
