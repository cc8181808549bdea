"""Read annotations for an export by creation time, with message and the turns before it, and the
pairs of votes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, select, text, tuple_
from sqlalchemy.orm import Session

from core.annotations.exports.examples import Example, VotedPair
from core.annotations.exports.formats import FACTS, Format
from core.annotations.exports.transcripts import StoredTurn
from core.annotations.models import Annotation, PreferencePair
from core.annotations.queries.annotation_list import (
    conditions,
    is_blind,
    is_overruled,
)
from core.annotations.schemas import AnnotationFilter, AnnotationType
from core.database.db import Database, transaction
from core.database.paging import Cursor
from core.database.tables import table_of

AT_ONCE = 500
MOST_BEFORE = 100  # turns and characters: more than training programs accept in one example
LONGEST_BEFORE = 200_000
HOLDOUT_OF = 10  # one in ten conversations is held out

notes, pairs = table_of(Annotation), table_of(PreferencePair)

SAID = text("""
select messages.id, position, role, content, tool_calls, null as answers,
    coalesce(context -> 'tools', context -> 'functions') as tools
from messages join conversations on conversations.id = conversation_id
    where messages.id = any(:ids)""")
# System messages stay beyond both limits, because they hold the model's instructions
BEFORE = text("""
select wanted.id as about, array_agg(earlier.role order by earlier.position) as roles,
    array_agg(earlier.content order by earlier.position) as contents,
    array_agg(earlier.tool_calls order by earlier.position) as calls,
    array_agg(earlier.answers order by earlier.position) as answers
from messages as wanted
join lateral (
    select position, role, content, tool_calls, case
        when role = 'tool' then metadata ->> 'tool_call_id' end as answers,
        sum(length(content) + coalesce(length(tool_calls::text), 0))
            over (order by position desc) as characters
    from messages
    where conversation_id = wanted.conversation_id and position < wanted.position
        and (position >= wanted.position - :most or role = 'system')
) as earlier on earlier.characters <= :longest or earlier.role = 'system'
where wanted.id = any(:ids) group by wanted.id""")


class Split(StrEnum):
    """Training conversations, hold-out conversations, or all."""

    ALL = "all"
    TRAIN = "train"
    HOLDOUT = "holdout"


class Source(StrEnum):
    """Where pairs come from: annotations, votes on comparisons and replays, or both."""

    ALL = "all"
    ANNOTATIONS = "annotations"
    COMPARISONS = "comparisons"


def split_of(conversation_id: UUID) -> Split:
    """Return a conversation's split, which never changes."""
    number = int.from_bytes(sha256(b"holdout:" + conversation_id.bytes).digest()[:4])
    return Split.HOLDOUT if number % HOLDOUT_OF == 0 else Split.TRAIN


def read_all(filters: AnnotationFilter, split: Split, form: Format) -> Iterator[list[Example]]:
    """Yield batches of examples; no transaction is open while the client downloads."""
    after: Cursor | None = None
    while True:
        with transaction(Database.AI) as ai:
            rows = _rows(ai, filters, after)
        chosen = [
            row for row in rows if split is Split.ALL or split_of(row["conversation_id"]) is split
        ]
        with transaction() as core:
            examples = _examples(core, chosen, reads_before=form.reads_before)
        yield examples
        # Rows are counted, not examples: a full batch may have none of the split
        if len(rows) < AT_ONCE:
            return
        after = Cursor(rows[-1]["created_at"], rows[-1]["id"])


def read_pairs(filters: AnnotationFilter, split: Split) -> Iterator[list[VotedPair]]:
    """Yield batches of pairs; none when a filter is set that votes have no values for."""
    found = _conditions_on_pairs(filters)
    after: Cursor | None = None
    while found is not None:
        with transaction(Database.AI) as ai:
            rows = _pair_rows(ai, found, after)
        yield [
            VotedPair(row["prompt"], row["chosen"], row["rejected"], row["chosen_prompt"])
            for row in rows
            if split is Split.ALL or split_of(row["conversation_id"]) is split
        ]
        if len(rows) < AT_ONCE:
            return
        after = Cursor(rows[-1]["created_at"], rows[-1]["id"])


def _conditions_on_pairs(filters: AnnotationFilter) -> list[ColumnElement[bool]] | None:
    """Return the SQL conditions of a filter, None when no pair can match."""
    if replace(filters, author=None, start=None, end=None) != AnnotationFilter():
        return None
    found = []
    if filters.author is not None:
        found.append(pairs.c.voter == filters.author)
    if filters.start is not None:
        found.append(pairs.c.created_at >= filters.start)
    if filters.end is not None:
        found.append(pairs.c.created_at < filters.end)
    return found


def _pair_rows(
    ai: Session, found: list[ColumnElement[bool]], after: Cursor | None
) -> Sequence[RowMapping]:
    page = select(pairs).where(*found)
    if after is not None:
        page = page.where(tuple_(pairs.c.created_at, pairs.c.id) > (after.created_at, after.id))
    return ai.execute(page.order_by(pairs.c.created_at, pairs.c.id).limit(AT_ONCE)).mappings().all()


def _rows(ai: Session, filters: AnnotationFilter, after: Cursor | None) -> Sequence[RowMapping]:
    states = (is_blind().label("is_blind"), is_overruled().label("is_overruled"))
    page = select(*(notes.c[name] for name in FACTS), *states).where(*conditions(filters))
    if after is not None:
        page = page.where(tuple_(notes.c.created_at, notes.c.id) > (after.created_at, after.id))
    return ai.execute(page.order_by(notes.c.created_at, notes.c.id).limit(AT_ONCE)).mappings().all()


def _examples(
    core: Session,
    rows: Sequence[RowMapping],
    *,
    reads_before: bool,
) -> list[Example]:
    ids = list({row["message_id"] for row in rows})
    said = {row["id"]: row for row in core.execute(SAID, {"ids": ids}).mappings().all()}
    before = _before(core, ids) if reads_before else {}
    return [
        _example(row, said.get(row["message_id"]), before.get(row["message_id"], []))
        for row in rows
    ]


def _before(core: Session, ids: list[UUID]) -> dict[UUID, list[StoredTurn]]:
    rows = core.execute(BEFORE, {"ids": ids, "most": MOST_BEFORE, "longest": LONGEST_BEFORE}).all()
    return {
        about: [_turn(*each) for each in zip(*columns, strict=True)] for about, *columns in rows
    }


def _turn(
    role: str, content: str, calls: list[dict[str, Any]] | None, answers: str | None
) -> StoredTurn:
    return StoredTurn(role, content, calls or (), answers)


def _example(
    row: RowMapping,
    said: RowMapping | None,
    before: list[StoredTurn],
) -> Example:
    return Example(
        annotation_type=AnnotationType(row["annotation_type"]),
        suggested=row["suggested_response"],
        facts=dict(row),
        said=_turn(*(said[name] for name in ("role", "content", "tool_calls", "answers")))
        if said is not None
        else None,
        before=before,
        tools=said["tools"] if said is not None else None,
        is_shortened=said is not None and len(before) < said["position"],
        is_blind=row["is_blind"],
        is_overruled=row["is_overruled"],
    )
