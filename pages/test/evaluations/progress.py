"""The progress of a run, and of all runs of a list: both are read again every few seconds."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import streamlit as st

from core.evaluations.views import EvaluationProgress
from core.platform import clock
from core.presentation import formatting
from pages._ui import errors, text

State = tuple[str | None, EvaluationProgress | None]
LATE = timedelta(minutes=1)
REDRAWS = 10  # of the page's figures in a run


def draw(began_as: str, done: int, read: Callable[[], State]) -> None:
    """Draw how far a run is; the page, drawn with `done` results, is drawn again when more of them
    are there, and when its status has changed.
    """

    @st.fragment(run_every=1.0)
    def progress() -> None:
        with errors.InWords("Evaluation"):
            status, told = read()
            if status != began_as or told is None or _is_news(told, done):
                st.rerun()
            words = f"{told.done:,} of {told.total:,} results"
            if told.waiting:
                words += f" · {told.waiting:,} waiting for your app"
            if told.left_s is not None:
                words += f" · about {formatting.duration(told.left_s * 1000)} left"
            if told.estimated_usd:
                words += f" · about {formatting.money(told.estimated_usd)} in all"
            st.progress(told.done / told.total, text.plain(words))
            if told.is_waiting:
                st.caption("To go on, run attune_client again with the same idempotency key.")

    progress()


def follow_late(done: int, cancelled_at: datetime, read: Callable[[], State]) -> None:
    """Draw the page of a cancelled run again when one of the calls that were under way ends."""
    until = cancelled_at + LATE
    if clock.now() > until:
        return

    @st.fragment(run_every=2.0)
    def late() -> None:
        with errors.InWords("Evaluation"):
            _, told = read()
            if told is None or told.done != done or clock.now() > until:
                st.rerun()

    late()


def draw_together(
    drawn: Mapping[UUID, EvaluationProgress], read: Callable[[], Mapping[UUID, EvaluationProgress]]
) -> None:
    """Draw how far the runs of a list are; the page is drawn again when other ones go on."""

    @st.fragment(run_every=3.0)
    def progress() -> None:
        with errors.InWords("Progress"):
            now = read()
            if now.keys() != drawn.keys():
                st.rerun()
            done, total = sum(it.done for it in now.values()), sum(it.total for it in now.values())
            is_waiting = all(it.is_waiting for it in now.values())
            words = "Waiting for an app" if is_waiting else "Running"
            st.caption(f"{words}: {done:,} of {total:,} results")

    progress()


def _is_news(told: EvaluationProgress, drawn: int) -> bool:
    # The first ones at once: the page says that there are none
    least = told.total // REDRAWS if drawn else 1
    return told.done - drawn >= max(least, 1)
