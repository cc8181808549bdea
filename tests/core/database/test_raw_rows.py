"""Raw rows may lie on several servers: a statement takes values to them, and looks none of them up
for a row of another table.
"""

import re
from collections.abc import Iterator

import pytest

from core.platform.config import ROOT

RAW = r"\b(?:user_activity_events|ai_request_metrics)\w*"
# What holds a row, where it lies, how large the table is, what the session was told: another server
# does not know it.
FORBIDDEN = re.compile(
    (
        r"\b(for (no key )?update|for "
        r"share|ctid|tableoid|pg_relation_size|current_setting)\b|exists \(select from "
    )
    + RAW
)
CORRELATED = re.compile(r"\w+\.\w+\s*=\s*\w+\.\w+")


def offences(statement: str) -> Iterator[str]:
    """Yield what a statement that reads raw rows must not do with them."""
    sql = re.sub(r"--[^\n]*|'[^']*'", "", statement).lower()
    if re.search(RAW, sql):
        yield from (found[0] for found in FORBIDDEN.finditer(sql))
        for word, block in blocks(sql):
            if re.search(RAW, block) and (
                word == "lateral" or (word == "exists" and CORRELATED.search(block))
            ):
                yield f"{word} ({block})"


def blocks(sql: str) -> Iterator[tuple[str, str]]:
    """Yield what stands between parentheses, and the word before each."""
    begun = []
    for token in re.finditer(r"(\w*)\s*\(|\)", sql):
        if token[0] != ")":
            begun.append((token[1], token.end()))
        elif begun:
            word, start = begun.pop()
            yield word, sql[start : token.start()]


@pytest.mark.parametrize(
    "statement",
    [
        "select id from ai_request_metrics for update",
        (
            "select * from users cross join lateral (select id from user_activity_events where "
            "user_id = users.id) as each"
        ),
        (
            "select id from users where exists (select 1 from user_activity_events as event where "
            "event.user_id = users.id)"
        ),
        "select exists (select from ai_request_metrics)",
    ],
)
def test_each_way_to_look_raw_rows_up_one_by_one_is_found(statement: str) -> None:
    assert list(offences(statement))


def test_no_statement_in_a_file_looks_raw_rows_up_one_by_one() -> None:
    files = list((ROOT / "core").rglob("*.sql"))
    assert files
    assert not {file.name: found for file in files if (found := list(offences(file.read_text())))}
