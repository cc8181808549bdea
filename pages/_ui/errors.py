"""Failures of core as a person sees them: words, what to do, and a reference that the log has too. Never a traceback."""

import logging
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import ParamSpec

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.database.db import is_outage
from core.errors import Failure, Forbidden, NotSignedIn, Unavailable
from core.platform.ids import new_id
from core.presentation.periods import RangeRefused
from pages._ui import frame, state, text

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


def part(what: str) -> Callable[[Callable[Given, None]], Callable[Given, None]]:
    """Make a function draw one part of a page: when its figures take too long to come, it says so, and the others remain."""

    def made(draw: Callable[Given, None]) -> Callable[Given, None]:
        @wraps(draw)
        def drawn(*args: Given.args, **kwargs: Given.kwargs) -> None:
            try:
                draw(*args, **kwargs)
            except Unavailable as failure:  # all else is true of the whole page
                frame.error_state(_not_loaded(what), failure.detail, retry=True, is_outage=is_outage(failure))

        return drawn

    return made


def _not_loaded(what: str) -> str:
    """Return the title of a part that did not load, with its name inside the sentence: AI metrics stay AI metrics."""
    return f"Could not load {what if what[1:2].isupper() else what[:1].lower() + what[1:]}"


class InWords:
    """Shows in place of a page, or a part of it, why it cannot be shown."""

    def __init__(self, what: str) -> None:
        """Name the part as a heading would."""
        self.what = what

    def __enter__(self) -> None:
        """Begin the part."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        """Show a failure of core; let everything else through."""
        match error:
            case NotSignedIn():
                frame.leave()
            case Forbidden():
                frame.error_state("You don't have access to this page", error.detail)
            case RangeRefused():  # trying again would ask for the same days
                with frame.empty_state("event_busy", "Invalid date range", text.plain(error.detail)):
                    st.button("Show last 7 days", key=f"days.{self.what}", on_click=st.query_params.clear)
            case Failure():
                away = isinstance(error, Unavailable) and is_outage(error)
                frame.error_state(_not_loaded(self.what), error.detail, retry=True, is_outage=away)
            case _:
                return False
        return True


class InForm:
    """Says in a form why what it holds was refused; the form stays as it is."""

    def __init__(self, place: DeltaGenerator) -> None:
        """Say it in `place`."""
        self.place = place

    def __enter__(self) -> None:
        """Begin to use what the form holds."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        """Show a failure of core; let everything else through."""
        match error:
            case NotSignedIn():
                frame.leave()
            case Failure():
                self.place.error(text.plain(error.detail), icon=":material/error:")
            case _:
                return False
        return True


def on_script_error(error: Exception) -> bool:
    """Say that something broke, and give the reference under which the log has the details."""
    incident = str(new_id())
    log.error("a page failed", exc_info=error, extra={"incident": incident})
    body = "An unexpected error occurred. Other pages still work. Quote the reference to your administrator."
    frame.error_state("Something went wrong", body, incident, retry=True)
    return True


def say_what_happened() -> None:
    """Show the toast or the problem that the last action has left."""
    if words := state.take(state.TOAST):
        st.toast(text.plain(words), icon=":material/check:")
    if words := state.take(state.PROBLEM):
        st.toast(text.plain(words), icon=":material/error:", duration="long")
