"""Estimate the monthly cost of calls: of a prompt, a text, or a number of tokens."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import streamlit as st

from core.database.paging import LARGEST_PAGE, Window
from core.prompts.cost_estimates import (
    DAYS_PER_MONTH,
    MAX_CALLS,
    MAX_TOKENS,
    CostEstimateRequest,
)
from core.prompts.queries import prompts as prompt_queries
from core.prompts.schemas import PromptFilter
from core.providers import catalogue
from pages._ui import errors, frame, guard
from pages.test.usage import cost_estimate

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
            cost_estimate.draw(request)


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
        "Input per call",
        list(CostInput),
        required=True,
        default=CostInput.PROMPT,
        key=f"{PAGE}.kind",
    )
    inputs = _draw_input(CostInput(kind), prompts)
    answer = st.number_input(
        "Output tokens per call",
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
