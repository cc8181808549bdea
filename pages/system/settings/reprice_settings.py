"""Settings, Prices: costs computed anew; what would change is shown first."""

from datetime import UTC, date, datetime, time, timedelta

import pandas as pd
import streamlit as st

from core.ai_metrics.repricing import Reprice, RepriceReport
from core.platform import clock
from core.presentation import words
from core.system import repricing
from core.system.repricing import RepriceRun
from pages._ui import errors, frame, guard, state, tables, text

DAYS, MODEL, REPORT, RUN = "reprice.days", "reprice.model", "reprice.report", "reprice.run"
LOOK_EVERY_S = 2.0
SHOWN_FOR = timedelta(days=1)
WAITING = {"queued": "queued", "running": "running"}


def draw() -> None:
    """Draw the form, and what it would change."""
    frame.section("Reprice", "recalculate AI request costs from these prices · costs reported by senders are kept")
    today = clock.now().date()
    with st.form("reprice", border=True, width=860), st.container(horizontal=True, vertical_alignment="bottom"):
        st.date_input("Days (UTC)", (today - timedelta(days=29), today), key=DAYS, width=280)
        st.text_input("Model", key=MODEL, max_chars=200, placeholder="All models", width=280)
        st.form_submit_button("Preview changes", on_click=look)
    with guard.work() as (session, actor):
        run = repricing.find_latest(session, actor=actor)
    report: RepriceReport | None = state.get(REPORT, None)
    if run is not None and run.status in WAITING:
        _follow()
    elif report is not None:
        _draw_report(report)
    elif run is not None and run.id != state.get(RUN, None) and clock.now() - run.started_at < SHOWN_FOR:
        _draw_run(run)


@st.fragment(run_every=LOOK_EVERY_S)
def _follow() -> None:
    """Draw how far the run is, again and again until it has ended; then the page shows what came of it."""
    run: RepriceRun | None = None
    with errors.InWords("Repricing"), guard.work() as (session, actor):
        run = repricing.find_latest(session, actor=actor)
    if run is None:
        return
    if run.status not in WAITING:
        st.rerun()
    with st.container(border=True, width=860, gap="small"):
        frame.section(
            "Calculating preview" if run.report.dry_run else "Repricing", f"{WAITING[run.status]} · you can leave this page"
        )
        done = f"{run.days_done:,} of {words.count(run.days, 'day')}"
        st.progress(run.days_done / max(run.days, 1), f"{done} · {words.count(run.report.requests_changed, 'request')} so far")


def _draw_run(run: RepriceRun) -> None:
    """Draw what the last run has come to."""
    if run.status != "completed":
        why = run.error or "no progress for a long time"
        ended = f"The last run failed after {run.days_done:,} of {words.count(run.days, 'day')}: {why}"
        st.error(text.plain(ended), icon=":material/error:", width=860)
        st.button("Close", key="reprice.close", on_click=state.put, args=(RUN, run.id))
    else:
        _draw_report(run.report, run)


def _draw_report(report: RepriceReport, run: RepriceRun | None = None) -> None:
    with st.container(border=True, width=860, gap="small"):
        counted = f"{report.requests_changed:,} of {words.count(report.requests_examined, 'request')}"
        frame.section(f"{counted} would change" if report.dry_run else f"{counted} changed", _signed(report))
        if report.items:
            tables.show(pd.DataFrame(_rows(report)), "Price differences", key="reprice.differences")
        if run is not None:
            st.caption(text.plain(f"Started by {run.requested_by} on {run.started_at:%-d %b %Y at %H:%M} UTC"))
        with st.container(horizontal=True):
            if report.dry_run and report.requests_changed:
                st.button("Reprice requests", type="primary", key="reprice.go", on_click=reprice, args=(report,))
            st.button("Close", key="reprice.close", on_click=_close, args=(run,))


def _close(run: RepriceRun | None) -> None:
    state.forget(REPORT)
    if run is not None:
        state.put(RUN, run.id)


def _signed(report: RepriceReport) -> str:
    amount = words.money(abs(report.difference_usd)).replace("$", "\\$")
    return f"{amount} {'less' if report.difference_usd < 0 else 'more'}" if report.difference_usd else "total unchanged"


def _rows(report: RepriceReport) -> list[dict[str, object]]:
    return [
        {
            "Provider": item.provider or "(none)",
            "Model": item.model,
            "Requests": item.requests,
            "Before": words.money(item.before_usd),
            "After": words.money(item.after_usd),
            "Newly priced": item.newly_priced,
            "No longer priced": item.no_longer_priced,
        }
        for item in report.items
    ]


@errors.action
def look() -> None:
    """Find out what would change, and change nothing."""
    days: tuple[date, ...] = state.get(DAYS, ())
    if len(days) != 2:
        state.problem("Choose a start and end day.")
        return
    start, end = (datetime.combine(day, time(), UTC) for day in (days[0], days[1] + timedelta(days=1)))
    given = Reprice(dry_run=True, start=start, end=end, model=state.get(MODEL, "").strip() or None)
    _show(repricing.reprice(given, actor=guard.enter()))


@errors.action
def reprice(seen: RepriceReport) -> None:
    """Have changed what was shown."""
    given = Reprice(dry_run=False, start=seen.start, end=seen.end, model=seen.model)
    _show(repricing.reprice(given, actor=guard.enter()))


def _show(answer: RepriceReport | RepriceRun) -> None:
    """Show a report; a run shows itself, and in its place nothing of before."""
    state.forget(REPORT)
    if isinstance(answer, RepriceReport):
        state.put(REPORT, answer)
