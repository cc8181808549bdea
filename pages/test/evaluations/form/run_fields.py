"""The runs, the cost limit and the estimate of a form, and what is entered as a whole."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

import streamlit as st
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from core.errors import Invalid
from core.evaluations.schemas import MOST_RUNS
from core.evaluations.views import EvaluationEstimate
from core.presentation import formatting
from pages._ui import state, text

Form = TypeVar("Form", bound=BaseModel)
# What a field that was refused needs, by its name in the API
ENTRIES: Mapping[str | int, str] = {
    "values": "enter a text.",
    "pattern": "enter a pattern.",
    "value": "enter a number.",
    "rubric": "enter a rubric.",
    "tool": "enter the name of a tool.",
    "max_ms": "enter milliseconds as a whole number.",
    "max_usd": "enter US dollars as a number.",
}


def draw(at: str) -> None:
    """Draw the fields; `at` is the form's key."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.number_input("Runs of each case", 1, MOST_RUNS, 1, key=f"{at}.runs", width=160)
        st.number_input(
            "Cost limit in US dollars",
            min_value=0.0,
            value=None,
            format="%g",
            key=f"{at}.limit",
            placeholder="None",
            help="Calls stop when this much is spent. Needs models with prices.",
            width=220,
        )
    # Once: as soon as a field is changed, it is the estimate of something else
    _draw_estimate(state.take(f"{at}.estimate"))


def read(at: str) -> dict[str, Any]:
    """Return the runs and the limit as entered; raise Invalid."""
    runs = state.get(f"{at}.runs", 1)
    return {"runs": runs, "cost_limit_usd": cost_limit(state.get(f"{at}.limit", None))}


def fill(at: str, runs: int, limit_usd: Decimal | None) -> None:
    """Fill the fields of the form with the key `at`."""
    state.put(f"{at}.runs", runs)
    state.put(f"{at}.limit", None if limit_usd is None else float(limit_usd))


def cost_limit(entered: float | None) -> str | None:
    """Return a limit as it is stored; raise Invalid for 0, which must not mean no limit."""
    if entered is None:
        return None
    # As text: of a float, a decimal would have digits that nobody entered
    limit = f"{entered:.8f}"
    if not float(limit):
        raise Invalid("The cost limit must be more than 0. Leave it empty for none.")
    return limit


def show_estimate(at: str, found: EvaluationEstimate) -> None:
    """Show an estimate, from a callback."""
    state.put(f"{at}.estimate", found)


def forget(at: str) -> None:
    state.forget(f"{at}.runs", f"{at}.limit")


def validated(form: type[Form], given: Mapping[str, Any]) -> Form:
    """Return what was entered; raise Invalid with the first problem in words."""
    try:
        return form.model_validate(given)
    except ValidationError as refused:
        raise Invalid(_problem(refused.errors()[0])) from None


def _problem(first: ErrorDetails) -> str:
    """Return a problem in words; pydantic's own messages name fields of the API."""
    where = first["loc"]
    words = str(first["msg"]).removeprefix("Value error, ")
    if words == first["msg"] and first["type"] != "string_too_long":
        words = next((ENTRIES[each] for each in where if each in ENTRIES), words)
    if where[:1] == ("scorers",) and len(where) > 1:
        return f"Scorer {int(where[1]) + 1}: {words}"
    if words in ENTRIES.values():
        return text.capitalized(words)
    return f"{'.'.join(map(str, where))}: {words}" if where else words


def _draw_estimate(found: EvaluationEstimate | None) -> None:
    if found is None:
        return
    cost = "unknown: a model has no price"
    if found.cost_usd is not None:
        cost = f"about {formatting.money(found.cost_usd)}"
    most = ""
    if found.worst_case_usd is not None:
        most = f", at most {formatting.money(found.worst_case_usd)}"
    calls = formatting.count(found.calls, "call")
    if found.judge_calls:
        calls += f" and {formatting.count(found.judge_calls, 'call')} of judges"
    seconds = formatting.duration((found.seconds or 0) * 1000)
    words = f"{calls} · cost {cost}{most} · about {seconds}"
    st.info(text.plain(words), icon=":material/calculate:")
