"""The patches of Streamlit's internals: all of them, each with its reason."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.safe_session_state import SafeSessionState

Given = ParamSpec("Given")

# More than any page sends; a message of 4 MiB could name two million of each
MOST_WIDGETS, MOST_FILES = 2_000, 2_000


def put_callbacks_first() -> None:
    """Have Streamlit call callbacks before it looks for the next event.

    Left alone, it looks before them, and at each command in one. What it finds breaks the rerun
    off, and the press behind it is forgotten.
    """
    SafeSessionState.on_script_will_rerun = _unbroken(SafeSessionState.on_script_will_rerun)  # type: ignore[method-assign]


def _unbroken(call: Callable[Given, None]) -> Callable[Given, None]:
    @wraps(call)
    def called(*args: Given.args, **kwargs: Given.kwargs) -> None:
        with _looking_at_nothing_else():
            call(*args, **kwargs)

    return called


@contextmanager
def _looking_at_nothing_else() -> Iterator[None]:
    context = get_script_run_ctx()
    asked = vars(context.script_requests) if context and context.script_requests else {}
    asked["on_scriptrunner_yield"] = lambda: None
    try:
        yield
    finally:
        asked.pop("on_scriptrunner_yield", None)


def ignore_unused_messages() -> None:
    """Have Streamlit ignore messages of browsers that no page of the console sends.

    Left alone, it answers them on the event loop while all others wait: it runs git for every
    request of its state, and makes up addresses for as many files as are named.
    """
    handle = AppSession.handle_backmsg

    def handle_used(self: AppSession, msg: BackMsg) -> None:
        if _is_used(msg):
            handle(self, msg)

    AppSession.handle_backmsg = handle_used  # type: ignore[method-assign]


def _is_used(message: BackMsg) -> bool:
    match message.WhichOneof("type"):
        case "rerun_script":
            return len(message.rerun_script.widget_states.widgets) <= MOST_WIDGETS
        case "file_urls_request":
            return len(message.file_urls_request.file_names) <= MOST_FILES
        case "stop_script" | "app_heartbeat":
            return True
        case _:
            return False
