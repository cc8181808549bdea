"""The funnel's figures in a table, with their intervals."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.activity.charts import duration_text, step_label
from core.activity.funnel_views import FunnelComparison, FunnelStep, FunnelView
from core.activity.queries.funnels.funnel_comparison import points
from core.activity.rates import rate_in_words
from core.insights.queries.drop_off_errors import DropOffErrors
from core.platform import clock
from core.presentation import formatting
from core.presentation.comparison import ChangeVerdict
from pages._ui import columns, tables, text
from pages._ui.tables import TableColumn
from pages.watch.onboarding.funnel_editor import PAGE

VERDICTS = {
    ChangeVerdict.WORSE: "worse",
    ChangeVerdict.BETTER: "better",
    ChangeVerdict.NOISE: "not significant",
    ChangeVerdict.DIFFERENT: "different",
    ChangeVerdict.EARLY: "too early to compare",
    ChangeVerdict.UNKNOWN: "not enough users",
}


def draw(
    funnel: FunnelView,
    versus: FunnelComparison | None,
    drop_offs: Sequence[DropOffErrors],
    pick: Callable[[int], None],
) -> None:
    """Draw the funnel's figures with intervals; a click selects a step."""
    # Those beside it are of the same window
    steps = (funnel if versus is None else versus.one).steps
    shown = [*_step_columns(), *_drop_off_columns(drop_offs)]
    if versus is not None:
        shown.insert(2, _other_users(versus))  # beside the users of this funnel
        shown.append(
            columns.figure(
                "Change from previous step", lambda step: _difference(versus, step.step - 1)
            )
        )
    key = f"{PAGE}.figures.{versus is not None}"
    tables.draw(
        steps, shown, f"{len(steps)} funnel steps", key=key, on_open=lambda step: pick(step.step)
    )
    if funnel.last_window_ends_at > clock.now():
        days = formatting.count(funnel.window_days, "day")
        st.caption(f"Dropped off so far: those who started in the last {days} may still go on.")


def _other_users(versus: FunnelComparison) -> TableColumn[FunnelStep]:
    name, others = text.one_line(versus.other_name), versus.other.steps
    return columns.number(
        name, lambda step: others[step.step - 1].users, width=110, help=f"Users: {text.plain(name)}"
    )


def _difference(versus: FunnelComparison, number: int) -> str:
    given = versus.steps[number].from_previous
    if number == 0:
        return ""
    return f"{points(given)}, {VERDICTS[given.verdict]}"


def _step_columns() -> list[TableColumn[FunnelStep]]:
    return [
        columns.text(
            "Step",
            lambda step: (
                f"{step.step}  {step_label(step)}" + (" (optional)" if step.is_optional else "")
            ),
        ),
        columns.number("Users", lambda step: step.users),
        columns.figure(
            "From start",
            lambda step: (
                rate_in_words(step.conversion_from_start, step.interval, step.users)
                if step.step > 1
                else None
            ),
            help="95% interval (Wilson)",
        ),
        columns.figure(
            "From previous step",
            lambda step: (
                rate_in_words(
                    step.conversion_from_previous, step.interval_from_previous, step.users
                )
                if step.step > 1
                else None
            ),
            help="Conversion from the previous required step, 95% interval (Wilson)",
        ),
        columns.figure(
            "Median time",
            lambda step: (
                duration_text(step.median_seconds_from_previous) if step.step > 1 else None
            ),
        ),
        columns.figure(
            "p90 time",
            lambda step: duration_text(step.p90_seconds_from_previous) if step.step > 1 else None,
        ),
    ]


def _drop_off_columns(drop_offs: Sequence[DropOffErrors]) -> list[TableColumn[FunnelStep]]:
    lost = {each.step: each for each in drop_offs}
    return [
        columns.number(
            "Dropped off",
            lambda step: lost[step.step].dropped_off if step.step in lost else None,
        ),
        columns.text(
            "With an error",
            lambda step: _error_share(lost.get(step.step)),
            help="Users who dropped off at the step and met an error after they reached it, with "
            "their most frequent last error. Click a row to list them.",
        ),
    ]


def _error_share(lost: DropOffErrors | None) -> str | None:
    if lost is None or not lost.dropped_off:
        return None
    top = f" · {lost.top_error}" if lost.top_error else ""
    return f"{formatting.share(lost.error_share)}{top}"
