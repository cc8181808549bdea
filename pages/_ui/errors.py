"""Failures of core as a person sees them: words, what to do, and a reference that the log has too. Never a traceback."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

import streamlit as st

from core.errors import Failure, Forbidden, NotSignedIn, Unavailable
from core.tables import new_id
from pages._ui import frame, state

log = logging.getLogger("attune.console")

Given = ParamSpec("Given")


def action(act: Callable[Given, None]) -> Callable[Given, None]:
    """Make a function a widget's callback: what it refuses is said in a toast, and a session that is over ends the page."""

    @wraps(act)
    def acted(*args: Given.args, **kwargs: Given.kwargs) -> None:
        try:
            act(*args, **kwargs)
        except NotSignedIn:
            return  # the rerun that follows finds the same, and shows the way to sign in
        except Failure as failure:
            state.problem(failure.detail)

    return acted


@contextmanager
def in_words(what: str) -> Iterator[None]:
    """Show in place of a page or a part of it why it cannot be shown."""
    try:
        yield
    except NotSignedIn:
        frame.leave()
    except Forbidden as failure:
        frame.error_state("Not for your role", failure.detail)
    except Unavailable as failure:
        frame.error_state(f"{what} did not load", failure.detail, retry=True)
    except Failure as failure:
        frame.error_state(f"{what} did not load", failure.detail, retry=True)


def on_script_error(error: Exception) -> bool:
    """Say that something broke, and give the reference under which the log has the details."""
    incident = str(new_id())
    log.error("a page failed", exc_info=error, extra={"incident": incident})
    frame.error_state(
        "Something broke on our side", "The log has the details. Other pages still work.", incident, retry=True
    )
    return True


def say_what_happened() -> None:
    """Show the toast or the problem that the last action has left."""
    if words := state.take(state.TOAST):
        st.toast(words, icon=":material/check:")
    if words := state.take(state.PROBLEM):
        st.toast(words, icon=":material/error:", duration="long")
