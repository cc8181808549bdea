"""Files that first pages need are read into memory after a start."""

import pytest
from sqlalchemy import text

from core.database import partitions
from core.database.db import read_session
from core.embedded import read_ahead
from core.embedded.postgres import Postgres
from core.platform import clock


def sizes(*names: str) -> int:
    measured = text(
        "select sum(pg_relation_size(to_regclass(name))) from unnest(cast(:names as text[])) "
        "as each (name)"
    )
    with read_session() as session:
        return int(session.scalar(measured, {"names": list(names)}) or 0)


def test_all_that_is_read_ahead_is_there(database: Postgres) -> None:
    unknown = text(
        "select name from unnest(cast(:names as text[])) as each (name) where "
        "to_regclass(name) is null"
    )
    with read_session() as session:
        assert list(session.scalars(unknown, {"names": list(read_ahead.RELATIONS)})) == []


def test_it_reads_tables_and_indexes_and_of_days_each(database: Postgres) -> None:
    partitions.create_for(
        "user_activity_events", [clock.now() - number * partitions.DAY for number in range(3)]
    )
    days = text(
        "select relid::regclass::text from "
        "pg_partition_tree('ix_user_activity_events_failed') where isleaf"
    )
    with read_session() as session:
        of_days = list(session.scalars(days))
    assert len(of_days) >= 2
    assert read_ahead.read(database.cluster) >= sizes("pk_users", "pk_subjects", *of_days) > 0


def test_it_reads_no_more_than_its_share_of_the_memory(
    database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "SHARE", 10**12)
    assert read_ahead.read(database.cluster) == 0


def test_a_file_that_has_gone_is_left_out(database: Postgres) -> None:
    assert read_ahead.read(database.cluster.with_name("elsewhere")) == 0
