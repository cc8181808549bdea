"""Exports of an evaluation: a table of runs as CSV or JSON lines, and a report in Markdown."""

import json
import re
from collections.abc import Iterable, Iterator

from core.annotations.exports import markdown
from core.evaluations.figures.comparison import explanation
from core.evaluations.figures.comparison_views import ComparedTarget, EvaluationComparison
from core.evaluations.figures.figure_texts import written
from core.evaluations.views import EvaluationView, RunExport, TargetView
from core.presentation import csv_lines
from core.presentation.formatting import cost, count, duration, share

FENCE = 3  # backticks at least, and one more than any within
COLUMNS = tuple(RunExport.model_fields)
HEADER = (
    "| Target | Pass rate | Score | All runs pass | Failed calls | Median time | Cost |\n"
    "|---|---|---|---|---|---|---|\n"
)


def as_csv(runs: Iterable[RunExport]) -> Iterator[str]:
    """Yield CSV lines, a header first."""
    yield csv_lines.line(COLUMNS)
    for run in runs:
        values = run.model_dump(mode="json")
        yield csv_lines.line([values[name] for name in COLUMNS])


def as_json_lines(runs: Iterable[RunExport]) -> Iterator[str]:
    """Yield one JSON object per run."""
    for run in runs:
        yield json.dumps(run.model_dump(mode="json"), ensure_ascii=False) + "\n"


def as_markdown(view: EvaluationView, compared: EvaluationComparison | None) -> Iterator[str]:
    """Yield the parts of a report: rates, comparison, recommendations and the manifest."""
    yield f"# {_cell(view.name)}\n\n"
    spent = cost(view.spent_usd, view.unpriced)
    size = f"{count(view.cases, 'case')}, {count(view.runs, 'run')} each"
    progress = view.progress
    is_cut = progress.done < progress.total
    results = f" · {progress.done:,} of {progress.total:,} results" if is_cut else ""
    yield f"{size} · {view.status}{results} · {spent}\n\n"
    yield HEADER
    yield from (_line(target) for target in view.results)
    if compared is not None and compared.targets:
        yield "\n## Against the baseline\n\n"
        if compared.scoring_note is not None:
            yield f"{compared.scoring_note}\n\n"
        yield from (_compared(each) for each in compared.targets)
    if view.recommendations:
        yield "\n## Recommendations\n\n"
        for advice in view.recommendations:
            yield f"- {_cell(advice.text)} ({_cell(advice.evidence)})\n"
    manifest = json.dumps(view.manifest.model_dump(mode="json"), indent=2, ensure_ascii=False)
    fence = "`" * (max(map(len, re.findall("`+", manifest)), default=0) + FENCE)
    yield f"\n## Manifest\n\n{fence}json\n{manifest}\n{fence}\n"


def _line(target: TargetView) -> str:
    cells = (
        _cell(target.title),
        written(target.success_rate),
        written(target.score),
        share(target.consistency),
        str(target.failed),
        duration(target.median_ms),
        cost(target.cost_usd, target.unpriced),
    )
    return f"| {' | '.join(cells)} |\n"


def _compared(each: ComparedTarget) -> str:
    worse = ", ".join(str(case.position) for case in each.changed_cases if case.is_worse)
    return (
        f"- {_cell(each.title)} against {_cell(each.baseline_title)}: **{each.passes.words}** by "
        f"passes ({explanation(each.passes)}); **{each.scores.words}** by scores "
        f"({explanation(each.scores)}); {count(each.worse, 'case')} worse"
        f"{f' ({worse})' if worse else ''}, {each.better:,} better\n"
    )


def _cell(text: str) -> str:
    """Return text as one line that Markdown shows literally."""
    return markdown.plain(markdown.upright(" ".join(text.split())))
