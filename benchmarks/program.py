"""The real program as a child process, on its own port and data folder, with a fake vendor."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from core.platform.config import ROOT
from tests.fake_vendor import KEY

EMAIL, PASSWORD = "bench@localhost", "a password for the bench"


@dataclass(frozen=True)
class Running:
    """The program while it runs."""

    process: psutil.Process
    port: int
    data: Path
    token: str
    cookie: str

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers with a valid token."""
        return {"Authorization": f"Bearer {self.token}"}

    def cpu_s(self) -> float:
        """Return the CPU seconds that the web process has used."""
        used = self.process.cpu_times()
        return float(used.user + used.system)

    def memory_mb(self) -> float:
        """Return the proportional memory (PSS) of the process tree in MB."""
        tree = [self.process, *self.process.children(recursive=True)]
        return float(sum(one.memory_full_info().pss for one in tree) / 1e6)


@contextmanager
def running(data: Path | None = None, **settings: str) -> Iterator[Running]:
    """Start the program and stop it at the end; `settings` are added to its environment."""
    with ExitStack() as stack:
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        environment = os.environ | {
            "PORT": str(port),
            "DATA": str(folder),
            "ATTUNE_ADMIN_EMAIL": EMAIL,
            "ATTUNE_ADMIN_PASSWORD": PASSWORD,
            "ATTUNE_DEMO": "0",
            # A bench measures the work, not the brakes.
            "RATE_LIMIT_STANDARD": "100000000",
            "RATE_LIMIT_STREAMING": "100000000",
            **settings,
        }
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py")], env=environment, stdout=subprocess.DEVNULL
        )
        stack.callback(_stop, process)
        wait_until_ready(port)
        token, cookie = _sign_in(port)
        yield Running(psutil.Process(process.pid), port, folder, token, cookie)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(port: int, timeout_s: float = 90.0) -> None:
    """Wait for /readyz."""
    gives_up = time.monotonic() + timeout_s
    while time.monotonic() < gives_up:
        try:
            if httpx2.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.02)
    raise TimeoutError("the program did not become ready")


def wait_for_demo(program: Running, timeout_s: float = 600.0) -> None:
    """Wait until the demo is loaded."""
    gives_up = time.monotonic() + timeout_s
    while time.monotonic() < gives_up:
        answer = httpx2.get(
            f"{program.address}/api/v1/imports?limit=1", headers=program.headers, trust_env=False
        )
        if [each["status"] for each in answer.raise_for_status().json()["items"]] == ["completed"]:
            return
        time.sleep(1)
    raise TimeoutError("the demo did not come in")


def _sign_in(port: int) -> tuple[str, str]:
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        given = {"email": EMAIL, "password": PASSWORD}
        token: str = client.post("/api/v1/admin/auth/login", json=given).json()["access_token"]
        client.post("/login", data={**given, "next": "/"})
        return token, client.cookies["attune"]


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(60)


@contextmanager
def fake_vendor() -> Iterator[str]:
    """Start the fake vendor in a process of its own and return its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fake_vendor"], stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        port = int((process.stdout.readline() if process.stdout else b"0").strip())
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def add_provider(program: Running, name: str, base_url: str) -> None:
    """Add the fake vendor as a provider of the running program."""
    body = {"name": name, "kind": "openai", "base_url": base_url, "secret": KEY}
    answer = httpx2.post(
        f"{program.address}/api/v1/admin/providers",
        json=body,
        headers=program.headers,
        trust_env=False,
    )
    if answer.status_code != 201:
        raise RuntimeError(json.dumps(answer.json()))
