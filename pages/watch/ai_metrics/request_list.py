"""AI requests in a table, each with its steps in a drawer."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.ai_metrics import step_charts
from core.ai_metrics.errors import RequestMissing
from core.ai_metrics.queries.requests import request_lists
from core.ai_metrics.requests import LatencyRange, RequestDetail, RequestOrder, RequestView
from core.ai_metrics.schemas import RequestStatus
from core.ai_metrics.views import LatencyBar
from core.ingest.prompts import arm_of, prompt_of, titles_of
from core.playground.replay_schemas import NewReplay
from core.presentation import formatting
from core.scores.queries import scored_requests
from pages._ui import charts, columns, dialogs, errors, frame, links, state, tables, text
from pages._ui.cache import Reads
from pages._ui.dialogs import ListPlace
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages._ui.review import replay_button, score_list
from pages._ui.tables import Sorting, TableColumn

SHOWN, MOST_PAGES = 10, 20
ORDERS = {
    RequestOrder.SLOWEST: "Slowest",
    RequestOrder.MOST_EXPENSIVE: "Most expensive",
    RequestOrder.NEWEST: "Newest",
}
STATES = {
    RequestStatus.OK: "Succeeded",
    RequestStatus.ERROR: "Failed",
    RequestStatus.PENDING: "Pending",
}
COLOURS = {"Succeeded": "green", "Failed": "red", "Pending": "gray"}
CHOSEN, PAGE = "request", "ai-metrics"


@errors.part("Requests")
def draw(reads: Reads, filters: Filters, total: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(width="content"):
            frame.section("Requests", "click a row for details, a header to sort")
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
    values = (*filters.chosen.items(), *filters.own.items())
    at = f"ai-metrics.{order}.{hash((filters.period, values))}"
    window = tables.window(at, SHOWN)
    if latency := LatencyRange.read(filters["latency"]):
        _draw_latency(latency)
    if latency or order != RequestOrder.NEWEST:
        # Requests without a latency or a cost are not in these lists
        total = reads.ask(request_lists.count_requests, filters.asked, latency, RequestOrder(order))
    asked = (filters.asked, RequestOrder(order), window, latency)
    rows = reads.ask(request_lists.list_first, *asked)
    sorting = Sorting(order, partial(state.put, "order"))
    tables.draw_page(
        window.page(rows, total),
        _columns(rows, filters.period.zone),
        "request",
        name="requests",
        at=at,
        on_open=open_,
        sorting=sorting,
        most=MOST_PAGES,
    )
    draw_opened(reads, filters.period.zone, rows)


def draw_opened(reads: Reads, zone: str, rows: Sequence[RequestView] = ()) -> None:
    """Draw the drawer of the request that the address names, of these rows or any other."""
    if wanted := st.query_params.get(CHOSEN):
        show = partial(draw_chosen, reads, wanted, zone)
        place = ListPlace([str(row.id) for row in rows], wanted, CHOSEN)
        dialogs.drawer("Request", show, on_close=close, place=place)


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


def open_(row: RequestView) -> None:
    st.query_params[CHOSEN] = str(row.id)


def _columns(rows: Sequence[RequestView], zone: str) -> Sequence[TableColumn[RequestView]]:
    longest = max((row.total_latency_ms or 0 for row in rows), default=0) / 1000
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
            lambda row: row.total_latency_ms / 1000 if row.total_latency_ms is not None else None,
            format="%.1f s",
            most=max(longest, 0.001),
            width=150,
            orders={RequestOrder.SLOWEST: "↓"},
        ),
        columns.seconds("First token", lambda row: row.first_token_ms),
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


def close() -> None:
    st.query_params.pop(CHOSEN, None)


def draw_chosen(reads: Reads, wanted: str, zone: str) -> None:
    """Draw a request with its steps and links."""
    try:
        request = reads.ask(scored_requests.get_request, wanted)
    except RequestMissing as missing:
        frame.empty_state("search_off", "Request not found", missing.detail)
        return
    facts = [formatting.moment(request.created_at, zone), *_facts(request)]
    frame.section(text.plain(request.model), text.plain(" · ".join(facts)))
    if request.error_type or request.error_message:
        said = ": ".join(filter(None, (request.error_type, request.error_message)))
        st.markdown(f":red[:material/error:] {text.plain(said[:500])}")
    if request.steps or request.total_latency_ms is not None:
        charts.show(step_charts.steps_of_request(charts.palette(), request), "ai-metrics.steps")
    if not request.steps:
        st.caption("No steps were sent with this request.")
    frame.copyable("ID", request.external_id or str(request.id))
    score_list.draw(request.scores, zone)
    _draw_ways_on(request)
    if request.message_id is not None:
        replay = NewReplay(message_id=str(request.message_id))
        replay_button.draw(replay, reads.actor, key=str(request.id))


def _facts(request: RequestDetail) -> list[str]:
    tokens = f"{request.input_tokens or 0:,} tokens in, {request.output_tokens or 0:,} out"
    first = (
        f"first token {formatting.duration(request.first_token_ms)}"
        if request.first_token_ms is not None
        else ""
    )
    release = f"release {request.release}" if request.release else ""
    return [
        each
        for each in (
            formatting.duration(request.total_latency_ms),
            first,
            tokens,
            formatting.money(request.cost_usd),
            release,
            *titles_of(request),
        )
        if each
    ]


def _draw_ways_on(request: RequestDetail) -> None:
    # Without it, a page shows production
    place = {"environment": request.environment}
    with st.container(horizontal=True, gap="medium"):
        if request.conversation_id is not None:
            name = str(request.conversation_id)
            links.draw("tuning", "Open conversation", icon="forum", conversation=name)
            links.draw(
                "ai-metrics",
                "All requests in this conversation",
                icon="filter_alt",
                conversation=name,
                days="90",
                **place,
            )
        if request.user_id is not None:
            links.draw("users", "Open user", icon="person", user=str(request.user_id), **place)
