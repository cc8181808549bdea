"""AI requests in a table, in the order that is wanted, and the one that is chosen with its steps."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.ai_metrics import charts as ai_charts
from core.ai_metrics.errors import RequestMissing
from core.ai_metrics.queries import request_lists
from core.ai_metrics.requests import RequestDetail, RequestOrder, RequestView
from core.ai_metrics.schemas import RequestStatus
from core.database.paging import Window
from core.presentation import words
from pages._ui import charts, errors, frame, links, state, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import Filters

SHOWN, MOST_PAGES = 10, 20
ORDERS = {RequestOrder.SLOWEST: "Slowest", RequestOrder.DEAREST: "Most expensive", RequestOrder.NEWEST: "Newest"}
STATES = {RequestStatus.OK: "Succeeded", RequestStatus.ERROR: "Failed", RequestStatus.PENDING: "Pending"}
CHOSEN = "request"


@errors.part("Requests")
def draw(reads: Reads, filters: Filters, total: int) -> None:
    """Draw the requests, and the chosen one."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(width="content"):
            frame.section("Requests", "select a row for details")
        order = st.segmented_control(
            "Order",
            list(ORDERS),
            required=True,
            default=RequestOrder.SLOWEST,
            format_func=lambda each: ORDERS[each],
            key="order",
            bind="query-params",
            label_visibility="collapsed",
        )
    # Under other filters the list begins at its first page.
    at = f"ai-metrics.{order}.{hash((filters.period, tuple(filters.chosen.items())))}"
    window = Window(SHOWN, (state.get(f"{at}.page", 1) - 1) * SHOWN)
    draw_table(
        reads.ask(request_lists.list_first, filters.asked, RequestOrder(order), window),
        filters.period.zone,
        f"{at}.{window.offset}",
    )
    tables.draw_pages(total, SHOWN, at, most=MOST_PAGES)
    if wanted := st.query_params.get(CHOSEN):
        draw_chosen(reads, wanted, filters.period.zone)


def draw_table(rows: Sequence[RequestView], zone: str, key: str) -> None:
    """Draw one page of rows."""
    longest = max((row.total_latency_ms or 0 for row in rows), default=0) / 1000
    table = pd.DataFrame(
        {
            "Time": [row.created_at for row in rows],
            "Model": [row.model for row in rows],
            "Status": [[STATES[row.status]] for row in rows],
            "Latency": [row.total_latency_ms / 1000 if row.total_latency_ms is not None else None for row in rows],
            "First token": [row.first_token_ms / 1000 if row.first_token_ms is not None else None for row in rows],
            "Tokens in": [row.input_tokens for row in rows],
            "Tokens out": [row.output_tokens for row in rows],
            "Cost": [float(row.cost_usd) if row.cost_usd is not None else None for row in rows],
            "Error": [row.error_type or "" for row in rows],
            "Request": [row.external_id or str(row.id) for row in rows],
        }
    )
    table["Time"] = pd.to_datetime(table["Time"], utc=True).dt.tz_convert(zone)
    column = st.column_config
    columns = {
        "Time": column.DatetimeColumn(format="D MMM HH:mm:ss", width=130),
        "Status": column.MultiselectColumn(options=list(STATES.values()), color=["green", "red", "gray"], width="small"),
        "Latency": column.ProgressColumn(format="%.1f s", min_value=0, max_value=max(longest, 0.001), width="medium"),
        "First token": column.NumberColumn(format="%.2f s"),
        "Tokens in": column.NumberColumn(format="localized"),
        "Tokens out": column.NumberColumn(format="localized"),
        "Cost": column.NumberColumn(format="$%.4f"),
    }

    def picked(number: int) -> None:
        st.query_params[CHOSEN] = str(rows[number].id)

    tables.show(table, words.count(len(rows), "request"), key=key, columns=columns, on_pick=picked, on_drop=close)


def close() -> None:
    """Show no single request, from a callback."""
    st.query_params.pop(CHOSEN, None)


def draw_chosen(reads: Reads, wanted: str, zone: str) -> None:
    """Draw one request: its facts, its steps, and the way to its conversation."""
    try:
        request = reads.ask(request_lists.get_request, wanted)
    except RequestMissing as missing:
        frame.empty_state("search_off", "Request not found", missing.detail)
        return
    facts = [words.moment(request.created_at, zone), request.model, *_facts(request)]
    with watch.panel("Request details", text.plain(" · ".join(facts))), st.container(border=True, gap="small"):
        if request.error_type or request.error_message:
            said = ": ".join(filter(None, (request.error_type, request.error_message)))
            st.markdown(f":red[:material/error:] {text.plain(said[:500])}")
        charts.show(ai_charts.steps_of_request(charts.palette(), request), "ai-metrics.steps")
        if not request.steps:
            st.caption("No steps were sent with this request.")
        _draw_ways_on(request)


def _facts(request: RequestDetail) -> list[str]:
    tokens = f"{request.input_tokens or 0:,} tokens in, {request.output_tokens or 0:,} out"
    first = f"first token {words.duration(request.first_token_ms)}" if request.first_token_ms is not None else ""
    release = f"release {request.release}" if request.release else ""
    return [
        each for each in (words.duration(request.total_latency_ms), first, tokens, words.money(request.cost_usd), release) if each
    ]


def _draw_ways_on(request: RequestDetail) -> None:
    with st.container(horizontal=True, gap="medium"):
        if request.conversation_id is not None:
            name = str(request.conversation_id)
            links.draw("tuning", "Open conversation", icon="forum", conversation=name)
            links.draw("ai-metrics", "All requests in this conversation", icon="filter_alt", conversation=name, days="90")
        if request.user_id is not None:
            links.draw("users", "Open user", icon="person", user=str(request.user_id))
