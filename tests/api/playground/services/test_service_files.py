"""Files reach a real service at its upload address, before their job."""

from collections.abc import Iterator
from uuid import UUID

import httpx2
import pytest

from core.database.db import transaction
from core.identity.schemas import Role
from core.playground.service import answers
from tests.api.conftest import Client
from tests.api.playground.services.test_callbacks import answer_of, ask
from tests.factories.attachments import PDF, file
from tests.factories.identity import person
from tests.factories.services import ChatService, call_back, chat_service, deliver_jobs, register

NOTES, PLAN = file("nötes.txt", "The code is 4711."), file("plan.pdf", PDF)


@pytest.fixture(scope="module")
def service() -> Iterator[ChatService]:
    with chat_service() as started:
        yield started


@pytest.fixture
def boss(client: Client) -> httpx2.Client:
    return client(person(Role.ADMIN))


@pytest.fixture
def secret(boss: httpx2.Client, service: ChatService) -> str:
    """Register the service as the active one, and return its callback secret."""
    added = register(boss, service.url, upload_url=service.upload_url)
    return str(added["callback_secret"])


WAIT = '{"callbacks": 0}\n'


@pytest.mark.usefixtures("secret")
def test_each_file_is_sent_with_its_job_before_the_job(
    boss: httpx2.Client, service: ChatService
) -> None:
    sent = ask(boss, f"{WAIT}with two files", attachments=[NOTES, PLAN])
    deliver_jobs()
    uploads = [each for each in service.taken()["uploads"] if each["job_id"] == sent["job_id"]]
    assert [(each["name"], each["file"]) for each in uploads] == [
        ("nötes.txt", "The code is 4711."),
        ("plan.pdf", PDF.decode()),
    ]
    ids = [each["id"] for each in sent["user_message"]["attachments"]]
    assert [each["file_id"] for each in uploads] == ids
    [job] = service.jobs_with("with two files")
    assert all(service.taken()["jobs"].index(job) >= each["jobs_before"] for each in uploads)
    assert job["message"] == f"{WAIT}with two files"


@pytest.mark.usefixtures("secret")
def test_a_job_is_not_sent_without_a_file_that_its_service_refuses(
    boss: httpx2.Client, service: ChatService
) -> None:
    sent = ask(boss, "refused file", attachments=[file("refuse.txt", "x")])
    deliver_jobs()
    with transaction() as session:
        answers.settle(session, UUID(sent["job_id"]))
    answer = answer_of(boss, sent)
    assert answer["status"] == "failed"
    assert answer["error"]["detail"] == "The service refused the file (413)."
    assert service.jobs_with("refused file") == []


def test_earlier_files_are_named_in_the_history_of_a_service(
    boss: httpx2.Client, service: ChatService, secret: str
) -> None:
    first = ask(boss, f"{WAIT}look at it", attachments=[NOTES])
    deliver_jobs()
    call_back(boss, secret, first["job_id"], "seen")
    ask(boss, f"{WAIT}what now", session_id=first["session_id"])
    deliver_jobs()
    [job] = service.jobs_with("what now")
    assert job["history"][0]["content"] == f"{WAIT}look at it\n\n[Attached file: nötes.txt]"


def test_a_service_without_an_upload_address_refuses_files_in_words(
    boss: httpx2.Client, service: ChatService
) -> None:
    register(boss, service.url)
    body = {"message": "x", "attachments": [NOTES]}
    refused = boss.post("/admin/playground/chat", json=body)
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("The active service has no upload address")
