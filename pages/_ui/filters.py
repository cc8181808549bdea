"""The filter bar of a Watch page. Every filter is in the query string, by the name that the API has for it.

An address opens the page as it was sent; a filter that is changed changes the address. What stands there is read first, then the
bar is drawn, so that the choices it offers are those of the period and the environment that are chosen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import streamlit as st

from core.ai_metrics.answers import AiMetricsQuery
from core.ai_metrics.schemas import RequestStatus
from core.batches.answers import AskedRuns
from core.insights.choices import Choices, choices
from core.insights.schemas import WatchScope
from core.platform import clock
from core.presentation import words
from core.presentation.periods import MOST_DAYS, Edge, Period, RangeRefused, Watched, in_address, last_days, read_range
from core.system import workspace
from pages._ui import state, text
from pages._ui.cache import Reads
from pages._ui.filter_words import EVERY, LABELS, SAID, TYPED

DAYS, CUSTOM, LEAST = ("1", "7", "30", "90"), "custom", timedelta(minutes=30)
DEFAULTS = {"days": "7", "environment": "production"}
# What the page shows of itself, and no filter of what is read.
VIEWS = ("start", "end")
PERIOD = ("days", *VIEWS)
# What goes along to the next page: the navigation leads to pages, and knows of no filters.
SHARED, CARRIED = (*PERIOD, "environment", "app"), "filters.carried"
WATCHED = ("environment", "app", "release", "user_id")
Width = int | Literal["stretch"]
Offers = Mapping[str, Mapping[str, str]]  # of a filter: each choice, and the words for it


@dataclass(frozen=True)
class Filters:
    """What the bar says: a period, and of every other filter what was chosen, empty when nothing was."""

    period: Period
    chosen: Mapping[str, str]
    is_timed: bool = True  # without it, the page shows what there is, whenever it was
    offers: Offers = field(default_factory=dict)  # the words for each choice
    own: Mapping[str, str] = field(default_factory=dict)  # what the page lets choose by itself: by it nothing is left out

    def __getitem__(self, name: str) -> str | None:
        """Return what was chosen of a filter, None when nothing was."""
        return self.chosen.get(name) or self.own.get(name) or None

    @property
    def watched(self) -> Watched:
        """Whose rows count."""
        return Watched(self["environment"] or DEFAULTS["environment"], self["app"], self["release"], self["user_id"])

    @property
    def asked(self) -> AiMetricsQuery:
        """Which AI requests count."""
        status = RequestStatus(self.chosen["status"]) if self["status"] in set(RequestStatus) else None
        more = (self["provider"], self["model"], status, self["conversation"], self["error_type"], self["tool"])
        return AiMetricsQuery(self.period, self.watched, *more)

    @property
    def runs(self) -> AskedRuns:
        """Which batch runs count."""
        return AskedRuns(self.period, self.watched, self["job"], self["status"], bool(self["internal"]))

    @property
    def scope(self) -> WatchScope:
        """Of when, and whose."""
        return WatchScope(self.period, self.watched)

    @property
    def narrowed(self) -> list[str]:
        """Every filter that leaves something out, in words."""
        return [
            SAID.get((name, value), f"{LABELS[name].lower()} {self.offers.get(name, {}).get(value, value)}")
            for name, value in self.chosen.items()
            if value and DEFAULTS.get(name) != value and name != "sort"
        ]

    def download(self, path: str, **more: str) -> str:
        """Return the address of the API's stream of the same rows."""
        span = {"start": f"{self.period.start:%Y-%m-%dT%H:%M:%SZ}", "end": f"{self.period.end:%Y-%m-%dT%H:%M:%SZ}"}
        kept = {name: value for name, value in {**self.chosen, **self.own}.items() if value}
        return f"/api/v1/admin/{path}?{urlencode({**kept, **(span if self.is_timed else {}), **more, 'format': 'csv'})}"


