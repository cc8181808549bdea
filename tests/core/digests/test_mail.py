"""Digests are sent to their subscribers, once each, through a real mail server."""

import smtplib
import ssl
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from sqlalchemy import text

from core.database import settings
from core.database.db import Database, transaction
from core.digests import jobs, queries
from core.digests.service import subscriptions
from core.errors import StartRefused
from core.identity.schemas import Actor, Role
from core.jobs import outbox, queue
from core.network.mail import MailFailed
from core.platform.config import config
from core.saved_views.schemas import ViewPage
from core.system import jobs as system_jobs
from tests.core.jobs import worker
from tests.factories import digests
from tests.factories.identity import person
from tests.factories.servers import certificate
from tests.ports import free_port

DEFERRED = "select args from procrastinate_jobs where task_name = 'digests.send' order by id"
PASSWORD = "a password of the mail server"


class Mailbox:
    """Keeps what a mail server takes; while it is full, the server refuses."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.is_full = False

    async def handle_DATA(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take a message."""
        if self.is_full:
            return "452 Insufficient system storage"
        assert isinstance(envelope.content, bytes)
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.messages.append(parsed)
        self.recipients += envelope.rcpt_tos
        return "250 OK"


def checked(
    _server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: object
) -> AuthResult:
    is_right = given == LoginPassword(b"attune", PASSWORD.encode())
    return AuthResult(success=is_right, handled=is_right)


