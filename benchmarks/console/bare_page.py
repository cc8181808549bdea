"""A Streamlit page about as full as AI metrics that reads nothing: the time that Streamlit itself
takes.

`python -m streamlit run benchmarks/console/bare_page.py` shows it.
"""

from datetime import UTC, datetime, timedelta

import pandas as pd
import streamlit as st

from core.presentation.drawing import Drawing
from core.presentation.formatting import FigureUnit
from core.presentation.plotting import Line, line_chart, stacked_bars
from tests.factories.palettes import PALETTE

AT = [datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=number) for number in range(7 * 24)]
WAVE = [100.0 + 10 * (number % 24) for number in range(len(AT))]
NAMES = ("one", "two", "three")


def main() -> None:
    """Draw key figures, charts and tables."""
    # By which a bench knows that a page has its style
    st.html("<style>:root { --attune-muted: gray }</style>")
    st.title("Bare")
    with st.container(horizontal=True):
        for name in NAMES * 2:
            st.metric(name, "1,234", "5 %")
    grid = st.grid(3, min_column_width=300)
    for number, drawing in enumerate([lines(3), lines(1), lines(3), bars(3), bars(1), bars(1)]):
        with grid.cell():
            st.plotly_chart(
                drawing.figure(),
                theme=None,
                key=f"chart.{number}",
                config={"displayModeBar": False},
            )
    for _ in range(4):
        st.dataframe(
            pd.DataFrame({"Name": NAMES, "Requests": [1, 2, 3], "Cost": [0.1, 0.2, 0.3]}),
            hide_index=True,
        )


def lines(count: int) -> Drawing:
    """Return lines over a week by the hour."""
    drawn = [
        Line(name, WAVE, colour, colour)
        for name, colour in zip(NAMES, PALETTE.series, strict=False)
    ]
    return line_chart(PALETTE, AT, drawn[:count], FigureUnit.DURATION, zone="UTC")


def bars(count: int) -> Drawing:
    """Return bars over a week by the hour."""
    return stacked_bars(
        PALETTE, AT, dict.fromkeys(NAMES[:count], WAVE), FigureUnit.COUNT, zone="UTC"
    )


main()
