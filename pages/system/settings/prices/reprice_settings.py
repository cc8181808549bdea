"""Settings, Prices: recalculation of costs, with a preview of the changes."""

from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from core.ai_metrics.repricing import Reprice, RepriceReport
from core.platform import clock
from core.presentation import formatting
from core.system.service import reprice_runs
from core.system.service.reprice_runs import RepriceRun
from pages._ui import errors, frame, guard, state, text
from pages.system.settings.prices import reprice_report

DAYS, MODEL = "reprice.days", "reprice.model"
LOOK_EVERY_S = 2.0
SHOWN_FOR = timedelta(days=1)
WAITING = {"queued": "queued", "running": "running"}


def draw() -> None:
    frame.section(
        "Reprice",
        "recalculate costs of AI requests and the playground · costs reported by senders are kept",
    )
    today = clock.now().date()
    with (
        st.form("reprice", border=True, width=860),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.date_input("Days (UTC)", (today - timedelta(days=29), today), key=DAYS, width=280)
        st.text_input("Model", key=MODEL, max_chars=200, placeholder="All models", width=280)
        st.form_submit_button("Preview changes", on_click=look)
    with guard.work() as (session, actor):
        run = reprice_runs.find_latest(session, actor=actor)
    report: RepriceReport | None = state.get(reprice_report.REPORT, None)
    if run is not None and run.status in WAITING:
        _follow()
    elif report is not None:
        reprice_report.draw(report)
    elif (
        run is not None
        and run.id != state.get(reprice_report.RUN, None)
        and clock.now() - run.started_at < SHOWN_FOR
    ):
        _draw_run(run)


@st.fragment(run_every=LOOK_EVERY_S)
def _follow() -> None:
    """Draw the run's progress until it ends, then rerun the page."""
    run: RepriceRun | None = None
    with errors.InWords("Repricing"), guard.work() as (session, actor):
        run = reprice_runs.find_latest(session, actor=actor)
    if run is None:
        return
    if run.status not in WAITING:
        st.rerun()
    with st.container(border=True, width=860, gap="small"):
        frame.section(
            "Calculating preview" if run.report.dry_run else "Repricing",
            f"{WAITING[run.status]} · you can leave this page",
        )
        done = f"{run.days_done:,} of {formatting.count(run.days, 'day')}"
        st.progress(
            run.days_done / max(run.days, 1),
            f"{done} · {formatting.count(run.report.requests_changed, 'request')} so far",
        )


def _draw_run(run: RepriceRun) -> None:
    """Draw the result of the last run."""
    if run.status != "completed":
        why = run.error or "no progress for a long time"
        ended = (
            f"The last run failed after {run.days_done:,} of "
            f"{formatting.count(run.days, 'day')}: {why}"
        )
        st.error(text.plain(ended), icon=":material/error:", width=860)
        st.button(
            "Close", key="reprice.close", on_click=state.put, args=(reprice_report.RUN, run.id)
        )
    else:
        reprice_report.draw(run.report, run)


@errors.action
def look() -> None:
    """Preview the changes."""
    days: tuple[date, ...] = state.get(DAYS, ())
    if len(days) != 2:
        state.problem("Choose a start and end day.")
        return
    start, end = (
        datetime.combine(day, time(), UTC) for day in (days[0], days[1] + timedelta(days=1))
    )
    given = Reprice(dry_run=True, start=start, end=end, model=state.get(MODEL, "").strip() or None)
    reprice_report.show(reprice_runs.reprice(given, actor=guard.enter()))
