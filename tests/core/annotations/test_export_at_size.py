"""An export of a hundred thousand annotations is complete, and takes no more memory than one of a
few thousand.
"""

import time
from collections.abc import Iterator

import psutil
import pytest
from sqlalchemy import text

from core.annotations.exports import export
from core.annotations.exports.export import ExportQuery, ExportTally
from core.annotations.exports.formats import FormatName
from core.database.db import Database, transaction
from core.identity.schemas import Role
from tests.factories.identity import person

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.prove]

ALL, CONVERSATIONS, ANSWERS = 100_000, 10_000, 10
FLAT = 150 << 20  # bytes
TALKS = """
insert into conversations (id, external_id, source, environment, app, release, message_count,
    last_message_at, created_at)
select md5('c' || n)::uuid, 'c' || n, 'api', 'production', '', '', :messages, now(), now()
    from generate_series(1, :many) as n"""
SAID = """
insert into messages (id, conversation_id, external_id, position, sequence, role, content,
    created_at)
select md5('m' || n || '.' || p)::uuid, md5('c' || n)::uuid, 'm' || n || '.' || p, p, p,
    case when p % 2 = 0 then 'user' else 'assistant'
        end, repeat('words of ' || n || ' at ' || p || ' ', 10), now()
from generate_series(1, :many) as n, generate_series(0, :messages - 1) as p"""
NOTES = """
insert into ai_admin_annotations (id, message_id, conversation_id, admin_user_id, author_name,
    annotation_type, content,
    suggested_response, environment, prompt_version, message_role, message_at, created_at,
        updated_at)
select gen_random_uuid(), md5('m' || n || '.' || p)::uuid, md5('c' || n)::uuid, gen_random_uuid(),
    'Rae', 'correction', 'no',
    repeat('better ' || n || '.' || p || ' ', 20), 'production', 'v' || n % 7, 'assistant', now(),
    now() - n * interval '1 minute', now()
from generate_series(1, :many) as n, generate_series(1, :messages - 1, 2) as p"""


@pytest.fixture
def many() -> None:
    given = {"many": CONVERSATIONS, "messages": 2 * ANSWERS}
    with transaction() as core:
        core.execute(text("set local statement_timeout = 0"))
        core.execute(text(TALKS), given)
        core.execute(text(SAID), given)
    with transaction(Database.AI) as ai:
        ai.execute(text("set local statement_timeout = 0"))
        ai.execute(text(NOTES), given)
        # As happens by itself a minute after so many have come
        ai.execute(text("analyze ai_admin_annotations"))


def peaks(pieces: Iterator[bytes], process: psutil.Process) -> Iterator[int]:
    for _ in pieces:
        yield process.memory_info().rss


@pytest.mark.parametrize("name", [FormatName.JSONL, FormatName.OPENAI_DPO, FormatName.CSV])
@pytest.mark.usefixtures("many")
def test_a_hundred_thousand_are_all_there_in_flat_memory(name: FormatName) -> None:
    actor, tally, process = person(Role.SUPER_ADMIN).actor, ExportTally(), psutil.Process()
    before, begun, worked = (
        process.memory_info().rss,
        time.monotonic(),
        sum(process.cpu_times()[:2]),
    )
    peak = max(peaks(export.stream(ExportQuery(name), actor=actor, tally=tally), process))
    worked_s = sum(process.cpu_times()[:2]) - worked
    took_s, more = time.monotonic() - begun, (peak - before) >> 20
    print(  # noqa: T201  what was measured is the point
        f"{name}: {took_s:.1f} s, {worked_s:.1f} s of them ours, {tally.size >> 20} MB, "
        f"{more} MB more memory"
    )
    assert (tally.annotations, tally.rows) == (ALL, ALL)
    assert peak - before < FLAT
