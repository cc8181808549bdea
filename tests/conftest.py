"""What tests stand on: a real Postgres a worker process, empty tables a test, a key, and no way to the network."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from plotly import graph_objects
from sqlalchemy import text
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from core.cache import memo
from core.database import bus, db, migrate
from core.database.db import Database
from core.embedded.postgres import Postgres
from core.executions import runner as runners
from core.platform import config, crypto, features
from core.platform import data_folder as folder
from core.platform.ids import new_id
from core.presentation import drawing
from core.providers import queries as providers

SECRET = "a key for tests only, long enough to be one"
# Nearly all tables are empty already, and then deleting is ten times as fast as truncating. The role lets keys not be checked.
EMPTIED = """
do $$ declare name text; begin
    set local session_replication_role = replica;
    for name in select tablename from pg_tables
        where schemaname = 'public' and tablename not in ('alembic_version', 'funnel_events') loop
        execute format('delete from %I', name);
    end loop;
end $$"""
TESTS = Path(__file__).parent
TOGETHER = ("browser", "faults")  # folders whose tests share one program: it starts on one worker process only
real_connect = socket.socket.connect


class ByProgram(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Keeps the tests of a file, or of a folder that shares a program, on one worker process."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::")[0]
        folder = path.split("/")[1]
        return folder if folder in TOGETHER else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByProgram:
    """Spread the tests: xdist 3.8 does not see its own mark for groups under pytest 9.2."""
    return ByProgram(config, log)


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[None]:
    """Let no test reach beyond this machine."""

    def connect(self: socket.socket, address: tuple[str, int] | str) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test called {address}")
        real_connect(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", connect)
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def figures_are_looked_at() -> Iterator[None]:
    """Have Plotly look at every property of every chart; for readers they are drawn as they are."""
    patch = pytest.MonkeyPatch()
    patch.setattr(drawing.Drawing, "figure", lambda drawn: graph_objects.Figure(drawn.data, drawn.layout))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder for this worker process."""
    path = tmp_path_factory.mktemp("data")
    (path / "logs").mkdir()
    return path


@pytest.fixture(scope="session", autouse=True)
def settings(data: Path) -> Iterator[pytest.MonkeyPatch]:
    """Configure this process as a fresh installation would be, whatever the shell around it has set."""
    patch = pytest.MonkeyPatch()
    for name in config.Config.model_fields:
        patch.delenv(name.upper(), raising=False)
    patch.setitem(config.Config.model_config, "env_file", None)
    patch.setenv("DATA", str(data))
    patch.setenv("ATTUNE_FAKE_PROVIDER", "1")
    patch.setenv("ATTUNE_LOCAL_MODEL", "off")
    patch.setenv("ATTUNE_DEMO", "0")
    patch.setenv("RATE_LIMIT_STANDARD", "100000")
    patch.setenv("RATE_LIMIT_STREAMING", "100000")
    config.config.cache_clear()
    yield patch
    patch.undo()
    config.config.cache_clear()


@pytest.fixture(scope="session")
def cluster(data: Path, settings: pytest.MonkeyPatch) -> Iterator[Postgres]:
    """Start the embedded Postgres, migrated."""
    crypto.use(crypto.Keyring.from_secret(SECRET))
    postgres = Postgres(data)
    postgres.start()
    addresses = postgres.addresses()
    engines = db.Engines(db.engine(addresses.core, pool_size=10, overflow=30), db.engine(addresses.ai, pool_size=3, overflow=17))
    db.use(engines)
    migrate.upgrade(engines.core, Database.CORE)
    migrate.upgrade(engines.ai, Database.AI)
    features.load("models")
    _in_a_hurry()
    yield postgres
    engines.dispose()
    postgres.stop()


def _in_a_hurry() -> None:
    """Let the server wait for no disk: tests prove what is stored, not that a disk keeps it."""
    with db.engines().core.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"alter system set {setting} = off"))
        connection.execute(text("select pg_reload_conf()"))


@pytest.fixture
def database(cluster: Postgres) -> Iterator[Postgres]:
    """Give a test both databases with empty tables."""
    yield cluster
    memo.forget()
    providers.recalled.forget()
    for engine in (db.engines().core, db.engines().ai):
        with engine.begin() as connection:
            connection.execute(text(EMPTIED))


@pytest.fixture(scope="session")
def listening(cluster: Postgres) -> Iterator[bus.Bus]:
    """Listen to the bus: one ear for all tests, for it takes a second to close."""
    listener = bus.Bus(cluster.addresses().core)
    listener.start()
    assert listener.listens.wait(5)
    yield listener
    listener.stop()


@pytest.fixture
def runner(database: Postgres, listening: bus.Bus) -> Iterator[runners.Runner]:
    """Make model calls in this process."""
    calls = runners.Runner(new_id())
    runners.use(calls)
    calls.start()
    yield calls
    calls.stop(patience_s=0.0)


@pytest.fixture
def own_folder(tmp_path: Path) -> Iterator[folder.HeldFolder]:
    """Hold a data folder of the test's own."""
    with folder.held(tmp_path / "own") as held:
        yield held
