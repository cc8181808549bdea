"""Settings, Prices: prices of models, custom prices and repricing."""

from collections.abc import Sequence
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

import streamlit as st

from core.database.paging import LARGEST_PAGE, Page, Window
from core.presentation import formatting
from core.providers.schemas import PriceSource
from core.providers.service import price_list
from core.providers.service.price_list import PriceFilter, PriceView
from pages._ui import columns, dialogs, errors, frame, guard, state, tables, text
from pages._ui.tables import TableColumn
from pages.system.settings.prices import price_form, reprice_settings

SOURCES = {"All": None, "Custom": PriceSource.SETTINGS, "Packaged": PriceSource.PACKAGED}
# Packaged prices begin with this year, and no request is older.
FROM_THE_BEGINNING = 2000
MOST_ROWS = 12


def draw() -> None:
    row = frame.section_row("Prices", "USD per 1M tokens · lowest tier", width=860)
    row.button("Add price", icon=":material/add:", on_click=price_form.open_form)
    with st.container(horizontal=True, width=860, vertical_alignment="bottom"):
        model = st.text_input(
            "Model",
            key="model",
            bind="query-params",
            max_chars=200,
            placeholder="All models",
            width=320,
        )
        source = st.selectbox("Source", list(SOURCES), key="whose", bind="query-params", width=160)
    with guard.work() as (session, actor):
        wanted = PriceFilter(model=model or None, source=SOURCES[source])
        found = price_list.list_prices(session, wanted, window=Window(LARGEST_PAGE), actor=actor)
    if not found.items:
        frame.empty_state(
            "payments",
            "No prices found",
            "Packaged prices appear with a model's first request. Add custom prices for other "
            "models.",
            width=860,
        )
    else:
        _draw_table(found, wanted)
    reprice_settings.draw()


def _draw_table(found: Page[PriceView], filters: PriceFilter) -> None:
    with st.container(width=860, gap="xsmall"):
        shown: Sequence[TableColumn[PriceView]] = [
            columns.text("Provider", _provider),
            columns.text("Model", lambda row: row.model),
            *(
                columns.figure(label, partial(_amount, name))
                for name, label in price_form.AMOUNTS.items()
            ),
            columns.text("Valid from (UTC)", _since),
            columns.text("Source", _source),
        ]
        tables.draw(
            found.items,
            shown,
            "Prices",
            key="prices.table",
            most=MOST_ROWS,
            placeholder="same as input",
            on_open=dialogs.open_row,
        )
        if found.total_count > len(found.items):
            st.caption(
                f"Showing {len(found.items)} of {found.total_count:,} · filter by model to "
                "see the rest"
            )
        query = filters.model_dump(mode="json", exclude_none=True) | {"format": "csv"}
        frame.csv_link(f"/api/v1/admin/prices?{urlencode(query)}")
    dialogs.draw_opened(found.items, "Price", _draw_one, dialogs.no_read)


def _draw_one(price: PriceView) -> None:
    frame.section(text.plain(price.model), "USD per 1M tokens · lowest tier")
    amounts = {
        label: _amount(name, price) or "same as input" for name, label in price_form.AMOUNTS.items()
    }
    frame.facts(
        {
            "Provider": _provider(price),
            "Source": _source(price),
            **amounts,
            "Valid from (UTC)": _since(price),
        }
    )
    if price.source is PriceSource.SETTINGS:
        st.button(
            "Remove price",
            key="prices.remove",
            icon=":material/delete:",
            on_click=dialogs.leave_for,
            args=(partial(_ask, price),),
        )
    else:
        st.caption(
            "Packaged prices can't be removed. A custom price with the same start overrides them."
        )


def _provider(price: PriceView) -> str:
    return price.provider or "(none)"


def _since(price: PriceView) -> str:
    return (
        "All time"
        if price.valid_from.year <= FROM_THE_BEGINNING
        else f"{price.valid_from:%-d %b %Y %H:%M}"
    )


def _source(price: PriceView) -> str:
    return "Custom" if price.source is PriceSource.SETTINGS else "Packaged"


def _amount(name: str, price: PriceView) -> str | None:
    amount = getattr(price, name)
    return None if amount is None else formatting.price(amount)


def _ask(price: PriceView) -> None:
    body = (
        f"{text.plain(price.model)}: new requests use the previous price, or are unpriced if "
        "there is none. Existing costs don't change."
    )
    dialogs.confirm("Remove this price?", body, "Remove price", remove, price.id, key="prices")


@errors.action
def remove(price_id: UUID) -> None:
    with guard.work() as (session, actor):
        price_list.remove(session, price_id, actor=actor)
    state.toast("Price removed")
