"""Models, errors and tools side by side; a row that is selected becomes a filter."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.ai_metrics.answers import Errors, ModelFigures, Tools
from core.errors import Invalid
from core.presentation import words
from pages._ui import filters, tables, text, watch

column = st.column_config
MOST_ROWS = 7


def draw_models(models: Sequence[ModelFigures], page: str) -> None:
    """Draw models side by side."""
    table = pd.DataFrame(
        {
            "Model": [each.model for each in models],
            "Provider": [each.provider for each in models],
            "Requests": [each.total_requests for each in models],
            "Share": [each.share * 100 for each in models],
            "p50": _seconds([each.p50_latency_ms for each in models]),
            "p95": _seconds([each.p95_latency_ms for each in models]),
            "p99": _seconds([each.p99_latency_ms for each in models]),
            "First token": _seconds([each.avg_first_token_ms for each in models]),
            "Errors": [each.error_rate * 100 if each.error_rate is not None else None for each in models],
            "Tokens": [each.total_tokens for each in models],
            "Cost": [float(each.cost_usd) for each in models],
            "No price": [each.unpriced_requests for each in models],
        }
    )

    def picked(number: int) -> None:
        filters.put(page, model=models[number].model, provider=models[number].provider or words.NONE)

    with watch.panel("Models", "by requests · select a row to filter"):
        alt = words.count(len(models), "model")
        tables.show(table, alt, key=f"{page}.models", columns=MODEL_COLUMNS, most=MOST_ROWS, on_pick=picked)


MODEL_COLUMNS = {
    "Requests": column.NumberColumn(format="localized"),
    "Share": column.ProgressColumn(format="%.0f%%", min_value=0, max_value=100, width="small"),
    **{name: column.NumberColumn(format="%.2f s") for name in ("p50", "p95", "p99")},
    "First token": column.NumberColumn("First token (avg)", format="%.2f s"),
    "Errors": column.NumberColumn(format="%.2f%%"),
    "Tokens": column.NumberColumn(format="compact"),
    "Cost": column.NumberColumn(format="dollar"),
    "No price": column.NumberColumn(format="localized", help="Requests without a price, not included in cost"),
}


def draw_errors(found: Errors, page: str, zone: str) -> None:
    """Draw the types of errors with a sample message each."""
    kinds = found.types
    with watch.panel("Errors by type", "select a row to filter" if kinds else ""):
        if not kinds:
            st.caption("No failed requests in this period.")
            return
        table = pd.DataFrame(
            {
                "Type": [each.error_type or "(no type)" for each in kinds],
                "Requests": [each.requests for each in kinds],
                "Share": [each.share * 100 for each in kinds],
                "Last": [words.moment(each.last_at, zone) for each in kinds],
                "Sample": [each.message or "" for each in kinds],
            }
        )

        def picked(number: int) -> None:
            filters.put(page, status="error", error_type=kinds[number].error_type or words.NONE)

        columns = {"Share": column.ProgressColumn(format="%.0f%%", min_value=0, max_value=100, width="small")}
        columns |= {"Requests": column.NumberColumn(format="localized", width="small")}
        alt = words.count(len(kinds), "error type")
        tables.show(table, alt, key=f"{page}.error_types", columns=columns, most=MOST_ROWS, on_pick=picked)


def draw_tools(found: Tools, page: str) -> None:
    """Draw the tools that were called within requests."""
    note = f"{words.count(found.calls, 'call')}, {text.plain(words.share(found.error_rate))} failed · select a row to filter"
    with watch.panel("Tools", note if found.tools else ""):
        if not found.tools:
            st.caption("No tool calls in this period.")
            return
        table = pd.DataFrame(
            {
                "Tool": [each.tool or "(unnamed)" for each in found.tools],
                "Calls": [each.calls for each in found.tools],
                "Failed": [each.error_rate * 100 if each.error_rate is not None else None for each in found.tools],
                "p50": _seconds([each.p50_duration_ms for each in found.tools]),
                "p95": _seconds([each.p95_duration_ms for each in found.tools]),
            }
        )
        columns = {
            "Calls": column.NumberColumn(format="localized"),
            "Failed": column.NumberColumn(format="%.1f%%"),
            **{name: column.NumberColumn(format="%.2f s") for name in ("p50", "p95")},
        }

        def picked(number: int) -> None:
            if not found.tools[number].tool:
                raise Invalid("Calls without a tool name can't be filtered.")
            filters.put(page, tool=found.tools[number].tool)

        tables.show(table, "Tools", key=f"{page}.tools", columns=columns, most=MOST_ROWS, on_pick=picked)


def _seconds(times: Sequence[int | None]) -> list[float | None]:
    return [None if each is None else each / 1000 for each in times]