def bar(
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
    """Draw the bar: the period, the page's first filters, and behind a button the others. Raises RangeRefused.

    `offers` are the page's own choices of a filter, with the words for each. What is the page's `own` is in the address, too; the
    page draws it, in the bar by `draw_own`, under the keys `page.name`.
    """
    names = (*first, *more)
    _take_over(page, (*names, *own), is_timed=is_timed)
    zone = workspace.zone()
    period = _period(page, zone) if is_timed else last_days(int(DAYS[-1]), zone=zone)
    offered = reads.ask(choices, period, _value(page, "environment") or DEFAULTS["environment"])
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"filters-{page}"):
        if is_timed:
            _draw_period(page, zone, period)
        for name in first:
            _draw(page, name, offered, (offers or {}).get(name))
        if draw_own is not None:
            draw_own()
        if more:
            hidden = sum(1 for name in more if _value(page, name) not in ("", DEFAULTS.get(name)))
            with st.popover("More filters" + (f" ({hidden})" if hidden else ""), icon=":material/tune:"):
                for name in more:
                    _draw(page, name, offered, (offers or {}).get(name), labelled=True)
    _write_address(page, (*names, *own))
    _carry(page, (*(PERIOD if is_timed else ()), *names))
    chosen, chosen_own = ({name: _value(page, name) for name in each} for each in (names, own))
    filters = Filters(_period(page, zone) if is_timed else period, chosen, is_timed, offers or {}, chosen_own)
    if filters.narrowed:
        _say_narrowed(page, names, filters)
    return filters


def put(page: str, **values: str) -> None:
    """Choose filters, from a callback: what was clicked is looked at more closely."""
    for name, value in values.items():
        state.put(_key(page, name), value)


def look_at(page: str, start: datetime, end: datetime) -> None:
    """Choose a period, from a callback."""
    put(page, days=CUSTOM, start=in_address(start), end=in_address(max(end, start + LEAST)))
    state.forget(_key(page, "from"), _key(page, "until"))


def clear(page: str, names: Sequence[str]) -> None:
    """Take every filter away but the period."""
    put(page, **{name: DEFAULTS.get(name, "") for name in names})


def _take_over(page: str, names: Sequence[str], *, is_timed: bool) -> None:
    """Make the filters those of the address, when it is another than the one that was written last.

    Whoever changes two filters quickly sends the second with the address from before the first: what was just entered wins.
    """
    given = st.query_params.to_dict()
    is_new = state.get(_key(page, "address"), None) != given and not _is_entered(page)
    wanted = given | _carried(page, (*(PERIOD if is_timed else ()), *names)) if is_new else given
    for name in (*PERIOD, *names):
        key = _key(page, name)
        if is_new or key not in st.session_state:
            state.put(key, wanted.get(name, DEFAULTS.get(name, "")))
    if is_new:
        if wanted.get("start"):
            put(page, days=CUSTOM)
        state.forget(_key(page, "from"), _key(page, "until"), _key(page, "drawn"))
        state.put(_key(page, "address"), given)  # a page that refuses it is left for the one before


def _carry(page: str, names: Sequence[str]) -> None:
    """Remember what the next page begins with; what this one does not have remains as it was."""
    _, before = _last()
    given = st.query_params.to_dict()
    ours = {name: given[name] for name in SHARED if name in names and name in given}
    state.put(CARRIED, (page, {name: value for name, value in before.items() if name not in names} | ours))


def _carried(page: str, names: Sequence[str]) -> dict[str, str]:
    """Return what the page before had, when the address says nothing of it."""
    last, values = _last()
    if last == page or st.query_params.keys() & set(names):
        return {}
    return {name: value for name, value in values.items() if name in names}


def _last() -> tuple[str, dict[str, str]]:
    return state.get(CARRIED, ("", {}))


def _is_entered(page: str) -> bool:
    """Whether a filter is another than at the end of the run before."""
    before: Mapping[str, str] = state.get(_key(page, "drawn"), {})
    return any(_key(page, name) in st.session_state and _value(page, name) != value for name, value in before.items())


