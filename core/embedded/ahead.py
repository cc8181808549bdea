"""What pages ask for first is read from the disk ahead, file by file: Postgres itself would fetch it page by page.

After a start nothing is in memory. An index of 200 MB is read in a fifth of a second from one end to the other, and in several
seconds in the order in which a question follows it. What is read stays in the operating system's cache, which gives it up when
somebody needs the room.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy import text

from core.database.db import reading

# In the order in which pages need it; of days the newest first. Long tables of which a page needs little are left out.
WANTED = (
    "ai_request_rollups",
    "pk_ai_request_rollups",
    "event_rollups",
    "tool_rollups",
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
    select relid, relid::regclass::text as name from pg_partition_tree(to_regclass(wanted.name)) where isleaf
    union select to_regclass(wanted.name), ''
) as file where pg_relation_filepath(file.relid) is not null order by place, file.name desc""")
CHUNK = 1 << 20
SHARE = 8  # at most an eighth of the machine's memory is filled so


def read(cluster: Path) -> int:
    """Read it, as far as there is room; return how many bytes were read."""
    with reading() as session:
        paths = list(session.scalars(FILES, {"wanted": list(WANTED)}))
    room = left = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // SHARE
    chunk = bytearray(CHUNK)
    for path in paths:
        for file in _pieces(cluster / path):
            # A day may have been dropped meanwhile: it is not asked for either.
            with suppress(OSError), file.open("rb", buffering=0) as opened:
                while left > 0 and (size := opened.readinto(chunk)):
                    left -= size
    return room - left


def _pieces(file: Path) -> Iterator[Path]:
    """Return the files of a table or an index: each gigabyte has its own."""
    number = 0
    while file.exists():
        yield file
        number += 1
        file = file.with_suffix(f".{number}")
