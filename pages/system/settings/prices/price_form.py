"""The form that adds a custom price."""

from datetime import UTC, date, datetime, time

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.platform import clock
from core.providers.service import price_list
from core.providers.service.price_list import NewPrice
from pages._ui import dialogs, guard, state

PROVIDER, MODEL, SINCE = "prices.provider", "prices.model", "prices.since"
AMOUNTS = {
    "input": "Input",
    "output": "Output",
    "cached_input": "Cached input",
    "cache_write": "Cache write",
}


def open_form() -> None:
    state.forget(PROVIDER, MODEL, SINCE, *(f"prices.{name}" for name in AMOUNTS))

    @st.dialog("Add price")
    def form() -> None:
        st.text_input(
            "Provider",
            key=PROVIDER,
            max_chars=200,
            help="Exactly as in your requests. Leave empty if they name no provider.",
        )
        st.text_input("Model", key=MODEL, max_chars=200)
        st.caption("Prices in USD per 1M tokens")
        left, right = st.columns(2)
        for number, (name, words) in enumerate(AMOUNTS.items()):
            place = (left, right)[number % 2]
            place.text_input(
                words,
                key=f"prices.{name}",
                max_chars=20,
                placeholder="same as input" if number > 1 else "0.00",
            )
        st.date_input(
            "Valid from (UTC)",
            clock.now().date(),
            key=SINCE,
            help="Applies from 00:00 UTC on this day.",
        )
        dialogs.submit("Add price", add, key="prices")

    form()


def add() -> None:
    since: date = state.get(SINCE, clock.now().date())
    amounts = {
        name: state.get(f"prices.{name}", "").strip().lstrip("$") or None for name in AMOUNTS
    }
    fields = {
        "provider": state.get(PROVIDER, "").strip(),
        "model": state.get(MODEL, "").strip(),
        **amounts,
    }
    try:
        given = NewPrice.model_validate(
            {**fields, "valid_from": datetime.combine(since, time(), UTC)}
        )
    except ValidationError as wrong:
        field = str(wrong.errors()[0]["loc"][0])
        amount = (
            f"{AMOUNTS.get(field, field)}: enter USD from 0 to 1,000,000 with up to 6 decimals."
        )
        raise Invalid("Enter a model." if field == "model" else amount) from None
    with guard.work() as (session, actor):
        price_list.add(session, given, actor=actor)
    state.toast("Price added")
