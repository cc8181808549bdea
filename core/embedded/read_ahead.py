"""Read the files of important tables and indexes at startup, so that first page views find them in
memory.

Sequential reading takes a fifth of a second for an index of 200 MB; Postgres, which reads single
pages in random order, takes several seconds. The operating system's cache keeps what was read, and
frees it when memory is needed.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy import text

from core.database.db import read_session

# In the order in which pages need them; partitions of recent days first. Large tables of which a
# page needs little are left out.
RELATIONS = (
    "ai_request_rollups",
    "pk_ai_request_rollups",
    "event_rollups",
    "ai_dimension_rollups",
    "pk_ai_dimension_rollups",
    "tool_rollups",
    "tool_dimension_rollups",
    "pk_tool_dimension_rollups",
    "ix_user_spans_environment_app_first_day",
    "ix_subjects_reached",
    "ix_subjects_reached_apart",
    "ix_user_activity_events_failed",
    "ix_ai_request_metrics_errors",
    "ix_users_last_seen_slot",
    "pk_users",
    "pk_user_spans",
    "users",
    "ix_subjects_anonymous",
    "pk_subjects",
)
FILES = text("""
select pg_relation_filepath(file.relid)
from unnest(cast(:wanted as text[])) with ordinality as wanted (name, place)
cross join lateral (
    select relid, relid::regclass::text as name from pg_partition_tree(to_regclass(wanted.name))
        where isleaf
    union select to_regclass(wanted.name), ''
) as file where pg_relation_filepath(file.relid) is not null order by place, file.name desc""")
CHUNK = 1 << 20
SHARE = 8  # at most an eighth of the machine's memory


def read(cluster: Path) -> int:
    """Read the files while there is room; return the number of bytes read."""
    with read_session() as session:
        paths = list(session.scalars(FILES, {"wanted": list(RELATIONS)}))
    limit = remaining = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // SHARE
    chunk = bytearray(CHUNK)
    for path in paths:
        for file in _segments(cluster / path):
            # A partition may have been dropped meanwhile.
            with suppress(OSError), file.open("rb", buffering=0) as stream:
                while remaining > 0 and (size := stream.readinto(chunk)):
                    remaining -= size
    return limit - remaining


def _segments(file: Path) -> Iterator[Path]:
    """Return the files of a table or an index: each gigabyte has its own."""
    number = 0
    while file.exists():
        yield file
        number += 1
        file = file.with_suffix(f".{number}")
