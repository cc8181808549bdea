"""The estimated monthly cost of what is entered, by model."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.errors import Failure
from core.presentation import formatting
from core.prompts.cost_estimates import (
    CostEstimateRequest,
    ModelCost,
    MonthlyCostEstimate,
    TokenBasis,
)
from core.prompts.queries import cost_estimates
from pages._ui import columns, frame, guard, links, tables, text
from pages._ui.tables import TableColumn


def draw(request: CostEstimateRequest | None) -> None:
    if request is None:
        frame.empty_state(
            "calculate",
            "No estimate yet",
            "Choose models, and what a call sends.",
            border=False,
        )
        return
    try:
        with guard.work() as (session, actor):
            found = cost_estimates.estimate_costs(session, request, actor=actor)
    except Failure as failure:
        st.info(text.plain(failure.detail), icon=":material/info:")
        return
    _draw_estimate(found)


def _draw_estimate(found: MonthlyCostEstimate) -> None:
    calls = formatting.count(found.calls_per_day, "call")
    frame.section("Estimate", f"{calls} a day · US dollars")
    st.caption(text.plain(f"A call has {_tokens(found)}."))
    if found.unfilled:
        st.caption(
            f":material/info: Not counted: the values of {text.plain(', '.join(found.unfilled))}"
        )
    tables.draw(
        found.items,
        _columns(found.items),
        f"Estimated cost of {formatting.count(len(found.items), 'model')}",
        key="usage.cost.rows",
    )
    if not all(row.is_priced for row in found.items):
        st.caption("Models without a price are not estimated.")
        links.draw("settings", "Add price", icon="sell", section="Prices")


def _tokens(found: MonthlyCostEstimate) -> str:
    measured = f"average of {formatting.count(found.measured_calls, 'call')}"
    words: Mapping[TokenBasis, str] = {
        TokenBasis.GIVEN: "as entered",
        TokenBasis.ESTIMATED: "by the length of the text",
        TokenBasis.MEASURED: measured,
        TokenBasis.LIMIT: "the prompt's limit",
    }
    sides = (
        (found.input_tokens, "in", found.input_basis),
        (found.output_tokens, "out", found.output_basis),
    )
    return " and ".join(
        f"{formatting.count(count, 'token')} {side} ({words[basis]})"
        for count, side, basis in sides
    )


def _columns(rows: Sequence[ModelCost]) -> Sequence[TableColumn[ModelCost]]:
    most = max((float(row.cost_per_month_usd or 0) for row in rows), default=0.0)
    days = columns.dollars(row.cost_per_day_usd for row in rows)

    def month(row: ModelCost) -> float | None:
        return float(row.cost_per_month_usd) if row.cost_per_month_usd is not None else None

    prices = (
        [columns.chip("Price", _price, {"No price": "orange"}, width=80)]
        if any(not row.is_priced for row in rows)
        else []
    )
    return [
        columns.text("Model", lambda row: row.model_id, width=190),
        columns.bar(
            "Per month",
            month,
            format=columns.dollars(row.cost_per_month_usd for row in rows),
            most=max(most, 0.01),
            width=150,
        ),
        columns.number("Per day", lambda row: row.cost_per_day_usd, format=days),
        columns.number("Per call", lambda row: row.cost_per_call_usd, format="$%.6f"),
        *prices,
    ]


def _price(row: ModelCost) -> str | None:
    return None if row.is_priced else "No price"
