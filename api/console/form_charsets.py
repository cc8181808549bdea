"""Forms that are sent to the console are UTF-8."""

from http import HTTPStatus

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api import errors

UTF_8 = (b"utf-8", b"utf8")
REFUSAL = errors.problem(
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "refused", "Send forms in UTF-8, as browsers do."
)


class FormsInUtf8:
    """Refuses a form that names another charset.

    Streamlit decodes the fields of an uploaded form by any charset that it names, in the event
    loop: 300 KB of punycode took 23 s, in which nobody was answered.
    """

    def __init__(self, console: ASGIApp) -> None:
        self.console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the charset as Starlette does, which reads the form."""
        is_refused = False
        if scope["type"] == "http":
            _, options = parse_options_header(Headers(scope=scope).get("content-type", ""))
            is_refused = options.get(b"charset", UTF_8[0]).lower() not in UTF_8
        app = errors.response(REFUSAL) if is_refused else self.console
        await app(scope, receive, send)
