"""Settings, Prices: costs computed anew; what would change is shown first."""

from datetime import UTC, date, datetime, time, timedelta

import pandas as pd
import streamlit as st

from core import clock, words
from core.ai_metrics import flows
from core.ai_metrics.flows import Reprice, RepriceReport
from pages._ui import errors, frame, guard, state

DAYS, MODEL, REPORT = "reprice.days", "reprice.model", "reprice.report"


def draw() -> None:
    """Draw the form, and what it would change."""
    frame.section("Reprice", "computes the costs of AI requests anew by this table; what senders have reported stays")
    today = clock.now().date()
    with st.form("reprice", border=True, width=860), st.container(horizontal=True, vertical_alignment="bottom"):
        st.date_input("Days (UTC)", (today - timedelta(days=29), today), key=DAYS, width=280)
        st.text_input("Model", key=MODEL, max_chars=200, placeholder="All models", width=280)
        st.form_submit_button("Show what would change", on_click=look)
    report: RepriceReport | None = state.get(REPORT, None)
    if report is not None:
        _draw_report(report)


def _draw_report(report: RepriceReport) -> None:
    with st.container(border=True, width=860, gap="small"):
        counted = f"{report.requests_changed:,} of {words.count(report.requests_examined, 'request')}"
        frame.section(f"{counted} would change" if report.dry_run else f"{counted} changed", _signed(report))
        if report.items:
            st.dataframe(pd.DataFrame(_rows(report)), hide_index=True, row_height=34, height="content", alt="Differences")
        with st.container(horizontal=True):
            if report.dry_run and report.requests_changed:
                st.button("Reprice", type="primary", key="reprice.go", on_click=reprice, args=(report,))
            st.button("Close", key="reprice.close", on_click=state.forget, args=(REPORT,))


def _signed(report: RepriceReport) -> str:
    amount = words.money(abs(report.difference_usd)).replace("$", "\\$")
    return f"{amount} {'less' if report.difference_usd < 0 else 'more'}" if report.difference_usd else "the sum stays"


def _rows(report: RepriceReport) -> list[dict[str, object]]:
    return [
        {
            "Provider": item.provider or "none",
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
        state.problem("Choose the first and the last day.")
        return
    start, end = (datetime.combine(day, time(), UTC) for day in (days[0], days[1] + timedelta(days=1)))
    given = Reprice(dry_run=True, start=start, end=end, model=state.get(MODEL, "").strip() or None)
    state.put(REPORT, flows.reprice_as(given, actor=guard.enter()))


@errors.action
def reprice(seen: RepriceReport) -> None:
    """Change what was shown."""
    given = Reprice(dry_run=False, start=seen.start, end=seen.end, model=seen.model)
    done = flows.reprice_as(given, actor=guard.enter())
    state.put(REPORT, done)
    state.toast(f"{words.count(done.requests_changed, 'request')} repriced")
