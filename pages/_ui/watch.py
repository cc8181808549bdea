"""What every Watch page is made of. How one is made, in the order of its lines:

    def main() -> None:
        reads = watch.reads()                                     # guard: who is here, and may watch
        actions = watch.header("Batch history", "Every run")      # title; its caption is filled in at the end
        filters_ = filters.bar(PAGE, reads, ("job", "status"))    # every filter is in the query string
        runs = reads.ask(queries.list_runs, filters_.runs, window=Window(90))  # core's reader, kept for a few seconds
        with watch.panel("Last runs", "newest on the right"):
            charts.show(batch_charts.strip(charts.palette(), runs, zone), f"{PAGE}.runs", on_pick=...)
        actions.finish(reads, filters_, csv="batch/history")      # as of when, refresh, CSV of the same rows

    with errors.InWords("Batch history"):
        main()

Figures are computed in core, once, for page, CSV and API; a page does no arithmetic on them. A chart is a function in its
feature's `charts.py`: it takes a palette and rows, and returns the figure with its text; its parts are in
core/presentation/plotting.py. Key figures are `Tile`s (core/presentation/comparison.py), drawn by
`tiles.draw`. Ways to other pages are in `links.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.activity.queries.releases import list_releases
from core.ai_metrics.answers import Interval
from core.identity.permissions import Permission, may
from core.presentation import words
from core.presentation.periods import Period
from core.presentation.plotting import Mark
from pages._ui import cache, filters, frame, guard, text
from pages._ui.cache import Reads
from pages._ui.charts import Point
from pages._ui.filters import Filters


@dataclass(frozen=True)
class Header:
    """The places of a page's header that are filled when all is read."""

    caption: DeltaGenerator
    actions: DeltaGenerator
    about: str

    def finish(self, reads: Reads, chosen: Filters, *, csv: str | None = None, **more: str) -> None:
        """Say which days are shown and as of when; offer to read anew, and the same rows as CSV."""
        zone = chosen.period.zone
        # Plain: between two colons Streamlit's client looks for an emoji, and fetches the names of all to find it.
        as_of = f"updated {text.plain(f'{reads.as_of.astimezone(frame.time_zone()):%H:%M:%S}')}"
        days = f"{span(chosen.period)} ({zone})" if chosen.is_timed else zone
        self.caption.caption(f"{self.about} · {days} · {as_of}")
        with self.actions:
            if csv is not None:
                st.link_button(
                    "Export CSV",
                    chosen.download(csv, **more),
                    icon=":material/download:",
                    help="Download all rows that match the filters",
                )
            st.button("Refresh", icon=":material/refresh:", on_click=cache.forget)


def reads() -> Reads:
    """Stand first in every Watch page: find out who is here; raise Forbidden when the role may not watch."""
    return Reads(guard.page(Permission.WATCH))


def header(title: str, about: str) -> Header:
    """Draw the title; the caption follows when all is read."""
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom", gap="medium")
    with row.container(gap=None, width="content"):
        st.title(title, anchor=False)
        caption = st.empty()
    caption.caption(about)
    actions = row.container(horizontal=True, width="content", vertical_alignment="center", gap="small")
    return Header(caption, actions, about)


def panel(title: str, note: str = "") -> DeltaGenerator:
    """Return the place of a chart or table, held close to its heading."""
    place = st.container(gap="xsmall")
    with place:
        frame.section(title, note)
    return place


def span(period: Period) -> str:
    """Return the days of a period in words."""
    if not period.is_whole_days:
        return words.stretch(period.start, period.end, period.zone)
    if len(period.days) == 1:
        return f"{period.first_day:%-d %b}"
    return f"{period.first_day:%-d %b} to {period.last_day:%-d %b}"


def nothing_here(page: str, what: str, reads: Reads, chosen: Filters) -> None:
    """Say that the period is empty, what would fill it, and offer the one action that does."""
    if chosen.narrowed:
        none_match(page, what, chosen)
        return
    body = f"Send {what} over HTTP, with the Python client or with OpenTelemetry, or import a file in Settings > Import."
    with frame.empty_state("sensors", f"No {what} in this period" if chosen.is_timed else f"No {what} yet", body):
        if may(reads.actor, Permission.MANAGE_KEYS):
            st.page_link(
                "system/settings/page.py",
                label="Create API key",
                icon=":material/key:",
                query_params={"section": "API keys"},
            )


def none_match(page: str, what: str, chosen: Filters) -> None:
    """Say that the filters leave nothing, and let them be cleared."""
    with frame.empty_state("filter_alt_off", f"No {what} match these filters", "Change or clear the filters."):
        st.button("Clear filters", key=f"{page}.clear_all", on_click=filters.clear, args=(page, list(chosen.chosen)))


def closer(page: str, interval: Interval, zone: str) -> Callable[[Point], None]:
    """Return what a click in a chart over time does: the page looks at that interval alone."""

    def look(point: Point) -> None:
        start = point.moment(zone)
        filters.look_at(page, start, start + interval.length)

    return look


def marks(reads: Reads, chosen: Filters) -> list[Mark]:
    """Return what stands as a mark on every chart over time: the releases of the period."""
    found = reads.ask(list_releases, chosen.period, chosen.watched)
    return [Mark(each.first_seen_at, each.release) for each in found]
