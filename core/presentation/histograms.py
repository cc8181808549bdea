"""Charts of how often values of each range occur."""

from collections.abc import Sequence

from core.presentation.axes import count_axis, say_no_data
from core.presentation.chart_markers import add_dotted_line
from core.presentation.drawing import HEIGHT, Drawing, blank
from core.presentation.palette import Palette

MOST_TICKS, NEAR = 6, 0.35  # of the width: labels closer than this would overlap


def histogram(
    palette: Palette,
    counts: Sequence[int],
    ranges: Sequence[tuple[str, str]],
    labels: Sequence[tuple[str, int | None]],
    *,
    unit_text: str = "",
    height: int = HEIGHT,
) -> Drawing:
    """Return bars of counts by range; `labels` name positions, such as the median's bar."""
    figure, indexes = blank(palette, height), list(range(len(counts)))
    figure.add_bar(
        x=indexes,
        y=list(counts),
        marker={"color": palette.bar},
        customdata=[f"{start} to {end}" for start, end in ranges],
        hovertemplate=f"%{{customdata}}: %{{y:,}}{unit_text}<extra></extra>",
    )
    ticks = indexes[:: max(1, -(-len(indexes) // MOST_TICKS))]
    figure.update_xaxes(tickvals=ticks, ticktext=[ranges[index][1] for index in ticks])
    count_axis(figure, max(counts, default=0))
    _label_bars(figure, palette, labels, len(indexes))
    if not any(counts):
        say_no_data(figure, palette.muted)
    return figure.update_layout(
        bargap=0.06, margin={"t": 22}, hovermode="closest", showlegend=False
    )


def _label_bars(
    figure: Drawing, palette: Palette, labels: Sequence[tuple[str, int | None]], bars: int
) -> None:
    """Draw labelled lines at bars; overlapping labels are joined at the first line."""
    placed = [(label, at) for label, at in labels if at is not None]
    if placed and placed[-1][1] - placed[0][1] < bars * NEAR:
        placed = [(", ".join(label for label, _ in placed), placed[0][1])]
    for label, at in placed:
        add_dotted_line(figure, palette, at)
        font = {"size": 11, "color": palette.muted}
        figure.add_annotation(
            x=at, y=1, yref="paper", yanchor="bottom", text=label, showarrow=False, font=font
        )
