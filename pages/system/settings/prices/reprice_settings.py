"""Settings, Prices: recalculation of costs, with a preview of the changes."""

from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from core.ai_metrics.repricing import Reprice, RepriceReport, RequestSource
from core.platform import clock
from core.presentation import formatting
from core.system.service import reprice_runs
from core.system.service.reprice_runs import RepriceRun
from pages._ui import columns, errors, frame, guard, state, tables, text

DAYS, MODEL, REPORT, RUN = "reprice.days", "reprice.model", "reprice.report", "reprice.run"
LOOK_EVERY_S = 2.0
SHOWN_FOR = timedelta(days=1)
SOURCES = {RequestSource.SENDER: "AI requests", RequestSource.PLAYGROUND: "Playground"}
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
    report: RepriceReport | None = state.get(REPORT, None)
    if run is not None and run.status in WAITING:
        _follow()
    elif report is not None:
        _draw_report(report)
    elif (
        run is not None
        and run.id != state.get(RUN, None)
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
        st.button("Close", key="reprice.close", on_click=state.put, args=(RUN, run.id))
    else:
        _draw_report(run.report, run)


def _draw_report(report: RepriceReport, run: RepriceRun | None = None) -> None:
    with st.container(border=True, width=860, gap="small"):
        counted = (
            f"{report.requests_changed:,} of "
            f"{formatting.count(report.requests_examined, 'request')}"
        )
        frame.section(
            f"{counted} would change" if report.dry_run else f"{counted} changed", _signed(report)
        )
        # It may be of other choices than those above, or of another admin
        st.caption(text.plain(_scope(report)))
        if report.dry_run and report.requests_examined and not report.requests_changed:
            st.caption(
                "Requests from before a price's first day keep their cost: to change it, add a "
                "price that is valid from an earlier day."
            )
        if report.items:
            rows = _rows(report)
            tables.draw(
                rows, columns.of_cells(rows), "Price differences", key="reprice.differences"
            )
        if run is not None:
            st.caption(
                text.plain(
                    f"Started by {run.requested_by} on {run.started_at:%-d %b %Y at %H:%M} UTC"
                )
            )
        with st.container(horizontal=True):
            if report.dry_run and report.requests_changed:
                st.button(
                    "Reprice requests",
                    type="primary",
                    key="reprice.go",
                    on_click=reprice,
                    args=(report,),
                )
            st.button("Close", key="reprice.close", on_click=_close, args=(run,))


def _close(run: RepriceRun | None) -> None:
    state.forget(REPORT)
    if run is not None:
        state.put(RUN, run.id)


def _scope(report: RepriceReport) -> str:
    first, last = report.start.astimezone(UTC), report.end.astimezone(UTC) - timedelta(seconds=1)
    model = text.one_line(report.model) if report.model else "all models"
    return f"{first:%-d %b %Y} to {last:%-d %b %Y} (UTC) · {model}"


def _signed(report: RepriceReport) -> str:
    # Between two dollar signs, Streamlit would set a formula
    amount = formatting.money(abs(report.difference_usd)).replace("$", "\\$")
    return (
        f"{amount} {'less' if report.difference_usd < 0 else 'more'}"
        if report.difference_usd
        else "total unchanged"
    )


def _rows(report: RepriceReport) -> list[dict[str, object]]:
    return [
        {
            "Source": SOURCES[item.source],
            "Provider": item.provider or "(none)",
            "Model": item.model,
            "Requests": item.requests,
            "Before": formatting.money(item.before_usd),
            "After": formatting.money(item.after_usd),
            "Newly priced": item.newly_priced,
            "No longer priced": item.no_longer_priced,
        }
        for item in report.items
    ]


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
    _show(reprice_runs.reprice(given, actor=guard.enter()))


@errors.action
def reprice(seen: RepriceReport) -> None:
    """Apply the previewed changes."""
    given = Reprice(dry_run=False, start=seen.start, end=seen.end, model=seen.model)
    _show(reprice_runs.reprice(given, actor=guard.enter()))


def _show(answer: RepriceReport | RepriceRun) -> None:
    """Show a report; a background run is followed by `draw`."""
    state.forget(REPORT)
    if isinstance(answer, RepriceReport):
        state.put(REPORT, answer)
