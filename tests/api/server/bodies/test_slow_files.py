"""Files that take long to be read keep nobody but their sender waiting."""

import threading
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from core.attachments import pdf_files
from core.database.connections import query_slots
from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.factories.identity import person
from tests.faults.program import until

MANY = 45  # more than the threads that answer
FILE = {"name": "slow.pdf", "content": b64encode(b"%PDF-1.4").decode()}


class SlowFiles:
    """Reads files when it may, and counts how many wait for that."""

    def __init__(self) -> None:
        self.may_end, self.has_begun = threading.Event(), threading.Event()
        self.running = self.most = 0
        self._lock = threading.Lock()

    def text_of(self, _content: bytes) -> bytes:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.has_begun.set()
        assert self.may_end.wait(120)
        with self._lock:
            self.running -= 1
        return b"text"


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowFiles]:
    files = SlowFiles()
    monkeypatch.setattr(pdf_files, "text_of", files.text_of)
    yield files
    files.may_end.set()


def send(sender: httpx2.Client) -> httpx2.Response:
    message = {"message": "What is this?", "model": "fake:echo", "attachments": [FILE]}
    return sender.post("/admin/playground/chat", json=message)


def test_others_go_on_while_one_account_sends_many(client: Client, slow: SlowFiles) -> None:
    sender, someone = client(person(Role.ADMIN)), client(person(Role.ADMIN))
    # The client builds the reference once, before many wait for it
    assert someone.get("/templates").status_code == 200

    with ThreadPoolExecutor(MANY) as pool:
        sent = [pool.submit(send, sender) for _ in range(MANY)]
        assert slow.has_begun.wait(20)
        assert someone.get("/admin/playground/sessions", timeout=20).status_code == 200
        assert someone.get("/templates", timeout=20).status_code == 200
        most = slow.most
        slow.may_end.set()
        assert {each.result(60).status_code for each in sent} == {202}
    assert most <= query_slots.OF_ONE_ACCOUNT


def test_reports_go_on_while_files_of_several_accounts_are_read(
    client: Client, slow: SlowFiles
) -> None:
    # One PDF is read at a time, and those that waited held all slots of queries
    many = query_slots.AT_ONCE
    senders, someone = [client(person(Role.ADMIN)) for _ in range(2)], client(person(Role.ADMIN))
    with ThreadPoolExecutor(2 * many) as pool:
        sent = [pool.submit(send, senders[number % 2]) for number in range(2 * many)]
        until(lambda: slow.running == many, 20)
        assert someone.get("/admin/releases", timeout=20).status_code == 200
        slow.may_end.set()
        assert {each.result(60).status_code for each in sent} == {202}