@pytest.fixture
def mailbox(database: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Mailbox]:
    """Serve mail over STARTTLS, and let Attune send by it."""
    box = Mailbox()
    server = Controller(
        box,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=checked,
        auth_required=True,
        tls_context=certificate("localhost", tmp_path).server,
        require_starttls=True,
    )
    server.start()
    use(
        monkeypatch,
        HOST="localhost",
        PORT=str(server.port),
        USER="attune",
        PASSWORD=PASSWORD,
        FROM="attune@example.com",
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    yield box
    server.stop()
    monkeypatch.undo()
    config.cache_clear()


def use(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"SMTP_{name}", value)
    config.cache_clear()


def subscriber(role: Role = Role.ANALYST, email: str | None = None) -> Actor:
    actor = person(role, email=email).actor
    with transaction() as session:
        subscriptions.subscribe(session, is_wanted=True, actor=actor)
    return actor


def relay_and_send(*, times: int = 1) -> None:
    """Deliver the outbox, and run each job that sends a digest."""
    outbox.relay(Database.CORE)
    with transaction() as session:
        deferred = [row.args for row in session.execute(text(DEFERRED))]
    for arguments in deferred * times:
        jobs.send(**arguments)


def test_subscribers_get_the_digest_as_they_would_read_it(mailbox: Mailbox) -> None:
    ann, bob = (subscriber(email=f"{name}@example.com") for name in ("ann", "bob"))
    person(Role.ANALYST, email="nobody@example.com")
    digests.two_weeks(errors=4)
    digests.kept_view(ann, "<b>Ann's</b> & more", ViewPage.AI_METRICS)
    digests.write()
    relay_and_send()
    mails = {str(message["To"]): message for message in mailbox.messages}
    assert set(mails) == {"ann@example.com", "bob@example.com"}
    plain, html = (
        mails["ann@example.com"].get_body((kind,)).get_content()  # type: ignore[union-attr]
        for kind in ("plain", "html")
    )
    assert "Error rate: 40.0%, previously 1.4% (+38.57 pts) · Overview" in plain
    assert f"{config().address}/ai-metrics?" in plain
    assert "<b>Ann's</b> & more" in plain
    assert "&lt;b&gt;Ann&#x27;s&lt;/b&gt; &amp; more" in html
    assert "<b>" not in html
    assert "Ann's" not in mails["bob@example.com"].as_string()
    assert bob.id != ann.id


@pytest.mark.parametrize(
    "email",
    ["müller@example.com", "a@müller.example", "a..b@example.com", '"a,b"@example.com'],
)
def test_every_address_that_an_account_may_have_gets_the_digest(
    mailbox: Mailbox, email: str
) -> None:
    subscriber(email=email)
    digests.two_weeks()
    digests.write()
    relay_and_send()
    assert mailbox.recipients == [email]


def test_a_mail_server_that_hangs_keeps_only_long_jobs_waiting(mailbox: Mailbox) -> None:
    # Four such jobs held all places of the usual queue: no heartbeat or evaluation ran
    subscriber()
    digests.two_weeks()
    digests.write()
    outbox.relay(Database.CORE)
    with transaction() as session:
        queues = session.scalars(text(DEFERRED.replace("args", "queue_name"))).all()
    assert queues == [queue.LONG]


@pytest.mark.parametrize("may_read", [False, True])
def test_an_analyst_who_may_read_messages_gets_the_sections_of_them(
    mailbox: Mailbox, may_read: bool
) -> None:
    # The digest was of the role alone, without what the workspace allows it
    subscriber(Role.ANALYST)
    with transaction() as session:
        settings.write(session, settings.Workspace(analysts_read_messages=may_read), by=None)
    digests.two_weeks()
    admin = person(Role.ADMIN).actor
    digests.kept_view(admin, "Talks about refunds", ViewPage.CONVERSATIONS, is_shared=True)
    digests.write()
    relay_and_send()
    [message] = mailbox.messages
    body = message.get_body(("plain",))
    assert body is not None
    assert ("Talks about refunds" in body.get_content()) is may_read


def test_a_digest_is_sent_once_whatever_is_delivered_twice(mailbox: Mailbox) -> None:
    subscriber()
    digests.two_weeks()
    digests.write()
    with transaction() as session:
        [payload] = session.scalars(text("select payload from outbox where topic like 'digest%'"))
    jobs.deliver(payload)
    relay_and_send(times=2)
    assert len(mailbox.messages) == 1


def test_a_refused_digest_is_sent_when_the_job_is_tried_again(
    mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    subscriber()
    digests.two_weeks()
    digests.write()
    mailbox.is_full = True
    with pytest.raises(MailFailed) as refused:
        relay_and_send()
    assert isinstance(refused.value.__cause__, smtplib.SMTPException)
    # The queue logs the last of its ten attempts only
    [logged] = [record for record in caplog.records if record.name == "attune.mail"]
    assert "Insufficient system storage" in vars(logged)["error"]
    mailbox.is_full = False
    relay_and_send()
    assert len(mailbox.messages) == 1


def test_a_digest_that_was_refused_has_failed_until_it_is_sent(mailbox: Mailbox) -> None:
    reader = subscriber()
    digests.two_weeks()
    digests.write()
    outbox.relay(Database.CORE)

    def failed_at() -> datetime | None:
        with transaction() as session:
            return queries.last_email_failure(session, actor=reader)

    assert failed_at() is None
    mailbox.is_full = True
    worker.do(system_jobs.heartbeat.name, timestamp=0)
    assert failed_at() is not None
    mailbox.is_full = False
    with transaction() as session:
        session.execute(text("update procrastinate_jobs set scheduled_at = null"))
    worker.do(system_jobs.heartbeat.name, timestamp=0)
    assert len(mailbox.messages) == 1
    with transaction() as session:
        # As Attune's own worker does at once
        session.execute(text("delete from procrastinate_jobs where status = 'succeeded'"))
    assert failed_at() is None


def test_who_left_or_unsubscribed_meanwhile_gets_none(mailbox: Mailbox) -> None:
    actor = subscriber()
    digests.two_weeks()
    digests.write()
    outbox.relay(Database.CORE)
    with transaction() as session:
        subscriptions.subscribe(session, is_wanted=False, actor=actor)
    relay_and_send()
    assert mailbox.messages == []


def test_a_wrong_password_fails_without_saying_it(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscriber()
    digests.two_weeks()
    digests.write()
    use(monkeypatch, PASSWORD="a wrong one")
    with pytest.raises(MailFailed) as failed:
        relay_and_send()
    assert "a wrong one" not in f"{failed.value} {failed.value.__cause__}"


def test_a_server_that_cannot_prove_its_name_gets_neither_password_nor_digest(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscriber()
    digests.two_weeks()
    digests.write()
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(MailFailed) as failed:
        relay_and_send()
    assert isinstance(failed.value.__cause__, ssl.SSLCertVerificationError)
    assert mailbox.messages == []


def test_without_a_mail_server_nothing_is_queued(database: object) -> None:
    subscriber()
    digests.two_weeks()
    assert digests.write()
    outbox.relay(Database.CORE)
    with transaction() as session:
        assert session.execute(text(DEFERRED)).all() == []


@pytest.mark.parametrize("name", ["USER", "PASSWORD"])
def test_a_sign_in_that_the_mail_protocol_cannot_carry_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    given = {"HOST": "127.0.0.1", "FROM": "a@example.com", "USER": "a", "PASSWORD": "a"}
    use(monkeypatch, **{**given, name: "größer"})
    with pytest.raises(StartRefused, match=f"SMTP_{name}: must be of ASCII") as refused:
        config()
    assert "größer" not in str(refused.value)
    monkeypatch.undo()
    config.cache_clear()


def test_a_mail_server_needs_a_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, HOST="127.0.0.1")
    with pytest.raises(StartRefused, match="SMTP_FROM"):
        config()
    monkeypatch.undo()
    config.cache_clear()
