"""Settings, Prices: what models cost, prices of one's own, and costs computed anew."""

from datetime import UTC, date, datetime, time
from uuid import UUID

import pandas as pd
import streamlit as st
from pydantic import ValidationError

from core import clock
from core.errors import Invalid
from core.paging import LARGEST_PAGE, Page, Window
from core.providers import price_list
from core.providers.price_list import NewPrice, PriceView, Wanted
from core.providers.schemas import PriceSource
from pages._ui import errors, frame, guard, reprice_settings, state, tables, text

PROVIDER, MODEL, SINCE = "prices.provider", "prices.model", "prices.since"
AMOUNTS = {"input": "Input", "output": "Output", "cached_input": "Cached input", "cache_write": "Written to a cache"}
SOURCES = {"All": None, "Your own": PriceSource.SETTINGS, "Packaged": PriceSource.PACKAGED}
FROM_THE_BEGINNING = 2000
MOST_ROWS = 12


def draw() -> None:
    """Draw the table with its filters, and below it what can be done."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", width=860):
        with st.container(width="content"):
            frame.section("Prices", "US dollars per million tokens, of prices with tiers the lowest")
        st.button("Add price", icon=":material/add:", on_click=_open_form)
    with st.container(horizontal=True, width=860, vertical_alignment="bottom"):
        model = st.text_input("Model", key="model", bind="query-params", max_chars=200, placeholder="All models", width=320)
        source = st.selectbox("Whose", list(SOURCES), key="whose", bind="query-params", width=160)
    with guard.work() as (session, actor):
        wanted = Wanted(model=model or None, source=SOURCES[source])
        found = price_list.list_prices(session, wanted, window=Window(LARGEST_PAGE), actor=actor)
    if not found.items:
        frame.empty_state(
            "payments",
            "No price here",
            "A model's packaged price appears with its first request; add your own for what nobody knows.",
        )
    else:
        _draw_table(found)
    reprice_settings.draw()


def _draw_table(found: Page[PriceView]) -> None:
    rows = pd.DataFrame([_cells(price) for price in found.items])
    with st.container(width=860, gap="xsmall"):
        picked = tables.choose(rows, "Prices", key="prices.table", most=MOST_ROWS, placeholder="as input")
        if found.total_count > len(found.items):
            st.caption(f"The first {len(found.items)} of {found.total_count:,}; name a model to see fewer.")
        chosen = found.items[picked] if picked is not None else None
        if chosen is not None and chosen.source is PriceSource.SETTINGS:
            words = f"Remove the price of {chosen.model}"
            st.button(words, key="prices.remove", icon=":material/delete:", on_click=_ask, args=(chosen,))
        elif chosen is not None:
            st.caption("Packaged prices stay. One of your own from the same moment on goes before it.")


def _cells(price: PriceView) -> dict[str, object]:
    amounts = {words: _shown(getattr(price, name)) for name, words in AMOUNTS.items()}
    since = "always" if price.valid_from.year <= FROM_THE_BEGINNING else f"{price.valid_from:%-d %b %Y, %H:%M}"
    whose = "yours" if price.source is PriceSource.SETTINGS else "packaged"
    return {"Provider": price.provider or "none", "Model": price.model, **amounts, "From (UTC)": since, "Whose": whose}


def _shown(amount: object) -> str | None:
    return None if amount is None else f"${amount:f}".rstrip("0").rstrip(".")


def _open_form() -> None:
    state.forget(PROVIDER, MODEL, SINCE, *(f"prices.{name}" for name in AMOUNTS))

    @st.dialog("Add price")
    def form() -> None:
        st.text_input("Provider", key=PROVIDER, max_chars=200, help="As your requests name it; empty for those that name none.")
        st.text_input("Model", key=MODEL, max_chars=200)
        left, right = st.columns(2)
        for number, (name, words) in enumerate(AMOUNTS.items()):
            place = (left, right)[number % 2]
            place.text_input(words, key=f"prices.{name}", max_chars=20, placeholder="as input" if number > 1 else "0.00")
        st.date_input("From", clock.now().date(), key=SINCE, help="From the beginning of this day on, UTC.")
        buttons, below = st.container(horizontal=True), st.container()
        wants_to_add = buttons.button("Add", type="primary", key="prices.add")
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
        amount = f"{AMOUNTS.get(field, field)}: dollars from 0 to 1,000,000, with at most six decimals."
        raise Invalid("A model is needed." if field == "model" else amount) from None
    with guard.work() as (session, actor):
        price_list.add(session, given, actor=actor)
    state.toast("Price added")


def _ask(price: PriceView) -> None:
    @st.dialog("Remove this price?")
    def confirm() -> None:
        st.write(f"{text.plain(price.model)}: new requests cost what the price before says. What earlier ones have cost stays.")
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
