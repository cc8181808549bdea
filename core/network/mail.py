"""Send mail through the configured SMTP server."""

import logging
import smtplib
import ssl
from contextlib import closing, suppress
from email.message import EmailMessage
from threading import Timer

from core.errors import ProviderFailed
from core.network.cancellation import CancelToken
from core.platform.config import SmtpTls, config

log = logging.getLogger("attune.mail")
TIMEOUT_S = 15.0  # of each answer


class MailFailed(ProviderFailed):
    """The mail server did not accept the message."""

    code = "mail_failed"


class _MailServer(smtplib.SMTP):
    """A mail server each of whose answers ends in time: a socket's timeout begins anew with
    each part of one.
    """

    def getreply(self) -> tuple[int, bytes]:
        cancel_token = CancelToken()
        timer = Timer(TIMEOUT_S, cancel_token.cancel)
        with cancel_token.waiting_on(self.sock):  # type: ignore[arg-type]  # it is connected
            timer.start()
            try:
                return super().getreply()
            finally:
                timer.cancel()


class _TlsMailServer(_MailServer, smtplib.SMTP_SSL):
    """A mail server that is reached through TLS."""


def is_set_up() -> bool:
    """Whether a mail server is configured."""
    return config().smtp_host is not None


def send(message: EmailMessage) -> None:
    """Send a message from the configured address; raise MailFailed."""
    settings = config()
    message["From"] = settings.smtp_from
    try:
        server = _connected(settings.smtp_host or "", settings.smtp_port, settings.smtp_tls)
        with closing(server):
            if settings.smtp_user is not None and settings.smtp_password is not None:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            server.send_message(message)
            with suppress(OSError):  # it was accepted, whatever the server answers to this
                server.quit()
    except OSError as error:  # smtplib's exceptions are of this class, too
        log.warning("the mail server did not accept a message", extra={"error": str(error)})
        raise MailFailed from error


def _connected(host: str, port: int, tls: SmtpTls) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if tls is SmtpTls.TLS:
        return _TlsMailServer(host, port, timeout=TIMEOUT_S, context=context)
    server = _MailServer(host, port, timeout=TIMEOUT_S)
    if tls is SmtpTls.STARTTLS:
        server.starttls(context=context)
    return server
