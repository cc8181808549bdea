"""Estimate the monthly cost of calls: of a prompt, a text, or a number of tokens."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import streamlit as st

from core.database.paging import LARGEST_PAGE, Window
from core.errors import Failure
from core.presentation import formatting
from core.prompts.cost_estimates import (
    DAYS_PER_MONTH,
    MAX_CALLS,
    MAX_TOKENS,
    CostEstimateRequest,
    ModelCost,
    MonthlyCostEstimate,
    TokenBasis,
)
from core.prompts.queries import cost_estimates
from core.prompts.queries import prompts as prompt_queries
from core.prompts.schemas import PromptFilter
from core.providers import catalogue
from pages._ui import columns, errors, frame, guard, links, tables, text
from pages._ui.tables import TableColumn

PAGE, MOST_MODELS, MOST_CHARS = "usage.cost", 20, 100_000


class CostInput(StrEnum):
    """What the input tokens of a call come from."""

    PROMPT = "Prompt"
    TEXT = "Text"
    TOKENS = "Tokens"


@errors.part("The estimate")
def draw() -> None:
    """Draw the form, and the table of what is entered."""
    with guard.work() as (session, actor):
        models = [model.id for model in catalogue.list_models(session)]
        prompts = prompt_queries.list_prompts(
            session, PromptFilter(), Window(LARGEST_PAGE), actor=actor
        )
    references = [
        reference
        for prompt in prompts.items
        for reference in (prompt.name, *(f"{prompt.name}@{each.name}" for each in prompt.labels))
    ]
    frame.section("Estimate monthly cost", f"for {DAYS_PER_MONTH} days, at today's prices")
    with st.container(border=True, key="usage-cost"):
        form, result = st.columns([1, 1.6], gap="medium")
        with form:
            request = _draw_form(models, references)
        with result:
            _draw_result(request)


def _draw_form(models: Sequence[str], prompts: Sequence[str]) -> CostEstimateRequest | None:
    """Return what is entered, or None while something is missing."""
    calls = st.number_input(
        "Calls per day", min_value=1, max_value=MAX_CALLS, value=1000, key=f"{PAGE}.calls"
    )
    chosen = st.multiselect(
        "Models",
        models,
        key=f"{PAGE}.models",
        max_selections=MOST_MODELS,
        placeholder="Choose models to compare",
    )
    kind = st.segmented_control(
        "Input of a call",
        list(CostInput),
        required=True,
        default=CostInput.PROMPT,
        key=f"{PAGE}.kind",
    )
    inputs = _draw_input(CostInput(kind), prompts)
    answer = st.number_input(
        "Tokens of an answer",
        min_value=1,
        max_value=1_000_000,
        value=None,
        key=f"{PAGE}.answer",
        placeholder="Measured average, or the prompt's limit"
        if kind == CostInput.PROMPT
        else "Such as 200",
    )
    if not chosen or not inputs:
        return None
    return CostEstimateRequest(
        calls_per_day=calls, models=tuple(chosen), max_tokens=answer, **inputs
    )


def _draw_input(kind: CostInput, prompts: Sequence[str]) -> dict[str, Any]:
    """Return the entered fields of the request, none while all are empty."""
    found: dict[str, str | int | None]
    match kind:
        case CostInput.PROMPT:
            found = {
                "template_id": st.selectbox(
                    "Prompt", prompts, index=None, key=f"{PAGE}.prompt", placeholder="Choose one"
                )
            }
        case CostInput.TEXT:
            found = {
                name: st.text_area(label, key=f"{PAGE}.{name}", height=80, max_chars=MOST_CHARS)
                for name, label in (("system_prompt", "System prompt"), ("prompt", "User text"))
            }
        case CostInput.TOKENS:
            found = {
                "input_tokens": st.number_input(
                    "Input tokens",
                    min_value=1,
                    max_value=MAX_TOKENS,
                    value=None,
                    key=f"{PAGE}.input_tokens",
                )
            }
    return {name: value for name, value in found.items() if value}


def _draw_result(request: CostEstimateRequest | None) -> None:
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
    frame.section("Estimate", f"{found.calls_per_day:,} calls a day · US dollars")
    st.caption(text.plain(f"A call has {_tokens(found)}."))
    if found.unfilled:
        st.caption(
            f":material/info: Not counted: the values of {text.plain(', '.join(found.unfilled))}"
        )
    tables.draw(
        found.items,
        _columns(found.items),
        f"Estimated cost of {formatting.count(len(found.items), 'model')}",
        key=f"{PAGE}.rows",
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
