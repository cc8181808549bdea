"""The patches of Streamlit's internals: all of them, each with its reason."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.safe_session_state import SafeSessionState

Given = ParamSpec("Given")


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
