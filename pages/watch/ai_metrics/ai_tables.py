"""Models, errors and tools in tables; a click filters the page."""

from collections.abc import Sequence
from decimal import Decimal

import streamlit as st

from core.ai_metrics.views import ErrorKind, Errors, ModelFigures, ToolFigures, Tools
from core.errors import Invalid
from core.insights.prompt_figures import PromptVersionFigures
from core.presentation import formatting
from pages._ui import columns, tables, text, watch
from pages._ui.filters import filter_state
from pages._ui.tables import TableColumn

MOST_ROWS = 7


def draw_models(models: Sequence[ModelFigures], page: str) -> None:
    dollars = columns.dollars(row.cost_usd for row in models)
    shown: Sequence[TableColumn[ModelFigures]] = [
        columns.text("Model", lambda row: row.model, widest=240),
        columns.text("Provider", lambda row: row.provider),
        columns.number("Requests", lambda row: row.total_requests),
        columns.bar("Share", lambda row: row.share * 100, format="%.0f%%", most=100, width=75),
        columns.durations("p50", lambda row: row.p50_latency_ms, models),
        columns.durations("p95", lambda row: row.p95_latency_ms, models),
        columns.durations("p99", lambda row: row.p99_latency_ms, models),
        columns.durations("First token (avg)", lambda row: row.avg_first_token_ms, models),
        columns.percent("Errors", lambda row: row.error_rate, format="%.2f%%"),
        columns.number("Tokens", lambda row: row.total_tokens, format="compact"),
        columns.number("Cost", known_cost, format=dollars),
        columns.number(
            "No price",
            lambda row: row.unpriced_requests,
            help="Requests without a price, not included in cost",
        ),
    ]

    def filter_by(row: ModelFigures) -> None:
        # An empty value would be no filter
        filter_state.put(page, model=row.model, provider=row.provider or formatting.NONE)

    with watch.panel("Models", "by requests · click a row to filter"):
        alt = formatting.count(len(models), "model")
        tables.draw(models, shown, alt, key=f"{page}.models", most=MOST_ROWS, on_open=filter_by)


def known_cost(row: ModelFigures | PromptVersionFigures) -> Decimal | None:
    """Return a cost; None where no request has a price, which is no cost of zero."""
    return row.cost_usd if row.cost_usd or not row.unpriced_requests else None


def draw_errors(found: Errors, page: str, zone: str) -> None:
    shown: Sequence[TableColumn[ErrorKind]] = [
        columns.text("Type", lambda row: row.error_type or "(no type)", width=85),
        columns.number("Requests", lambda row: row.requests, width=65),
        columns.bar("Share", lambda row: row.share * 100, format="%.0f%%", most=100, width=70),
        columns.text("Last", lambda row: formatting.moment(row.last_at, zone), width=85),
        columns.text("Sample", lambda row: row.message),
    ]

    def filter_by(row: ErrorKind) -> None:
        filter_state.put(page, status="error", error_type=row.error_type or formatting.NONE)

    with watch.panel("Errors by type", "click a row to filter" if found.types else ""):
        if not found.types:
            st.caption("No failed requests in this period.")
            return
        alt = formatting.count(len(found.types), "error type")
        tables.draw(
            found.types, shown, alt, key=f"{page}.error_types", most=MOST_ROWS, on_open=filter_by
        )


def draw_tools(found: Tools, page: str) -> None:
    shown: Sequence[TableColumn[ToolFigures]] = [
        columns.text("Tool", lambda row: row.tool or "(unnamed)", widest=150),
        columns.number("Calls", lambda row: row.calls),
        columns.percent("Failed", lambda row: row.error_rate, format="%.1f%%"),
        columns.durations("p50", lambda row: row.p50_duration_ms, found.tools),
        columns.durations("p95", lambda row: row.p95_duration_ms, found.tools),
    ]

    def filter_by(row: ToolFigures) -> None:
        if not row.tool:
            raise Invalid("Calls without a tool name can't be filtered.")
        filter_state.put(page, tool=row.tool)

    note = (
        f"{formatting.count(found.calls, 'call')}, "
        f"{text.plain(formatting.share(found.error_rate))} failed · click a row to filter"
    )
    with watch.panel("Tools", note if found.tools else ""):
        if not found.tools:
            st.caption("No tool calls in this period.")
            return
        tables.draw(
            found.tools, shown, "Tools", key=f"{page}.tools", most=MOST_ROWS, on_open=filter_by
        )
