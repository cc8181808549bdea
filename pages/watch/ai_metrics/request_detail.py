"""One AI request with its steps, in a drawer."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.ai_metrics import step_charts
from core.ai_metrics.errors import RequestMissing
from core.ai_metrics.requests import RequestDetail, RequestView
from core.ingest.prompts import titles_of
from core.playground.replay_schemas import NewReplay
from core.presentation import formatting
from core.scores.queries import scored_requests
from pages._ui import charts, dialogs, frame, links, text
from pages._ui.cache import Reads
from pages._ui.dialogs import ListPlace
from pages._ui.review import message_list, replay_button, score_list

CHOSEN = "request"  # in the address


def open_(row: RequestView) -> None:
    st.query_params[CHOSEN] = str(row.id)


def close() -> None:
    st.query_params.pop(CHOSEN, None)


def draw_opened(reads: Reads, zone: str, rows: Sequence[RequestView] = ()) -> None:
    """Draw the drawer of the request that the address names, of these rows or any other."""
    if wanted := st.query_params.get(CHOSEN):
        show = partial(draw_chosen, reads, wanted, zone)
        place = ListPlace([str(row.id) for row in rows], wanted, CHOSEN)
        dialogs.drawer("Request", show, on_close=close, place=place)


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
    if request.tool_calls:
        frame.section("Tool calls")
        message_list.draw_tool_calls(request.tool_calls)
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
