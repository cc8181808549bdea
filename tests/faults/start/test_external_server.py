"""A Postgres that somebody brought: what is wrong with it is said in one line; when nothing is,
everything works on it.
"""

import pytest
from psycopg import sql

from tests.faults.conftest import Installation
from tests.faults.program import QUICK, alive, until
from tests.faults.proxy import Older
from tests.faults.server import PASSWORD, Server
from tests.ports import free_port

UNKNOWN_HOST = "no-such-host.invalid"


def test_a_wrong_password_is_said(installation: Installation, server: Server) -> None:
    urls = {
        "DATABASE_URL": server.url("core", password="wrong"),
        "AI_DATABASE_URL": server.url("ai", password="wrong"),
    }
    refusal = installation(settings=QUICK | urls).run().refusal
    assert "password authentication failed" in refusal
    assert "DATABASE_URL" in refusal


@pytest.mark.prove
def test_an_unknown_host_is_said(installation: Installation, server: Server) -> None:
    urls = {
        "DATABASE_URL": server.url("core", host=UNKNOWN_HOST),
        "AI_DATABASE_URL": server.url("ai", host=UNKNOWN_HOST),
    }
    refusal = installation(settings=QUICK | urls).run().refusal
    assert UNKNOWN_HOST in refusal
    assert PASSWORD not in refusal


def test_a_server_that_does_not_run_is_said(installation: Installation, server: Server) -> None:
    port = free_port()
    urls = {
        "DATABASE_URL": server.url("core", port=port),
        "AI_DATABASE_URL": server.url("ai", port=port),
    }
    assert str(port) in installation(settings=QUICK | urls).run().refusal


@pytest.mark.parametrize(
    "missing", ["AI_DATABASE_URL", pytest.param("DATABASE_URL", marks=pytest.mark.prove)]
)
def test_a_database_that_is_not_there_is_said(
    installation: Installation, server: Server, missing: str
) -> None:
    urls = server.pair().settings | {missing: server.url("nowhere")}
    assert 'database "nowhere" does not exist' in installation(settings=QUICK | urls).run().refusal


def test_one_database_cannot_be_both_by_whatever_address(
    installation: Installation, server: Server
) -> None:
    name = server.pair().core.rpartition("/")[2]
    urls = {"DATABASE_URL": server.url(name), "AI_DATABASE_URL": server.url(name, host="localhost")}
    assert "name the same database" in installation(settings=QUICK | urls).run().refusal
    with server.connect(name) as connection:
        assert connection.execute(
            "select count(*) from pg_tables where schemaname = 'public'"
        ).fetchone() == (0,)


def test_a_database_of_another_role_is_said(installation: Installation, server: Server) -> None:
    # Since Postgres 15, only the owner of a database may create tables in it
    pair = server.pair()
    with server.connect(pair.core.rpartition("/")[2]) as connection:
        connection.execute("alter schema public owner to postgres")
    refusal = installation(settings=QUICK | pair.settings).run().refusal
    assert "permission denied for schema public" in refusal
    assert "must own both databases" in refusal


def test_a_database_that_takes_no_writes_is_said(
    installation: Installation, server: Server
) -> None:
    pair = server.pair()
    with server.connect() as connection:
        name = sql.Identifier(pair.core.rpartition("/")[2])
        read_only = sql.SQL("alter database {} set default_transaction_read_only = on")
        connection.execute(read_only.format(name))
    refusal = installation(settings=QUICK | pair.settings).run().refusal
    assert "in a read-only transaction" in refusal
    assert "the primary server" in refusal


def test_a_server_that_is_too_old_is_said(installation: Installation, server: Server) -> None:
    with Older(server.port, "13") as proxy:
        pair = server.pair()
        urls = {
            name: url.replace(str(server.port), str(proxy.port))
            for name, url in pair.settings.items()
        }
        assert (
            "Postgres 13 is too old: Attune needs 15 or newer"
            in installation(settings=QUICK | urls).run().refusal
        )


@pytest.mark.parametrize("encoding", ["SQL_ASCII", pytest.param("LATIN1", marks=pytest.mark.prove)])
def test_an_encoding_without_all_characters_is_said(
    installation: Installation, server: Server, encoding: str
) -> None:
    refusal = installation(settings=QUICK | server.pair(encoding).settings).run().refusal
    assert f"The database core has the encoding {encoding}" in refusal


@pytest.mark.parametrize(
    ("database", "revision", "advice"),
    [
        ("core", "9999", "Start the newer version again"),
        ("ai", "0001", "Start the version whose newest migration is"),
    ],
)
def test_a_database_of_another_version_is_left_alone(
    installation: Installation, server: Server, database: str, revision: str, advice: str
) -> None:
    pair = server.pair()
    name = getattr(pair, database).rpartition("/")[2]
    with server.connect(name) as connection:
        connection.execute(
            "create table alembic_version (version_num varchar(32) not null primary key)"
        )
        connection.execute("insert into alembic_version values (%s)", [revision])
        connection.execute("grant all on alembic_version to public")
    refusal = installation(settings=QUICK | pair.settings).run().refusal
    assert f"The database {database} is at revision {revision}" in refusal
    assert advice in refusal


def test_everything_works_on_it_and_when_it_drops_us_we_come_back(
    installation: Installation, server: Server
) -> None:
    program = installation(settings=QUICK | server.pair().settings).start()
    me = program.sign_in()
    assert me.ask("Are you there?")["response"].startswith("Fake answer: Are you there?")
    until(lambda: me.http.get("/admin/system/health").json()["status"] == "healthy", 30)
    tree = program.tree()
    assert not [process for process in tree if "postgres" in process.name()]
    with server.connect() as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name "
            "like 'attune%'"
        )
    until(lambda: me.http.get("/admin/auth/me").status_code == 200, 10)
    assert me.ask("Are you back?")["status"] == "completed"
    ended = program.stop()
    assert ended.code == 0
    assert not alive(tree)
    # A job that was cut off fails, and says so; nothing else does.
    assert not [
        line
        for line in ended.err.splitlines()
        if "Traceback" in line and "procrastinate.worker" not in line
    ]
    assert PASSWORD not in ended.out + ended.err
