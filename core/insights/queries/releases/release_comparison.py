"""Two releases side by side: requests, errors, latency, cost, tokens and quality."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from sqlalchemy.orm import Session

from core.activity.queries.releases import first_seen_by_release
from core.ai_metrics.queries.by_dimension import Row, read_by_value
from core.ai_metrics.views import AiMetricsQuery
from core.cache.large_workspaces import cached_if_large
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.insights.prompt_figures import ScoreOfVersion
from core.insights.queries.prompt_versions import (
    cost_per_request,
    is_known,
    measures,
    percentile,
)
from core.insights.queries.releases import release_quality, version_scores
from core.insights.queries.releases.release_quality import Parts
from core.insights.queries.releases.version_scores import ScoresByVersion
from core.insights.release_figures import (
    AppsByRelease,
    ReleaseComparison,
    default_earlier,
    default_later,
)
from core.presentation import comparison
from core.presentation.comparison import NOT_KNOWN, Change, Kpi, Meaning
from core.presentation.formatting import FigureUnit

MOST_SCORES = 5
Pair = tuple[Row, Row]  # of the later release, and of the earlier one


def compare_releases(
    core: Session, ai: Session, query: AiMetricsQuery, earlier: str, later: str, *, actor: Actor
) -> ReleaseComparison | None:
    """Return two releases of a period, by default its latest and the one before; None of only one.

    The release of `query` leaves nothing out.
    """
    require(actor, Permission.WATCH)
    query = replace(query, watched=replace(query.watched, release=None))

    def read() -> ReleaseComparison | None:
        by_name, apps = _by_release(core, query)
        if len(by_name) < 2:
            return None
        names = _two_of([*by_name], apps, earlier, later)
        pair = (by_name[names[1]], by_name[names[0]])
        items = [*_request_kpis(pair)]
        if is_known(query):
            items += _quality_kpis(core, ai, query, pair)
        return ReleaseComparison(
            releases=list(by_name), apps=apps, earlier=names[0], later=names[1], items=items
        )

    return cached_if_large(core, ("releases", query, earlier, later), read)


def _by_release(
    core: Session, query: AiMetricsQuery
) -> tuple[dict[str, Row], dict[str, list[str]]]:
    """Return the rows of the period's releases, in the order in which these were first seen, and
    their apps.
    """
    rows = {
        row["value"]: row for row in read_by_value(core, query, measures, "release") if row["value"]
    }
    # A row's first request is one of the period, in which an older release may come second
    seen = first_seen_by_release(core, query.watched, rows)
    at = {name: row["first_at"] for name, row in rows.items()}
    at |= {name: one.first_seen_at for name, one in seen.items()}
    in_order = {name: rows[name] for name in sorted(rows, key=lambda name: (at[name], name))}
    return in_order, {name: one.apps for name, one in seen.items()}


def _two_of(
    releases: Sequence[str], apps: AppsByRelease, earlier: str, later: str
) -> tuple[str, str]:
    new = later if later in releases else default_later(releases, earlier, apps)
    is_usable = earlier in releases and earlier != new
    return earlier if is_usable else default_earlier(releases, new, apps), new


def _request_kpis(rows: Pair) -> Iterator[Kpi]:
    requests = [float(row["requests"]) for row in rows]
    yield _kpi("requests", "Requests", FigureUnit.COUNT, requests, NOT_KNOWN)
    yield _rate_kpi(
        "error_rate",
        "Error rate",
        [(row["errors"], row["requests"] - row["pending"]) for row in rows],
        Meaning.BAD,
    )
    for name, label, quantile in (("p50", "p50 latency", 0.5), ("p95", "p95 latency", 0.95)):
        new, old = (percentile(row["latency"], quantile) for row in rows)
        change = comparison.of_intervals(new, old, Meaning.BAD)
        values = (new.value, old.value)
        yield _kpi(f"{name}_latency", label, FigureUnit.DURATION, values, change)
    yield _cost_kpi(rows)
    # Without a verdict: of tokens no squares are summed, and so there is no interval
    tokens = [row["total_tokens"] / row["requests"] for row in rows]
    yield _kpi("tokens", "Tokens per request", FigureUnit.COUNT, tokens, NOT_KNOWN)


def _cost_kpi(rows: Pair) -> Kpi:
    new, old = map(cost_per_request, rows)
    change = comparison.of_intervals(new, old, Meaning.BAD)
    values = [each.value * 1000 if each.value is not None else None for each in (new, old)]
    return _kpi("cost", "Cost per 1,000 requests", FigureUnit.MONEY, values, change)


def _quality_kpis(core: Session, ai: Session, query: AiMetricsQuery, rows: Pair) -> Iterator[Kpi]:
    names = [row["value"] for row in rows]
    quality: dict[str, Parts] = {
        "Positive feedback": release_quality.ratings_by_release(core, ai, query),
        "Approved answers": release_quality.verdicts_by_release(core, ai, query),
    }
    for label, parts in quality.items():
        counts = [(parts[name][True], parts[name].total()) for name in names]
        if any(whole for _, whole in counts):
            yield _rate_kpi(label.split()[0].lower(), label, counts, Meaning.GOOD)
    yield from _score_kpis(version_scores.scores_by_release(core, query), names)


def _score_kpis(found: ScoresByVersion, names: Sequence[str]) -> Iterator[Kpi]:
    """Yield the scores that both releases have, the most frequent first."""
    new, old = ({each.name: each for each in found.get(name, [])} for name in names)
    shared = sorted(new.keys() & old.keys(), key=lambda name: (-new[name].n - old[name].n, name))
    for name in shared[:MOST_SCORES]:
        yield _score_kpi(new[name], old[name])


def _score_kpi(new: ScoreOfVersion, old: ScoreOfVersion) -> Kpi:
    # Whether more of a score is better, its name does not say
    change = comparison.of_intervals(new, old, Meaning.NEITHER)
    label = new.name if new.label is None else f"{new.name}: {new.label}"
    unit = FigureUnit.SCORE if new.label is None else FigureUnit.SHARE
    return _kpi(f"score.{new.name}", f"Score {label}", unit, [new.value, old.value], change)


def _rate_kpi(name: str, label: str, counts: Sequence[tuple[int, int]], meaning: Meaning) -> Kpi:
    new, old = counts
    change = comparison.of_rate(new, old, meaning)
    values = [part / whole if whole else None for part, whole in counts]
    return _kpi(name, label, FigureUnit.SHARE, values, change)


def _kpi(
    name: str,
    label: str,
    unit: FigureUnit,
    values: Sequence[float | Decimal | None],
    change: Change,
) -> Kpi:
    new, old = values
    return comparison.kpi(name, label, unit, (new, old), change, ())
