"""Distribute the raw tables over a Citus cluster's nodes by `id` (docs/scaling.md)."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from core.database.connections import engines
from core.database.partitions import PARENTS
from core.errors import StartRefused

HAS_CITUS = text("select exists (select 1 from pg_extension where extname = 'citus')")
# Without Citus's own connections to the coordinator.
OTHERS = text("""
select count(*) from pg_stat_activity
where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
    and application_name not like 'citus%'""")
NODES = text("select count(*) from pg_dist_node where shouldhaveshards and isactive")
IS_DISTRIBUTED = text(
    "select exists (select 1 from pg_dist_partition where logicalrelid = cast(:name as regclass))"
)
ROWS = text("""
select coalesce(sum(greatest(reltuples, 0)), 0)::bigint
    from pg_partition_tree(cast(:name as regclass)) as part
join pg_class on pg_class.oid = part.relid where isleaf""")
# Rows copied to the nodes stay on the coordinator's disk, invisible, until they are truncated.
DISTRIBUTE = text(
    "select create_distributed_table(:name, 'id'), "
    "truncate_local_data_after_distributing_table(:name)"
)
# Otherwise concurrent batches would wait for each other. It is safe, because shards have no
# replicas that could differ.
SIDE_BY_SIDE = text("""
do $$ begin
    execute format(
        'alter database %I set citus.all_modifications_commutative = on', current_database()
    );
end $$""")


@dataclass(frozen=True)
class DistributedTable:
    """A raw table: its approximate number of rows, and whether it was distributed before."""

    name: str
    rows: int
    was_distributed: bool


@dataclass(frozen=True)
class Distribution:
    """The raw tables, and the number of nodes they are distributed over."""

    nodes: int
    tables: list[DistributedTable]


def distribute(*, dry_run: bool) -> Distribution:
    """Distribute the raw tables that are not distributed yet; with `dry_run`, only return which
    these are.

    Raises StartRefused without Citus, without nodes for shards, or with other connections: moving
    rows while batches are stored would deadlock.
    """
    engines.current().core.dispose()  # else this process's idle connections would count as others
    with engines.current().core.begin() as connection:
        nodes = _nodes(connection)
        tables = [_table(connection, name) for name in PARENTS]
        wanted = [table.name for table in tables if not table.was_distributed]
        if wanted and not dry_run:
            connection.execute(text("set local statement_timeout = 0"))
            connection.execute(SIDE_BY_SIDE)
            for name in wanted:
                connection.execute(DISTRIBUTE, {"name": name})
    return Distribution(nodes, tables)


def _nodes(connection: Connection) -> int:
    if not connection.scalar(HAS_CITUS):
        raise StartRefused(
            "This database has no Citus. Create its extension and add its nodes first: "
            "docs/scaling.md says how."
        )
    if others := connection.scalar(OTHERS):
        raise StartRefused(
            f"Others use this database ({others} connections). Stop Attune and its workers, "
            "then distribute."
        )
    nodes: int = connection.scalar(NODES) or 0
    if not nodes:
        raise StartRefused(
            "The Citus cluster has no node that takes shards. Add one with citus_add_node, "
            "then distribute."
        )
    return nodes


def _table(connection: Connection, name: str) -> DistributedTable:
    given = {"name": name}
    is_distributed = bool(connection.scalar(IS_DISTRIBUTED, given))
    return DistributedTable(name, connection.scalar(ROWS, given) or 0, is_distributed)
