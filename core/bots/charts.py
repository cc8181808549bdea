"""Charts of scenario tests over a bot's versions, with their alternative texts."""

from collections.abc import Callable, Sequence

from core.bots.result_schemas import ScenarioFigures
from core.presentation import formatting
from core.presentation.drawing import Chart, Drawing, blank
from core.presentation.palette import Palette

DRAFT = "Draft"
MOST_VERSIONS = 8
Value = Callable[[ScenarioFigures], float | None]


def outcomes_by_version(palette: Palette, figures: Sequence[ScenarioFigures]) -> Chart:
    """Draw the share of the expected outcomes that were met, of those that were checked."""

    def met(row: ScenarioFigures) -> float | None:
        return 100 * row.outcomes_met / row.outcomes_checked if row.outcomes_checked else None

    return _by_version(palette, figures, met, "Outcomes met", "%")


def alignment_by_version(palette: Palette, figures: Sequence[ScenarioFigures]) -> Chart:
    """Draw the mean alignment, 0 to 100."""
    return _by_version(palette, figures, lambda row: row.mean_alignment, "Mean alignment", "")


def _by_version(
    palette: Palette, figures: Sequence[ScenarioFigures], value: Value, title: str, unit: str
) -> Chart:
    versions = _versions(figures)
    known = {(row.scenario, row.version): value(row) for row in figures}
    names = sorted({row.scenario for row in figures})
    figure = blank(palette)
    for number, name in enumerate(names):
        figure.add_bar(
            x=[_label(version) for version in versions],
            y=[known.get((name, version)) for version in versions],
            name=formatting.shortened(name, 28),
            marker={"color": palette.series[number % len(palette.series)]},
            hovertemplate=f"%{{y:.0f}}{unit}",
        )
    _format(figure, unit)
    said = "; ".join(
        f"{name}: {', '.join(_in_words(known.get((name, each)), each, unit) for each in versions)}"
        for name in names
    )
    return Chart(figure, f"{title} by version. {said}.")


def _versions(figures: Sequence[ScenarioFigures]) -> list[int | None]:
    """Return the newest versions in order, the draft last."""
    numbers = sorted({row.version for row in figures if row.version is not None})
    drafts: list[int | None] = [None] if any(row.version is None for row in figures) else []
    return [*numbers[-MOST_VERSIONS:], *drafts]


def _label(version: int | None) -> str:
    return DRAFT if version is None else f"Version {version}"


def _in_words(value: float | None, version: int | None, unit: str) -> str:
    shown = "not known" if value is None else f"{value:.0f}{unit}"
    return f"{_label(version).lower()} {shown}"


def _format(figure: Drawing, unit: str) -> None:
    figure.update_xaxes(type="category")
    ticks = [0, 25, 50, 75, 100]
    names = [f"{tick}{unit}" for tick in ticks]
    figure.update_yaxes(range=[0, 105], tickvals=ticks, ticktext=names)
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    figure.update_layout(barmode="group", bargap=0.3, showlegend=True, legend=legend)
    figure.update_layout(margin={"t": 30})
