"""Prompt versions in a table, each figure with its interval."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from core.insights.prompt_figures import PromptVersionFigures
from core.presentation import formatting
from pages._ui import columns, tables, text, watch
from pages._ui.filters import filter_state
from pages._ui.tables import TableColumn
from pages.watch.ai_metrics import ai_tables, estimates

MOST_ROWS, MOST_SCORES = 7, 3


def version_columns(
    versions: Sequence[PromptVersionFigures],
) -> Sequence[TableColumn[PromptVersionFigures]]:
    """Return the columns of prompt versions, with the score names that these have."""
    return [
        columns.text(
            "Prompt version", lambda row: row.prompt_version or formatting.NONE, widest=180
        ),
        columns.number("Requests", lambda row: row.total_requests),
        columns.bar("Share", lambda row: row.share * 100, format="%.0f%%", most=100, width=75),
        columns.figure("Errors", lambda row: estimates.rate(row.error_rate)),
        columns.figure("p50", lambda row: estimates.latency(row.p50_latency_ms)),
        columns.figure("p95", lambda row: estimates.latency(row.p95_latency_ms)),
        columns.figure("Positive feedback", lambda row: estimates.rate(row.positive_feedback)),
        columns.figure(
            "Approved",
            lambda row: estimates.rate(row.approved),
            help="Answers that reviewers approved, of those approved or corrected",
        ),
        *_scores(versions),
        columns.figure(
            "Cost per 1,000", lambda row: estimates.cost_per_thousand(row.cost_per_request)
        ),
        columns.number(
            "Cost",
            ai_tables.known_cost,
            format=columns.dollars(row.cost_usd for row in versions),
        ),
    ]


def draw(versions: Sequence[PromptVersionFigures], page: str) -> None:
    shown = version_columns(versions)

    def filter_by(row: PromptVersionFigures) -> None:
        filter_state.put(page, prompt_version=row.prompt_version or formatting.NONE)

    note = "with 95% intervals · by requests · click a row to filter"
    with watch.panel("By prompt version", note):
        alt = formatting.count(len(versions), "prompt version")
        tables.draw(versions, shown, alt, key=f"{page}.versions", most=MOST_ROWS, on_open=filter_by)


def _scores(
    versions: Sequence[PromptVersionFigures],
) -> Iterator[TableColumn[PromptVersionFigures]]:
    """Yield a column for each of the most frequent score names."""
    counts = Counter[str]()
    labels: dict[str, str | None] = {}
    for each in (score for version in versions for score in version.scores or ()):
        counts[each.name] += each.n
        labels[each.name] = each.label
    for name, _ in counts.most_common(MOST_SCORES):
        title = text.one_line(name if labels[name] is None else f"{name}: {labels[name]}")
        yield columns.figure(title, partial(estimates.score, name=name), help="Scores of this name")
