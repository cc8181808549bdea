"""The filter bar of a page. Every filter is in the query string, by the name that the API has for
it.

An address opens the page as it was sent; a filter that is changed changes the address. What stands
there is read first, then the bar is drawn, so that the choices it offers are those of the period
and the environment that are chosen.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal
from zoneinfo import ZoneInfo

import streamlit as st

from core.insights.queries.filter_options import FilterOptions, read_filter_options
from core.platform import clock
from core.presentation import formatting
from core.presentation.periods import Period, in_address, is_count, last_days
from core.system import workspace
from pages._ui import state, text
from pages._ui.cache import Reads
from pages._ui.filters import filter_state, saved_views
from pages._ui.filters.filter_state import CUSTOM, LEAST, PERIOD, key_of, value_of
from pages._ui.filters.labels import EVERY, LABELS, TYPED
from pages._ui.filters.selection import DEFAULTS, Filters, Offers

DAYS = ("1", "7", "30", "90")
Width = int | Literal["stretch"]


def draw_views(page: str, titles: Mapping[str, str]) -> None:
    """Draw the choice between the views of a page, by their names in the address."""
    st.segmented_control(
        "View",
        list(titles),
        required=True,
        key=key_of(page, "view"),
        format_func=titles.__getitem__,
        label_visibility="collapsed",
    )


def draw(
    page: str,
    reads: Reads,
    first: Sequence[str],
    more: Sequence[str] = (),
    *,
    offers: Offers | None = None,
    is_timed: bool = True,
    own: Sequence[str] = (),
    draw_own: Callable[[], None] | None = None,
) -> Filters:
    """Draw the bar: the period, the page's first filters, and behind a button the others. Raises
    RangeRefused.

    `offers` are the page's own choices of a filter, with the words for each. What is the page's
    `own` is in the address, too; the page draws it, in the bar by `draw_own`, under the keys
    `page.name`.
    """
    names = (*first, *more)
    filter_state.take_over(page, (*names, *own), is_timed=is_timed)
    zone = workspace.zone()
    period = filter_state.period(page, zone) if is_timed else last_days(int(DAYS[-1]), zone=zone)
    offered = reads.ask(
        read_filter_options, period, value_of(page, "environment") or DEFAULTS["environment"]
    )
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"filters-{page}"
    ):
        if is_timed:
            _draw_period(page, zone, period)
        for name in first:
            _draw(page, name, offered, (offers or {}).get(name))
        if draw_own is not None:
            draw_own()
        if more:
            hidden = sum(1 for name in more if value_of(page, name) not in ("", DEFAULTS.get(name)))
            with st.popover(
                "More filters" + (f" ({hidden})" if hidden else ""), icon=":material/tune:"
            ):
                for name in more:
                    _draw(page, name, offered, (offers or {}).get(name), labelled=True)
        saved_views.draw(page, (*names, *own), reads.actor, is_timed=is_timed)
    filter_state.write_address(page, (*names, *own))
    filter_state.carry(page, (*(PERIOD if is_timed else ()), *names))
    chosen, chosen_own = ({name: value_of(page, name) for name in each} for each in (names, own))
    filters = Filters(
        filter_state.period(page, zone) if is_timed else period,
        chosen,
        is_timed,
        offers or {},
        {name: value for name, value in chosen_own.items() if value != DEFAULTS.get(name)},
    )
    if filters.narrowed:
        _say_narrowed(page, names, filters)
    return filters


def _draw_period(page: str, zone: str, period: Period) -> None:
    given = value_of(page, "days")
    # An address may have another number of days, which is offered then
    offered = sorted({*DAYS, *([given] if is_count(given) else [])}, key=int)
    st.segmented_control(
        "Period",
        [*offered, CUSTOM],
        required=True,
        key=key_of(page, "days"),
        format_func=lambda days: (
            "Custom" if days == CUSTOM else "Today" if days == "1" else f"{days} d"
        ),
        label_visibility="collapsed",
        on_change=_begin_custom,
        args=(page, period),
    )
    if value_of(page, "days") == CUSTOM:
        with st.popover(
            formatting.stretch(period.start, period.end, zone), icon=":material/date_range:"
        ):
            place = ZoneInfo(zone)
            for edge, label, at in (("from", "From", period.start), ("until", "To", period.end)):
                # The widget has no time zone: it shows the time of the reporting one
                state.seed(key_of(page, edge), at.astimezone(place).replace(tzinfo=None))
                st.datetime_input(
                    f"{label} ({zone})",
                    key=key_of(page, edge),
                    step=LEAST,
                    on_change=_take_range,
                    args=(page, zone),
                )


def _begin_custom(page: str, period: Period) -> None:
    """Start a custom range with the period that was shown."""
    if value_of(page, "days") == CUSTOM:
        filter_state.look_at(page, period.start, period.end)


def _take_range(page: str, zone: str) -> None:
    now = clock.now()
    start, end = (
        state.get(key_of(page, edge), now).replace(tzinfo=ZoneInfo(zone))
        for edge in ("from", "until")
    )
    if start < end:
        filter_state.put(page, start=in_address(start), end=in_address(end))
    else:
        state.problem("The start must be before the end.")


def _draw(
    page: str,
    name: str,
    offered: FilterOptions,
    own: Mapping[str, str] | None,
    *,
    labelled: bool = False,
) -> None:
    look: Literal["visible", "collapsed"] = "visible" if labelled else "collapsed"
    found = list(own) if own is not None else offered.of(name)
    if found is None:
        hint = TYPED.get(key_of(page, name), TYPED.get(name, "Attune ID or external ID"))
        wide: Width = 208 if name in TYPED else "stretch"
        icon = ":material/search:" if name in TYPED else None
        st.text_input(
            LABELS[name],
            key=key_of(page, name),
            placeholder=hint,
            label_visibility=look,
            width=wide,
            icon=icon,
        )
        return
    said = {"": EVERY.get(name, ""), **(own or {})}
    options = list(
        dict.fromkeys(
            # With the value of the address, which no row of this period may have
            [*([] if name in DEFAULTS else [""]), *found, *filter(None, [value_of(page, name)])]
        )
    )
    width: Width = "stretch" if labelled else 160
    st.selectbox(
        LABELS[name],
        options,
        key=key_of(page, name),
        format_func=lambda each: said.get(each, each),
        label_visibility=look,
        width=width,
    )


def _say_narrowed(page: str, names: Sequence[str], filters: Filters) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"narrowed-{page}"
    ):
        st.caption(f"Filtered by {text.plain(', '.join(filters.narrowed))}", width="content")
        st.button(
            "Clear filters",
            type="tertiary",
            key=key_of(page, "clear"),
            on_click=filter_state.clear,
            args=(page, names),
        )
