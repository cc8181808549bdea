"""Empty tables for the next test: a function in each database, which plans its statements once."""

from functools import cache

from psycopg.errors import DeadlockDetected
from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from core.database.connections import engines

# Nearly all tables are empty already, and then deleting is ten times as fast as truncating.
FUNCTION = """
do $make$ declare deletes text; begin
    select string_agg(format('delete from %I;', tablename), ' ') into deletes from pg_tables
    where schemaname = 'public' and tablename not in ('alembic_version', 'event_types',
            'funnel_events', 'funnels', 'funnel_versions', 'prompt_templates',
            'prompt_template_versions', 'prompt_labels', 'prompt_label_moves')
        and not (select relispartition from pg_class
            where oid = format('public.%I', tablename)::regclass);
    execute format('create function empty_tables() returns void language plpgsql as %L',
        'begin ' || deletes || $rest$
    if to_regclass('funnels') is not null then
        delete from funnels where not exists (select from funnel_versions
            where funnel_id = funnels.id and id = '00000000-0000-7000-8000-000000000002');
        delete from funnel_versions where id <> '00000000-0000-7000-8000-000000000002';
        update funnels set is_workspace = true, name = 'Onboarding' where not is_workspace;
        update funnel_versions set is_applied = true where not is_applied;
        delete from funnel_events where code > 10;
        delete from event_types where event_type not in (select event_type from funnel_events);
    end if;
    if to_regclass('prompt_templates') is not null then
        delete from prompt_templates where id <> '00000000-0000-7000-8000-000000000003';
        delete from prompt_template_versions where id <> '00000000-0000-7000-8000-000000000004';
        delete from prompt_labels
            where template_id <> '00000000-0000-7000-8000-000000000003'
                or prompt_labels.name <> 'production';
        update prompt_labels set version_id = '00000000-0000-7000-8000-000000000004'
            where version_id <> '00000000-0000-7000-8000-000000000004';
        delete from prompt_label_moves where from_version is not null or to_version <> 1
            or template_id <> '00000000-0000-7000-8000-000000000003' or label <> 'production';
        update prompt_templates set usage_count = 0, tags = '{}', category = ''
            where usage_count > 0 or tags <> '{}' or category <> '';
    end if;
    end $rest$);
end $make$"""


def prepare() -> None:
    """Create the function in both databases."""
    for engine in (engines.current().core, engines.current().ai):
        with engine.begin() as connection:
            connection.execute(text(FUNCTION))


def empty_tables() -> None:
    """Delete all rows of both databases that migrations have not created."""
    for engine in (engines.current().core, engines.current().ai):
        try:
            _empty(engine.url)
        except OperationalError as error:
            if not isinstance(error.orig, DeadlockDetected):
                raise
            _empty(engine.url)  # a request that the last test did not wait for was ending


def _empty(url: URL) -> None:
    with _unchecked(url).begin() as connection:
        connection.execute(text("select empty_tables()"))


def end() -> None:
    """Close the connections."""
    for engine in (engines.current().core, engines.current().ai):
        _unchecked(engine.url).dispose()


@cache
def _unchecked(url: URL) -> Engine:
    """Return connections that check no foreign keys.

    Changing the role for each deletion would throw away all plans of a connection.
    """
    role = {"options": "-c session_replication_role=replica"}
    return create_engine(url, pool_size=1, pool_pre_ping=True, connect_args=role)
