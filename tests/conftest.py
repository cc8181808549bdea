"""Shared fixtures: a real Postgres per worker process, empty tables per test, a key, and no network
access.
"""

import asyncio
import gc
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import bcrypt
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as property_tests
from plotly import graph_objects
from sqlalchemy import text
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from core.activity.ingest.event_codes import event_types
from core.cache import large_workspaces
from core.database import bus, migrate
from core.database.connections import engines
from core.database.db import Database
from core.embedded.postgres import Postgres
from core.errors import Unavailable
from core.executions import runner as runners
from core.platform import config, crypto, features
from core.platform import data_folder as folder
from core.platform.ids import new_id
from core.presentation import drawing
from core.providers.queries import configured as providers
from core.providers.queries import token_prices
from core.quotas import queries as quotas
from tests import citus, emptying

SECRET = "a key for tests only, long enough to be one"
TESTS = Path(__file__).parent
# Folders whose tests share one program, and how many worker processes start it: on one alone, the
# browser's tests would go on for minutes after all others
TOGETHER = {"browser": 2, "faults": 1}
real_connect = socket.socket.connect
# How long an example takes, or making it, tells how busy the machine is
property_tests.register_profile(
    "busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
property_tests.load_profile("busy machine")


class ByProgram(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Keeps the tests of a file, or of those that share a program, on one worker process."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::")[0]
        folder = path.split("/")[1]
        if folder not in TOGETHER:
            return path
        files = sorted(map(str, (TESTS / folder).rglob("test_*.py")))
        return f"{folder} {files.index(str(TESTS.parent / path)) % TOGETHER[folder]}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the folders that share a program, which take longest; try a test once more that
    met a database whose disk stood still, as a shared one does.
    """
    items.sort(key=lambda item: not TOGETHER.keys() & set(item.path.parts))
    stalled = pytest.mark.flaky(reruns=1, only_rerun=[str(Unavailable().detail)])
    for item in items:
        if not TOGETHER.keys() & set(item.path.parts):
            item.add_marker(stalled)


def pytest_configure() -> None:
    """Look for no unreachable objects while the tests are collected: modules and tests stay."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Look for them from now on, but not among the million objects of modules and tests."""
    gc.freeze()
    gc.enable()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByProgram:
    """Distribute the tests: xdist 3.8 ignores its own group mark under pytest 9.2."""
    return ByProgram(config, log)


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[None]:
    """Forbid connections to other machines."""

    def connect(self: socket.socket, address: tuple[str, int] | str) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in (
            "127.0.0.1",
            "::1",
            "localhost",
        ):
            raise AssertionError(f"a test called {address}")
        real_connect(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", connect)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def no_running_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let `asyncio.run` work after browser tests: Playwright leaves its loop running in their
    thread.
    """
    if request.path.is_relative_to(TESTS / "browser"):
        yield
        return
    loop = asyncio._get_running_loop()  # noqa: SLF001  there is no public way
    asyncio._set_running_loop(None)  # noqa: SLF001
    yield
    asyncio._set_running_loop(loop)  # noqa: SLF001


@pytest.fixture(scope="session", autouse=True)
def passwords_cost_little() -> Iterator[None]:
    """Hash passwords at bcrypt's lowest cost: at the usual one, each takes a third of a second."""
    patch = pytest.MonkeyPatch()
    patch.setattr(bcrypt, "gensalt", partial(bcrypt.gensalt, 4))
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def figures_are_looked_at() -> Iterator[None]:
    """Validate every property of every chart with Plotly, which the product skips for speed."""
    patch = pytest.MonkeyPatch()
    patch.setattr(
        drawing.Drawing, "figure", lambda drawn: graph_objects.Figure(drawn.data, drawn.layout)
    )
    yield
    patch.undo()


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the data folder of this worker process."""
    path = tmp_path_factory.mktemp("data")
    (path / "logs").mkdir()
    return path


@pytest.fixture(scope="session", autouse=True)
def settings(data: Path) -> Iterator[pytest.MonkeyPatch]:
    """Configure this process as a fresh installation, whatever the shell's environment has."""
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
    """Start the embedded Postgres and migrate it; with CITUS, a cluster with distributed raw
    tables.
    """
    crypto.use(crypto.Keyring.from_secret(SECRET))
    postgres = citus.Cluster(data, settings) if citus.INSTALLATION else Postgres(data)
    postgres.start()
    addresses = postgres.addresses()
    opened = engines.Engines(
        engines.create(addresses.core, pool_size=10, overflow=30),
        engines.create(addresses.ai, pool_size=3, overflow=17),
    )
    engines.use(opened)
    migrate.upgrade(opened.core, Database.CORE)
    migrate.upgrade(opened.ai, Database.AI)
    features.load("models")
    _in_a_hurry()
    if isinstance(postgres, citus.Cluster):
        postgres.distribute()
    emptying.prepare()
    yield postgres
    emptying.end()
    opened.dispose()
    postgres.stop()


def _in_a_hurry() -> None:
    """Turn off what these tests do not need: waiting for the disk, and statistics that Postgres
    collects by itself. Of a table that a test has just emptied, they plan for one row, however many
    the next test stores: a statement of the demo then took over 30 s.
    """
    with (
        engines.current()
        .core.connect()
        .execution_options(isolation_level="AUTOCOMMIT") as connection
    ):
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"alter system set {setting} = off"))
        connection.execute(text(f"alter system set autovacuum_analyze_threshold = {2**31 - 1}"))
        connection.execute(text("select pg_reload_conf()"))


@pytest.fixture
def database(cluster: Postgres) -> Iterator[Postgres]:
    """Provide both databases with empty tables."""
    yield cluster
    large_workspaces.clear()
    providers.provider_cache.clear()
    quotas.applying_cache.clear()
    token_prices.clear_cache()
    event_types.forget()
    emptying.empty_tables()


@pytest.fixture(scope="session")
def listening(cluster: Postgres) -> Iterator[bus.Bus]:
    """Start the bus once for all tests, because stopping it takes a second."""
    listener = bus.Bus(cluster.addresses().core)
    listener.start()
    assert listener.listens.wait(30)
    yield listener
    listener.stop()


@pytest.fixture
def runner(database: Postgres, listening: bus.Bus) -> Iterator[runners.Runner]:
    """Provide a runner of model calls in this process."""
    calls = runners.Runner(new_id())
    runners.use(calls)
    calls.start()
    yield calls
    calls.stop(grace_s=0.0)
    calls._pool.shutdown()  # noqa: SLF001  calls that were cancelled still store what they used


@pytest.fixture
def own_folder(tmp_path: Path) -> Iterator[folder.LockedFolder]:
    """Lock a data folder of the test's own."""
    with folder.locked(tmp_path / "own") as held:
        yield held
