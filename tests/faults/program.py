"""The real program under test: `python app.py` in a process tree of its own, on a data folder and a
port of its own.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg

from core.database.connections import engines
from core.embedded.postgres import Postgres
from core.platform.config import ROOT, Config
from tests.ports import free_port

EMAIL = "admin@example.com"
PASSWORD = "a password for tests only"
# Without the local model a start takes half the time; a known password spares reading it from the
# file.
QUICK = {
    "ATTUNE_LOCAL_MODEL": "off",
    "ATTUNE_FAKE_PROVIDER": "1",
    "ATTUNE_ADMIN_EMAIL": EMAIL,
    "ATTUNE_ADMIN_PASSWORD": PASSWORD,
    "RATE_LIMIT_STANDARD": "100000",
    "RATE_LIMIT_STREAMING": "100000",
}
PATIENCE = 4
LONGEST_START_S = 120.0
LONGEST_STOP_S = 120.0
# What is killed again and again is started again after up to half a minute.
LONGEST_WAIT_S = 120.0


@dataclass(frozen=True)
class Ended:
    """How a run ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def refusal(self) -> str:
        """What it refused to start for: the one line on stderr, and nothing else was said.

        Raises AssertionError when it ended in any other way.
        """
        assert self.code == 1, self
        assert self.err.startswith("attune: "), self
        assert self.err.count("\n") == 1, self
        assert self.err.endswith("\n"), self
        return self.err.removeprefix("attune: ").rstrip("\n")


