"""Failures as text: what happened, what to do and a reference to the log. Never a traceback."""

import logging
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.database.connections.availability import is_outage
from core.errors import Failure, Forbidden, Invalid, NotSignedIn, Unavailable
from core.platform.ids import new_id
from core.presentation.periods import RangeRefused
from pages._ui import frame, state, text

log = logging.getLogger("attune.console")

Given = ParamSpec("Given")
Drawn = TypeVar("Drawn")


class FileUploading(Invalid):
    """Wait until the file is uploaded."""


def action(act: Callable[Given, None]) -> Callable[Given, None]:
    """Make a function a widget's callback: a failure becomes a toast, and an ended session ends the
    page.
    """

    @wraps(act)
    def acted(*args: Given.args, **kwargs: Given.kwargs) -> None:
        try:
            act(*args, **kwargs)
        except NotSignedIn:
            return  # the rerun that follows finds the same, and shows the way to sign in
        except Failure as failure:
            state.problem(failure.detail)

    return acted


def part(what: str) -> Callable[[Callable[Given, Drawn]], Callable[Given, Drawn | None]]:
    """Make a function draw one part of a page: when it is unavailable it says so, returns None, and
    the others remain.
    """

    def made(draw: Callable[Given, Drawn]) -> Callable[Given, Drawn | None]:
        @wraps(draw)
        def drawn(*args: Given.args, **kwargs: Given.kwargs) -> Drawn | None:
            try:
                return draw(*args, **kwargs)
            except Unavailable as failure:  # all else is true of the whole page
                frame.error_state(
                    _not_loaded(what), failure.detail, retry=True, is_outage=is_outage(failure)
                )
                return None

        return drawn

    return made


def _not_loaded(what: str) -> str:
    """Return "Could not load <part>", lower case unless the part starts with an acronym."""
    return f"Could not load {what if what[1:2].isupper() else what[:1].lower() + what[1:]}"


class InWords:
    """Shows a failure of core in place of a page or a part of it; `what` is its heading."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        match error:
            case NotSignedIn():
                frame.leave()
            case Forbidden():
                frame.error_state("You don't have access to this page", error.detail)
            case RangeRefused():  # trying again would ask for the same days
                with frame.empty_state(
                    "event_busy", "Invalid date range", text.plain(error.detail)
                ):
                    st.button(
                        "Show last 7 days", key=f"days.{self.what}", on_click=st.query_params.clear
                    )
            case Failure():
                away = isinstance(error, Unavailable) and is_outage(error)
                frame.error_state(_not_loaded(self.what), error.detail, retry=True, is_outage=away)
            case _:
                return False
        return True


class InForm:
    """Shows why a form was refused in `place`; the form stays as it is."""

    def __init__(self, place: DeltaGenerator) -> None:
        self.place = place

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        match error:
            case NotSignedIn():
                frame.leave()
            case Failure():
                self.place.error(text.plain(error.detail), icon=":material/error:")
            case _:
                return False
        return True


def on_script_error(error: Exception) -> bool:
    """Show an unexpected error with the reference under which the log has the details."""
    incident = str(new_id())
    log.error("a page failed", exc_info=error, extra={"incident": incident})
    body = (
        "An unexpected error occurred. Other pages still work. Quote the reference to your "
        "administrator."
    )
    frame.error_state("Something went wrong", body, incident, retry=True)
    return True


def say_what_happened() -> None:
    """Show the toast or problem of the last action."""
    if words := state.take(state.TOAST):
        link = state.take(state.TOAST_LINK)
        shown = f"{text.plain(words)} · {link}" if link else text.plain(words)
        st.toast(shown, icon=":material/check:", duration="long" if link else "short")
    if words := state.take(state.PROBLEM):
        st.toast(text.plain(words), icon=":material/error:", duration="long")
