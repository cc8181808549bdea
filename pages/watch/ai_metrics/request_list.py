"""AI requests in a table."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.ai_metrics.queries.requests import request_lists
from core.ai_metrics.requests import LatencyRange, RequestOrder, RequestView
from core.ai_metrics.schemas import RequestStatus
from core.ai_metrics.views import LatencyBar
from core.ingest.prompts import arm_of, prompt_of
from core.insights.finding_texts import FAILED_TOOL_CALLS
from core.presentation import formatting
from core.system.queries import deleted_until
from pages._ui import columns, errors, frame, state, tables
from pages._ui.cache import Reads
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages._ui.tables import Sorting, TableColumn
from pages.watch.ai_metrics import request_detail

SHOWN, MOST_PAGES = 10, 20
# With what an empty list says: a request without a latency is in no list by latency
ORDERS = {
    RequestOrder.SLOWEST: ("Slowest", "No requests with a latency"),
    RequestOrder.MOST_EXPENSIVE: ("Most expensive", "No requests with a cost"),
    RequestOrder.NEWEST: ("Newest", "No requests"),
    RequestOrder.FAILED_TOOL_CALLS: (FAILED_TOOL_CALLS, "No requests with failed tool calls"),
}
STATES = {
    RequestStatus.OK: "Succeeded",
    RequestStatus.ERROR: "Failed",
    RequestStatus.PENDING: "Pending",
}
COLOURS = {"Succeeded": "green", "Failed": "red", "Pending": "gray"}
PAGE = "ai-metrics"


@errors.part("Requests")
def draw(reads: Reads, filters: Filters) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(width="content"):
            frame.section("Requests", _note(reads, filters))
        order = st.segmented_control(
            "Order",
            list(ORDERS),
            required=True,
            default=RequestOrder.SLOWEST,
            format_func=lambda each: ORDERS[each][0],
            key="order",
            bind="query-params",
            label_visibility="collapsed",
        )
    # Under other filters the list begins at its first page.
    values = (*filters.chosen.items(), *filters.own.items())
    at = f"ai-metrics.{order}.{hash((filters.period, values))}"
    window = tables.window(at, SHOWN)
    if latency := LatencyRange.read(filters["latency"]):
        _draw_latency(latency)
    # Not as many as the figures count: of some, the latency, the cost or the row is missing
    total = reads.ask(request_lists.count_requests, filters.asked, latency, RequestOrder(order))
    asked = (filters.asked, RequestOrder(order), window, latency)
    rows = reads.ask(request_lists.list_first, *asked)
    if total:
        tables.draw_page(
            window.page(rows, total),
            _columns(rows, filters.period.zone),
            "request",
            name="requests",
            at=at,
            on_open=request_detail.open_,
            sorting=Sorting(order, partial(state.put, "order")),
            most=MOST_PAGES,
        )
    else:
        st.caption(f"{ORDERS[order][1]} match these filters.")
    request_detail.draw_opened(reads, filters.period.zone, rows)


def pick_latency(bar: LatencyBar) -> None:
    """List the requests of a bar of the histogram, or all after a second click."""
    chosen = f"{bar.from_ms}-{bar.to_ms}"
    is_again = filter_state.value_of(PAGE, "latency") == chosen
    filter_state.put(PAGE, latency="" if is_again else chosen)


def _draw_latency(latency: LatencyRange) -> None:
    """Say which latencies are listed."""
    low, high = formatting.duration(latency.from_ms), formatting.duration(latency.to_ms)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"Latency {low} to {high}, newest first")
        st.button(
            "Show all latencies",
            icon=":material/close:",
            type="tertiary",
            on_click=filter_state.put,
            args=(PAGE,),
            kwargs={"latency": ""},
        )


def _note(reads: Reads, filters: Filters) -> str:
    """Say what a click does, and that the figures above count requests that are not listed."""
    note = "click a row for details, a header to sort"
    until = reads.ask(deleted_until, "ai_request_metrics", filters.period.start)
    if until is None:
        return note
    before = formatting.moment(until, filters.period.zone)
    return f"{note} · retention has deleted those from before {before}"


def _columns(rows: Sequence[RequestView], zone: str) -> Sequence[TableColumn[RequestView]]:
    longest = max((row.total_latency_ms or 0 for row in rows), default=0)
    unit, format = columns.duration_unit([longest])
    return [
        columns.moment(
            "Time",
            lambda row: row.created_at,
            zone,
            format="D MMM HH:mm:ss",
            width=130,
            orders={RequestOrder.NEWEST: "↓"},
        ),
        columns.text("Model", lambda row: row.model),
        columns.chip("Status", lambda row: STATES[row.status], COLOURS, width=90),
        columns.bar(
            "Latency",
            lambda row: row.total_latency_ms / unit if row.total_latency_ms is not None else None,
            format=format,
            most=max(longest / unit, 0.001),
            width=150,
            orders={RequestOrder.SLOWEST: "↓"},
        ),
        columns.durations("First token", lambda row: row.first_token_ms, rows),
        columns.number("Tokens in", lambda row: row.input_tokens),
        columns.number("Tokens out", lambda row: row.output_tokens),
        columns.number(
            "Cost",
            lambda row: row.cost_usd,
            format="$%.4f",
            orders={RequestOrder.MOST_EXPENSIVE: "↓"},
        ),
        columns.text("Prompt", prompt_of, is_optional=True),
        columns.text("Arm", arm_of, is_optional=True),
        columns.text("Error", lambda row: row.error_type),
        columns.text("Request", lambda row: row.external_id or str(row.id)),
    ]
