"""A measure broken down by a dimension, beside the previous period: where a change comes from."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

import streamlit as st

from core.ai_metrics.breakdown_charts import (
    DIMENSIONS,
    MEASURES,
    breakdown_over_time,
    change_of,
    name_of,
    now_and_before,
)
from core.ai_metrics.breakdown_views import (
    Breakdown,
    BreakdownDimension,
    BreakdownMeasure,
    BreakdownPart,
)
from core.ai_metrics.queries.breakdown import break_down
from core.presentation import formatting
from core.presentation.chart_markers import ChartMarker
from pages._ui import charts, columns, errors, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_state
from pages._ui.filters.filter_state import key_of
from pages._ui.filters.selection import DEFAULTS, Filters
from pages._ui.tables import TableColumn

PAGE = "ai-metrics"
OWN = ("by", "measure")
Choice = TypeVar("Choice", bound=StrEnum)
MOST_ROWS = 6
MOST_SHARE = 2  # of a change: beyond, parts cancel out, and shares of the rest say nothing


@errors.part("Breakdown")
def draw(reads: Reads, chosen: Filters, markers: Sequence[ChartMarker]) -> None:
    """Draw the chosen measure by the chosen dimension; a click on a row filters by its value."""
    dimension = chosen.one_of(BreakdownDimension, "by") or BreakdownDimension.MODEL
    measure = chosen.one_of(BreakdownMeasure, "measure") or BreakdownMeasure.COST
    found = reads.ask(break_down, chosen.asked, dimension, measure)
    zone = chosen.period.zone
    with st.container(key="breakdown", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            _choose("measure", "Measure", MEASURES)
            _choose("by", "Break down by", DIMENSIONS)
        before = formatting.stretch(found.previous_start, found.previous_end, zone)
        title = f"{MEASURES[measure]} by {DIMENSIONS[dimension]}"
        with watch.panel(title, f"{found.interval.words}, previous period {before} in gray"):
            chart, parts = st.columns((3, 2), gap="medium")
            with chart:
                charts.show(
                    breakdown_over_time(charts.palette(), found, zone, markers),
                    f"{PAGE}.chart.breakdown",
                    on_pick=watch.closer(PAGE, found.interval, zone),
                )
            with parts:
                _draw_parts(found)


def _choose(name: str, label: str, names: Mapping[Choice, str]) -> None:
    """Draw a choice that is in the address; an unknown value there becomes the default."""
    offered = {each.value: said for each, said in names.items()}
    if filter_state.value_of(PAGE, name) not in offered:
        filter_state.put(PAGE, **{name: DEFAULTS[name]})
    st.selectbox(
        label,
        list(offered),
        key=key_of(PAGE, name),
        format_func=offered.__getitem__,
        width=180,
    )


def _draw_parts(found: Breakdown) -> None:
    """Draw the figures of each value, before and after."""
    unit = found.unit
    shown: list[TableColumn[BreakdownPart]] = [
        columns.text(DIMENSIONS[found.dimension].capitalize(), name_of, widest=150),
        columns.figure("Before", lambda row: now_and_before(row, unit)[1]),
        columns.figure("Now", lambda row: now_and_before(row, unit)[0]),
        columns.figure("Change", lambda row: change_of(row.figure, row.previous, unit)),
    ]
    shares = [abs(share) for part in found.parts if (share := part.share_of_change) is not None]
    if 0 < max(shares, default=0) <= MOST_SHARE:
        shown.append(
            columns.figure(
                "Share of change",
                # z: without the sign of a zero that was rounded
                lambda row: "" if row.share_of_change is None else f"{row.share_of_change:z.0%}",
                help="Share of the total change that comes from this value",
            )
        )

    def filter_by(row: BreakdownPart) -> None:
        if not row.is_other:
            filter_state.put(PAGE, **{found.dimension.value: row.value or formatting.NONE})

    alt = f"{MEASURES[found.measure]} by {DIMENSIONS[found.dimension]}, before and now"
    tables.draw(found.parts, shown, alt, key=f"{PAGE}.parts", most=MOST_ROWS, on_open=filter_by)
    now, before = now_and_before(found, unit)
    total = f"Total {now}, previously {before}"
    if found.figure is not None and found.previous is not None:
        total += f" ({change_of(found.figure, found.previous, unit)})"
    st.caption(text.plain(total))
