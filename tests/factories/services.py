"""Services: a real one in a process of its own, registered through the API."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from sqlalchemy import text

from core.database.db import transaction
from core.platform.config import ROOT
from core.services import jobs
from tests.chat_service import TOKEN, signed

TAKEN = text("""
delete from procrastinate_jobs where id in (select id from procrastinate_jobs
    where task_name = 'services.deliver' and status = 'todo' order by id limit 1)
returning args""")


@dataclass
class ChatService:
    """The service in its process."""

    port: int

    @property
    def url(self) -> str:
        """Where it takes jobs."""
        return f"http://127.0.0.1:{self.port}/chat"

    @property
    def upload_url(self) -> str:
        """Where it takes files."""
        return f"http://127.0.0.1:{self.port}/upload"

    def tell_secret(self, secret: str) -> None:
        """Give it the secret with which it signs."""
        self._ask("PUT", "/secret", secret=secret)

    def taken(self) -> dict[str, Any]:
        """Return the jobs that it took, and the statuses of its callbacks."""
        return self._ask("GET", "/jobs")

    def jobs_with(self, words: str) -> list[dict[str, Any]]:
        """Return the jobs whose message has these words."""
        return [job for job in self.taken()["jobs"] if words in job["message"]]

    def answer(self, job_id: str, **script: object) -> int:
        """Have it send a callback now; return the status of the response."""
        status: int = self._ask("POST", "/answer", job_id=job_id, **script)["answered"]
        return status

    def _ask(self, method: str, path: str, **body: object) -> dict[str, Any]:
        response = httpx2.request(
            method, f"http://127.0.0.1:{self.port}{path}", json=body, trust_env=False, timeout=20
        )
        found: dict[str, Any] = response.json() if response.content else {}
        return found


@contextmanager
def chat_service() -> Iterator[ChatService]:
    """Run a service in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.chat_service"], stdout=subprocess.PIPE, cwd=ROOT
    )
    with process:
        yield ChatService(int((process.stdout.readline() if process.stdout else b"0").strip()))
        process.kill()


def register(
    api: httpx2.Client, chat_url: str = "http://127.0.0.1:9/chat", **more: object
) -> dict[str, Any]:
    """Add an active service; return it with its callback secret."""
    given = {"name": "Bot", "chat_url": chat_url, "token": TOKEN, "is_active": True, **more}
    added = api.post("/admin/services", json=given)
    assert added.status_code == 201, added.text
    found: dict[str, Any] = added.json()
    return found


def call_back(
    api: httpx2.Client, secret: str, job_id: object, answer: str | None = "four", **more: object
) -> httpx2.Response:
    """Send a signed callback; it is completed unless `more` says something else."""
    outcome = {"job_id": job_id, "status": "completed", "output": {"answer": answer}, **more}
    params = {"callback_params": {"message_id": 1, "source": "playground"}}
    body = json.dumps(params | outcome).encode()
    return api.post("/callback/ai", content=body, headers=signed(secret, body))


def deliver_jobs() -> int:
    """Send the jobs that wait, as the worker does; return how many there were."""
    count = 0
    while True:
        with transaction() as session:
            args = session.scalar(TAKEN)
        if args is None:
            return count
        jobs.deliver(**args)
        count += 1
