"""The report of a recalculation of costs, and the button that applies it."""

from datetime import UTC, timedelta

import streamlit as st

from core.ai_metrics.repricing import Reprice, RepriceReport, RequestSource
from core.presentation import formatting
from core.system.service import reprice_runs
from core.system.service.reprice_runs import RepriceRun
from pages._ui import columns, errors, frame, guard, state, tables, text

REPORT, RUN = "reprice.report", "reprice.run"
SOURCES = {RequestSource.SENDER: "AI requests", RequestSource.PLAYGROUND: "Playground"}


def draw(report: RepriceReport, run: RepriceRun | None = None) -> None:
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
def reprice(seen: RepriceReport) -> None:
    """Apply the previewed changes."""
    given = Reprice(dry_run=False, start=seen.start, end=seen.end, model=seen.model)
    show(reprice_runs.reprice(given, actor=guard.enter()))


def show(answer: RepriceReport | RepriceRun) -> None:
    """Show a report; a background run is followed by the settings."""
    state.forget(REPORT)
    if isinstance(answer, RepriceReport):
        state.put(REPORT, answer)