@dataclass
class Program:
    """One installation: it may be started again and again."""

    folder: Path  # where its output goes
    data: Path | str
    port: int = field(default_factory=free_port)
    settings: Mapping[str, str] = field(default_factory=lambda: QUICK)
    command: tuple[str, ...] = ()  # what runs it, such as `setpriv`
    app: Path = ROOT / "app.py"
    process: "subprocess.Popen[bytes] | None" = None
    clients: list[httpx2.Client] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """Its data folder."""
        return Path(self.data)

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def out(self) -> str:
        """What it has written to stdout."""
        return (self.folder / "out").read_text()

    @property
    def err(self) -> str:
        """What it has written to stderr, its children too."""
        return (self.folder / "err").read_text()

    @property
    def environment(self) -> dict[str, str]:
        """The shell's environment without settings of Attune, and with ours."""
        names = {name.upper() for name in Config.model_fields} | {
            "MAKEFLAGS",
            "MFLAGS",
            "MAKELEVEL",
        }
        kept = {name: value for name, value in os.environ.items() if name.upper() not in names}
        return (
            kept
            | {"DATA": str(self.data), "PORT": str(self.port), "ATTUNE_DEMO": "0"}
            | dict(self.settings)
        )

    def launch(self, *arguments: str, cwd: Path = ROOT) -> "subprocess.Popen[bytes]":
        """Start it and return at once."""
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            self.process = subprocess.Popen(
                [*self.command, sys.executable, str(self.app), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=self.environment,
                cwd=cwd,
                start_new_session=True,
            )
        return self.process

    def start(self) -> "Program":
        """Start it and return when it is ready."""
        self.launch()
        self.wait_until_ready()
        return self

    def run(self, *arguments: str, cwd: Path = ROOT) -> Ended:
        """Start it and return how it ended by itself."""
        return self.ended(self.launch(*arguments, cwd=cwd))

    def ended(self, process: "subprocess.Popen[bytes]") -> Ended:
        """Wait until it has ended."""
        return Ended(process.wait(LONGEST_START_S), self.out, self.err)

    def is_ready(self) -> bool:
        """Whether it answers that it is ready."""
        asked = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            asked.request("GET", "/readyz")
            return asked.getresponse().status == 200
        except OSError:
            return False
        finally:
            asked.close()

    def wait_until_ready(self) -> None:
        """Return when it answers; raise AssertionError with what it said when it ends instead."""
        process = self.running
        until(lambda: self.is_ready() or process.poll() is not None, LONGEST_START_S)
        assert process.poll() is None, (process.returncode, self.out, self.err)

    @property
    def running(self) -> "subprocess.Popen[bytes]":
        """The web process."""
        assert self.process is not None
        return self.process

    def stop(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        """Send a signal and wait for the end."""
        self.running.send_signal(number)
        return Ended(self.running.wait(LONGEST_STOP_S), self.out, self.err)

    def end(self) -> None:
        """Make an end of it, however it is; what it started ends by itself."""
        for client in self.clients:
            client.close()
        if self.process is None or self.process.poll() is not None:
            return
        tree = self.tree()
        self.process.kill()
        self.process.wait()
        until(lambda: not alive(tree), LONGEST_STOP_S)

    def tree(self) -> list[psutil.Process]:
        """Return every process of it, the web process first; none when that is dead."""
        if self.running.poll() is not None:
            return []
        web = psutil.Process(self.running.pid)
        return [web, *web.children(recursive=True)]

    def memory_mb(self) -> float:
        """Return how much memory the whole tree takes, what is shared being counted once."""
        used = 0
        for process in self.tree():
            with suppress(psutil.NoSuchProcess):
                used += process.memory_full_info().pss
        return used / 1_000_000

    def everything(self) -> list[psutil.Process]:
        """Return every process of this machine that has to do with its data folder, its parent's
        death notwithstanding.
        """
        return [process for process in psutil.process_iter() if _is_on(str(self.data), process)]

    def child(self, word: str) -> psutil.Process:
        """Return the child in whose command line a word stands, once it is there."""
        found: list[psutil.Process] = []

        def is_there() -> bool:
            found[:] = [
                child
                for child in psutil.Process(self.running.pid).children()
                if word in _command_line(child)
            ]
            return bool(found)

        until(is_there, LONGEST_WAIT_S)
        return found[0]

    @property
    def postmaster(self) -> psutil.Process:
        """Postgres's first process."""
        return self.child("unix_socket_directories")

    @property
    def worker(self) -> psutil.Process:
        """The process that runs jobs."""
        return self.child("app.py")

    @property
    def model_server(self) -> psutil.Process:
        """The process that serves the local model."""
        return self.child("model_child")

    def database(self) -> psycopg.Connection[tuple[object, ...]]:
        """Connect to its database `core`, behind its back."""
        address = self.settings.get("DATABASE_URL") or engines.driver_address(
            Postgres(self.path).addresses().core
        )
        return psycopg.connect(address, autocommit=True)

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD) -> "Person":
        """Sign in over HTTP."""
        given = {"email": email, "password": password}
        answer = httpx2.post(
            f"{self.address}/api/v1/admin/auth/login", json=given, trust_env=False, timeout=20
        )
        assert answer.status_code == 200, answer.text
        return Person(self, answer.json()["access_token"])


class Person:
    """Somebody who is signed in, through the API."""

    def __init__(self, program: Program, token: str) -> None:
        """Speak with a bearer token."""
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx2.Client(
            base_url=f"{program.address}/api/v1", headers=headers, timeout=60, trust_env=False
        )
        program.clients.append(self.http)

    def ask(self, question: str, model: str = "fake:echo") -> dict[str, Any]:
        """Ask a model for a few words and return the stored execution."""
        answer = self.try_to_ask(question, model)
        assert answer.status_code == 200, answer.text
        stored: dict[str, Any] = answer.json()
        return stored

    def try_to_ask(self, question: str, model: str = "fake:echo") -> httpx2.Response:
        """Ask a model for a few words and return the answer, whatever it is."""
        parameters = {} if model.startswith("fake:") else {"max_tokens": 12}
        return self.http.post(
            "/prompts/execute",
            json={"model_id": model, "prompt": question, "parameters": parameters},
        )

    def execution(self, id_: str) -> dict[str, Any]:
        """Return a stored execution."""
        answer = self.http.get(f"/prompts/{id_}")
        assert answer.status_code == 200, answer.text
        stored: dict[str, Any] = answer.json()
        return stored


def until(is_true: Callable[[], bool], timeout_s: float) -> None:
    """Wait until something is true; raise AssertionError when it does not become so in several
    times that time.

    The time is that of a machine with nothing else to do: a busy one must not fail a test that
    looks at no speed.
    """
    longest_s = timeout_s * PATIENCE
    given_up = time.monotonic() + longest_s
    while not is_true():
        assert time.monotonic() < given_up, f"not so within {longest_s:.0f} s"
        time.sleep(0.05)


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return those that still run; a pid that was given to another process since does not count."""
    return [process for process in processes if _is_alive(process)]


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _is_on(data: str, process: psutil.Process) -> bool:
    try:
        is_on = data in " ".join(process.cmdline()) or process.environ().get("DATA") == data
        return bool(is_on and process.status() != psutil.STATUS_ZOMBIE)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
