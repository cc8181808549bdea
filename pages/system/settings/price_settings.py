"""Settings, Prices: what models cost, prices of one's own, and costs computed anew."""

from datetime import UTC, date, datetime, time
from uuid import UUID

import pandas as pd
import streamlit as st
from pydantic import ValidationError

from core.database.paging import LARGEST_PAGE, Page, Window
from core.errors import Invalid
from core.platform import clock
from core.providers import price_list
from core.providers.price_list import NewPrice, PriceView, Wanted
from core.providers.schemas import PriceSource
from pages._ui import errors, frame, guard, state, tables, text
from pages.system.settings import reprice_settings

PROVIDER, MODEL, SINCE = "prices.provider", "prices.model", "prices.since"
AMOUNTS = {"input": "Input", "output": "Output", "cached_input": "Cached input", "cache_write": "Cache write"}
SOURCES = {"All": None, "Custom": PriceSource.SETTINGS, "Packaged": PriceSource.PACKAGED}
FROM_THE_BEGINNING = 2000
MOST_ROWS = 12


def draw() -> None:
    """Draw the table with its filters, and below it what can be done."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", width=860):
        with st.container(width="content"):
            frame.section("Prices", "USD per 1M tokens · lowest tier")
        st.button("Add price", icon=":material/add:", on_click=_open_form)
    with st.container(horizontal=True, width=860, vertical_alignment="bottom"):
        model = st.text_input("Model", key="model", bind="query-params", max_chars=200, placeholder="All models", width=320)
        source = st.selectbox("Source", list(SOURCES), key="whose", bind="query-params", width=160)
    with guard.work() as (session, actor):
        wanted = Wanted(model=model or None, source=SOURCES[source])
        found = price_list.list_prices(session, wanted, window=Window(LARGEST_PAGE), actor=actor)
    if not found.items:
        frame.empty_state(
            "payments",
            "No prices found",
            "Packaged prices appear with a model's first request. Add custom prices for other models.",
        )
    else:
        _draw_table(found)
    reprice_settings.draw()


def _draw_table(found: Page[PriceView]) -> None:
    rows = pd.DataFrame([_cells(price) for price in found.items])
    with st.container(width=860, gap="xsmall"):
        picked = tables.choose(rows, "Prices", key="prices.table", most=MOST_ROWS, placeholder="same as input")
        if found.total_count > len(found.items):
            st.caption(f"Showing {len(found.items)} of {found.total_count:,} · filter by model to see the rest")
        chosen = found.items[picked] if picked is not None else None
        if chosen is not None and chosen.source is PriceSource.SETTINGS:
            words = f"Remove price for {chosen.model}"
            st.button(words, key="prices.remove", icon=":material/delete:", on_click=_ask, args=(chosen,))
        elif chosen is not None:
            st.caption("Packaged prices can't be removed. A custom price with the same start overrides them.")


def _cells(price: PriceView) -> dict[str, object]:
    amounts = {words: _shown(getattr(price, name)) for name, words in AMOUNTS.items()}
    since = "All time" if price.valid_from.year <= FROM_THE_BEGINNING else f"{price.valid_from:%-d %b %Y, %H:%M}"
    whose = "Custom" if price.source is PriceSource.SETTINGS else "Packaged"
    return {"Provider": price.provider or "(none)", "Model": price.model, **amounts, "Valid from (UTC)": since, "Source": whose}


def _shown(amount: object) -> str | None:
    return None if amount is None else f"${amount:f}".rstrip("0").rstrip(".")


def _open_form() -> None:
    state.forget(PROVIDER, MODEL, SINCE, *(f"prices.{name}" for name in AMOUNTS))

    @st.dialog("Add price")
    def form() -> None:
        st.text_input(
            "Provider", key=PROVIDER, max_chars=200, help="Exactly as in your requests. Leave empty if they name no provider."
        )
        st.text_input("Model", key=MODEL, max_chars=200)
        left, right = st.columns(2)
        for number, (name, words) in enumerate(AMOUNTS.items()):
            place = (left, right)[number % 2]
            place.text_input(words, key=f"prices.{name}", max_chars=20, placeholder="same as input" if number > 1 else "0.00")
        st.date_input("Valid from (UTC)", clock.now().date(), key=SINCE, help="Applies from 00:00 UTC on this day.")
        buttons, below = st.container(horizontal=True), st.container()
        wants_to_add = buttons.button("Add price", type="primary", key="prices.add")
        if buttons.button("Cancel", key="prices.cancel"):
            st.rerun()
        if wants_to_add:
            is_added = False
            with errors.InForm(below):
                add()
                is_added = True
            if is_added:
                st.rerun()

    form()


def add() -> None:
    """Add the price that the form describes."""
    since: date = state.get(SINCE, clock.now().date())
    amounts = {name: state.get(f"prices.{name}", "").strip().lstrip("$") or None for name in AMOUNTS}
    fields = {"provider": state.get(PROVIDER, "").strip(), "model": state.get(MODEL, "").strip(), **amounts}
    try:
        given = NewPrice.model_validate({**fields, "valid_from": datetime.combine(since, time(), UTC)})
    except ValidationError as wrong:
        field = str(wrong.errors()[0]["loc"][0])
        amount = f"{AMOUNTS.get(field, field)}: enter USD from 0 to 1,000,000 with up to 6 decimals."
        raise Invalid("Enter a model." if field == "model" else amount) from None
    with guard.work() as (session, actor):
        price_list.add(session, given, actor=actor)
    state.toast("Price added")


def _ask(price: PriceView) -> None:
    @st.dialog("Remove this price?")
    def confirm() -> None:
        st.write(f"{text.plain(price.model)}: new requests use the previous price. Existing costs don't change.")
        with st.container(horizontal=True):
            if st.button("Remove price", type="primary", key="prices.confirm", on_click=remove, args=(price.id,)):
                st.rerun()
            if st.button("Cancel", key="prices.keep"):
                st.rerun()

    confirm()


@errors.action
def remove(price_id: UUID) -> None:
    """Remove a price of one's own."""
    with guard.work() as (session, actor):
        price_list.remove(session, price_id, actor=actor)
    state.toast("Price removed")
