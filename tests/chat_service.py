"""A service for tests, in a process of its own: `python -m tests.chat_service`.

It writes its port on the first line of its output, takes only jobs with TOKEN, and does what the
first line of a message says, as JSON: `{"http": 503, "answer": "…", "callbacks": 2, "error": "…",
"delay_s": 0.5}`. `PUT /secret` tells it its callback secret, `GET /jobs` returns the jobs that it
took, `POST /upload` takes files (`GET /jobs` returns them too), and `POST /answer` sends a
callback now, for a job that was told to wait (`"callbacks": 0`).
"""

import base64
import hashlib
import hmac
import json
import threading
import time
import urllib.request
import uuid
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "a-token-for-tests"
jobs: list[dict[str, Any]] = []
uploads: list[dict[str, Any]] = []
secrets: list[str] = []
answered: list[int] = []  # statuses of the callbacks


class Handler(BaseHTTPRequestHandler):
    """Takes jobs and what tests ask of it."""

    def do_GET(self) -> None:
        """Return the jobs, and what the callbacks were answered with."""
        self._respond(200, {"jobs": jobs, "answered": answered, "uploads": uploads})

    def do_PUT(self) -> None:
        """Take the callback secret."""
        secrets[:] = [self._body()["secret"]]
        self._respond(204)

    def do_POST(self) -> None:
        """Take a job, or send a callback now."""
        if self.path == "/upload":
            self._take_file()
            return
        given = self._body()
        if self.path == "/answer":
            job = next(each for each in jobs if each["job_id"] == given["job_id"])
            call_back(job, given)
            self._respond(200, {"answered": answered[-1]})
            return
        script = script_of(given["message"])
        status = script.get("http", 202)
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            status = 401
        if status < 300:
            jobs.append(given)
        self._respond(status)
        if status < 300:
            threading.Thread(target=play, args=(given, script), daemon=True).start()

    def _take_file(self) -> None:
        """Take a file; one with `refuse` in its name is too large."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        parts = message_from_bytes(head + body, policy=default).iter_parts()
        fields = {part.get_param("name", header="content-disposition"): part for part in parts}
        content = {str(name): part.get_content() for name, part in fields.items()}
        is_own = self.headers["Authorization"] == f"Bearer {TOKEN}"
        name = fields["file"].get_filename()
        status = 401 if not is_own else 413 if "refuse" in str(name) else 201
        file = content["file"].decode() if isinstance(content["file"], bytes) else content["file"]
        if status == 201:
            jobs_before = len(jobs)
            uploads.append(content | {"name": name, "file": file, "jobs_before": jobs_before})
        self._respond(status)

    def _body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return body

    def _respond(self, status: int, body: dict[str, Any] | None = None) -> None:
        content = json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def script_of(message: str) -> dict[str, Any]:
    """Return what the first line of a message asks for."""
    first = message.partition("\n")[0]
    script: dict[str, Any] = json.loads(first) if first.startswith("{") else {}
    return script


def play(job: dict[str, Any], script: dict[str, Any]) -> None:
    """Answer a job as its script says."""
    time.sleep(script.get("delay_s", 0))
    for _ in range(script.get("callbacks", 1)):
        call_back(job, {"answer": f"You said: {job['message']}", **script})


def call_back(job: dict[str, Any], script: dict[str, Any]) -> None:
    """Send a signed callback, and note the status of its response."""
    outcome: dict[str, Any] = {"status": "completed", "output": {"answer": script.get("answer")}}
    if "error" in script:
        outcome = {"status": "failed", "error": script["error"]}
    params = job["callback_params"]
    body = json.dumps({"job_id": job["job_id"], "callback_params": params, **outcome}).encode()
    request = urllib.request.Request(  # noqa: S310  an address of the test
        job["callback_url"], data=body, headers=signed(secrets[0], body), method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
            answered.append(response.status)
    except urllib.error.HTTPError as refused:
        answered.append(refused.code)


def signed(secret: str, body: bytes) -> dict[str, str]:
    """Return the headers of a body that is signed by Standard Webhooks."""
    id_, timestamp = str(uuid.uuid4()), str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_address[1], flush=True)  # noqa: T201
        server.serve_forever()
