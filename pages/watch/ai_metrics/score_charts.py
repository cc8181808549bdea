"""Scores by name over time; a click on a day lists its conversations."""

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from core.identity.permissions import Permission, may
from core.presentation import formatting
from core.presentation.periods import in_address
from core.scores import charts as score_charts
from core.scores.queries import score_figures, score_list
from core.scores.views import ScoreFigures, ScoreFilter
from pages._ui import charts, errors, frame, links, text, watch
from pages._ui.cache import Reads
from pages._ui.charts import Point
from pages._ui.filters.selection import Filters

PAGE, COLUMNS = "ai-metrics", 3
NOT_OF_SCORES = ("status", "provider", "error_type", "tool")
OF_CONVERSATIONS = ("app", "release", "user_id", "model", "prompt_version", "experiment_arm")
AROUND = timedelta(days=90)  # a conversation's last message may be long before its score
HOW = "Send them to ingest/scores, with the Python client, or import a file in Settings > Import."


@errors.part("Scores")
def draw(reads: Reads, chosen: Filters) -> None:
    """Draw the trend of each name."""
    ignored = [text.plain(name.replace("_", " ")) for name in NOT_OF_SCORES if chosen[name]]
    frame.section("Scores", f"not filtered by {', '.join(ignored)}" if ignored else "")
    wanted = ScoreFilter(
        model=chosen["model"],
        conversation=chosen["conversation"],
        prompt_version=chosen["prompt_version"],
        experiment_arm=chosen["experiment_arm"],
    )
    found = reads.ask(score_figures.score_stats, wanted, chosen.period, chosen.watched)
    if not found.names:
        has_any = bool(reads.ask(score_list.list_names))
        st.caption("No scores match." if has_any else f"No scores yet. {HOW}")
        return
    zone, markers = chosen.period.zone, watch.markers(reads, chosen)
    palette, may_open = charts.palette(), may(reads.actor, Permission.READ_CONTENTS)
    grid = st.grid(COLUMNS, min_column_width=300, gap=("small", "medium"))
    for number, figures in enumerate(found.names):
        with grid.cell(), watch.panel(text.plain(text.one_line(figures.name)), _note(figures)):
            charts.show(
                score_charts.trend(palette, figures, zone, markers),
                f"{PAGE}.score.{number}",
                on_pick=_opener(figures.name, chosen) if may_open else None,
            )
    if found.more_names:
        st.caption(f"{formatting.count(found.more_names, 'more name')} in the CSV.")
    st.link_button("Export scores as CSV", chosen.download("ai/scores"), type="tertiary")


def _note(figures: ScoreFigures) -> str:
    count = formatting.count(figures.scores, "score")
    if figures.mean is None:
        first = figures.labels[0]
        share = f"{formatting.share(first.share)} {first.label}{_shares(first.low, first.high)}"
        return text.plain(text.one_line(f"{share}, {count}"))
    before = figures.previous.mean
    previous = f", previously {score_charts.score(before)}" if before is not None else ""
    return text.plain(
        f"mean {score_charts.score(figures.mean)}{_interval(figures)}, {count}{previous}"
    )


def _interval(figures: ScoreFigures) -> str:
    if figures.low is None and figures.values > 1 and figures.lowest == figures.highest:
        return " (all equal)"
    if figures.low is None:
        return " (too few for an interval)"
    low, high = score_charts.score(figures.low), score_charts.score(figures.high)
    return f" (95% interval {low} to {high})"


def _shares(low: float | None, high: float | None) -> str:
    if low is None:
        return " (too few for an interval)"
    return f" (95% interval {formatting.share(low)} to {formatting.share(high)})"


def _opener(name: str, chosen: Filters) -> Callable[[Point], None]:
    def open_day(point: Point) -> None:
        day = point.moment(chosen.period.zone)
        links.go(
            "tuning",
            view="conversations",
            score=name,
            scored_on=f"{day:%Y-%m-%d}",
            start=in_address(day - AROUND),
            end=in_address(day + AROUND),
            environment=chosen.watched.environment,
            **{name: chosen[name] or "" for name in OF_CONVERSATIONS if chosen[name]},
        )

    return open_day
