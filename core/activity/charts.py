"""Charts of onboarding, and what they say in words."""

from core import words
from core.activity.answers import FunnelStep, FunnelView
from core.palette import Palette
from core.plotting import Chart, blank

HALF_BAR, TALL = 0.26, 250


def funnel(palette: Palette, given: FunnelView) -> Chart:
    """Draw users by step; between two bars stand the share that came through and the median time, the weakest in red."""
    steps = given.steps
    figure, start = blank(palette, TALL), max(steps[0].users, 1)
    weakest = weakest_of(steps)
    for number, step in enumerate(steps[1:], 1):
        edges = [number - 1 + HALF_BAR, number - HALF_BAR, number - HALF_BAR, number - 1 + HALF_BAR]
        heights = [steps[number - 1].users, step.users, 0, 0]
        figure.add_scatter(x=edges, y=heights, fill="toself", mode="none", fillcolor=palette.tint, hoverinfo="skip")
        took = (
            words.duration(round(step.median_seconds_from_previous * 1000))
            if step.median_seconds_from_previous is not None
            else ""
        )
        colour = palette.bad if step is weakest else palette.muted
        said = f"<b>{words.share(step.conversion_from_previous)}</b><br>{took}"
        place = {"x": number - 0.5, "y": 0, "yanchor": "bottom", "yshift": 6, "showarrow": False, "align": "center"}
        figure.add_annotation(**place, text=said, font={"size": 11, "color": colour})
    figure.add_bar(
        x=list(range(len(steps))),
        y=[step.users for step in steps],
        width=2 * HALF_BAR,
        marker={"color": palette.bar},
        unselected={"marker": {"opacity": 1}},
        hovertemplate="%{y:,} users<extra></extra>",
    )
    for number, step in enumerate(steps):
        share = words.share(step.conversion_from_start)
        said = f"<b>{step.users:,}</b>  <span style='color:{palette.muted}'>{share}</span>"
        figure.add_annotation(x=number, y=step.users, yanchor="bottom", yshift=4, showarrow=False, text=said, font={"size": 13})
    ticks = {"tickvals": list(range(len(steps))), "ticktext": [short(step) for step in steps]}
    figure.update_xaxes(**ticks, tickfont={"size": 12, "color": palette.text}, range=[-HALF_BAR, len(steps) - 1 + HALF_BAR])
    figure.update_yaxes(visible=False, range=[0, start * 1.12])
    figure.update_layout(showlegend=False, hovermode="closest", margin={"t": 24, "l": 0, "r": 0})
    each = ", ".join(f"{short(step)} {step.users:,}" for step in steps)
    fewest = f" The weakest step is {short(weakest)}: {words.share(weakest.conversion_from_previous)}." if weakest else ""
    return Chart(figure, f"Users by step: {each}. {words.share(given.overall_conversion)} came through.{fewest}")


def weakest_of(steps: list[FunnelStep]) -> FunnelStep | None:
    """Return the step that the smallest share of those before it took; optional ones may be left out by anybody."""
    known = [step for step in steps if step.conversion_from_previous is not None and not step.is_optional]
    return min(known, key=lambda step: step.conversion_from_previous or 0, default=None)


def short(step: FunnelStep) -> str:
    """Return a step's name without its category: register complete."""
    return " | ".join(words.event(each) for each in step.event_type.split("|"))