def _write_address(page: str, names: Sequence[str]) -> None:
    is_custom = _value(page, "days") == CUSTOM
    wanted = VIEWS if is_custom else ("days",)
    values = {name: _value(page, name) for name in (*wanted, *names)}
    kept = {name: value for name, value in values.items() if value and value != DEFAULTS.get(name)}
    others = {name: value for name, value in st.query_params.to_dict().items() if name not in {*PERIOD, *names}}
    if st.query_params.to_dict() != kept | others:
        st.query_params.from_dict(kept | others)
    state.put(_key(page, "address"), kept | others)
    state.put(_key(page, "drawn"), {name: _value(page, name) for name in (*PERIOD, *names)})


def _period(page: str, zone: str) -> Period:
    days = _value(page, "days")
    if days == CUSTOM:
        return read_range(_edge(_value(page, "start")), _edge(_value(page, "end")), None, zone=zone)
    return read_range(None, None, int(days) if _is_count(days) else 0, zone=zone)


def _is_count(given: str) -> bool:
    """Whether it is a number of days; of thousands of digits int() makes none, nor of a superscript."""
    return given.isdecimal() and len(given) <= len(str(MOST_DAYS))


def _edge(given: str) -> Edge | None:
    if not given:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise RangeRefused from None
    return moment.date() if len(given) == len("2026-01-01") else moment


def _draw_period(page: str, zone: str, period: Period) -> None:
    given = _value(page, "days")
    offered = sorted({*DAYS, *([given] if _is_count(given) else [])}, key=int)
    st.segmented_control(
        "Period",
        [*offered, CUSTOM],
        required=True,
        key=_key(page, "days"),
        format_func=lambda days: "Custom" if days == CUSTOM else "Today" if days == "1" else f"{days} d",
        label_visibility="collapsed",
        on_change=_begin_custom,
        args=(page, period),
    )
    if _value(page, "days") == CUSTOM:
        with st.popover(words.stretch(period.start, period.end, zone), icon=":material/date_range:"):
            place = ZoneInfo(zone)
            for key, label, at in (("from", "From", period.start), ("until", "To", period.end)):
                state.seed(_key(page, key), at.astimezone(place).replace(tzinfo=None))
                st.datetime_input(f"{label} ({zone})", key=_key(page, key), step=LEAST, on_change=_take_range, args=(page, zone))


def _begin_custom(page: str, period: Period) -> None:
    """Begin a range of one's own with the period that was there."""
    if _value(page, "days") == CUSTOM:
        look_at(page, period.start, period.end)


def _take_range(page: str, zone: str) -> None:
    now = clock.now()
    start, end = (state.get(_key(page, key), now).replace(tzinfo=ZoneInfo(zone)) for key in ("from", "until"))
    if start < end:
        put(page, start=in_address(start), end=in_address(end))
    else:
        state.problem("The start must be before the end.")


def _draw(page: str, name: str, offered: Choices, own: Mapping[str, str] | None, *, labelled: bool = False) -> None:
    look: Literal["visible", "collapsed"] = "visible" if labelled else "collapsed"
    found = list(own) if own is not None else offered.of(name)
    if found is None:
        hint = TYPED.get(_key(page, name), TYPED.get(name, "Attune ID or external ID"))
        wide: Width = 260 if name in TYPED else "stretch"
        icon = ":material/search:" if name in TYPED else None
        st.text_input(LABELS[name], key=_key(page, name), placeholder=hint, label_visibility=look, width=wide, icon=icon)
        return
    said = {"": EVERY.get(name, ""), **(own or {})}
    options = list(dict.fromkeys([*([] if name in DEFAULTS else [""]), *found, *filter(None, [_value(page, name)])]))
    width: Width = "stretch" if labelled else 168
    st.selectbox(
        LABELS[name],
        options,
        key=_key(page, name),
        format_func=lambda each: said.get(each, each),
        label_visibility=look,
        width=width,
    )


def _say_narrowed(page: str, names: Sequence[str], filters: Filters) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"narrowed-{page}"):
        st.caption(f"Filtered by {text.plain(', '.join(filters.narrowed))}", width="content")
        st.button("Clear filters", type="tertiary", key=_key(page, "clear"), on_click=clear, args=(page, names))


def _value(page: str, name: str) -> str:
    return state.get(_key(page, name), "") or ""


def _key(page: str, name: str) -> str:
    return f"{page}.{name}"
