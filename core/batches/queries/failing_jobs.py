"""Find batch jobs that fail repeatedly, and in which phase."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from sys import intern
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, Text, func, select, true
from sqlalchemy.orm import Session

from core.batches import error_summaries
from core.batches.named_phases import PhaseNames
from core.batches.queries.batch_runs import matching, runs
from core.batches.views import BAD, GOOD, BatchRunQuery
from core.identity.schemas import View
from core.presentation.formatting import shortened
from core.statistics.rates import wilson

MOST_JOBS, MOST_RUNS, FEWEST_BAD, TOLERATED = 100, 2000, 2, 0.05
OFTEN, LONGEST_SUMMARY = 0.5, 160
AT_ONCE = 4 * 2**20  # bytes of summaries, of which each may have a mebibyte


class FailingJob(View):
    """A batch job whose failure rate exceeds 5% with 95% certainty, or whose last two runs failed.

    `phase` is what its failures have in common: named in their summaries, or missing in failed and
    present in good runs.
    """

    batch_job: str
    runs: int
    bad: int
    in_a_row: int
    phase: str | None
    summary: str | None
    first_at: datetime
    last_at: datetime


class RecentRun(View):
    """The fields of a run that the judgement uses."""

    id: UUID
    batch_job: str
    status: str
    started_at: datetime
    phases: tuple[str, ...]
    summary_bytes: int


def failing_jobs(session: Session, query: BatchRunQuery) -> list[FailingJob]:
    """Return failing jobs, worst first, with their errors, which not every actor may read."""
    of_jobs = groupby(session.execute(_latest_of_each(query)), key=attrgetter("batch_job"))
    # One job after the other: a hundred may have 200,000 runs
    found = [
        judged
        for _, rows in of_jobs
        if (judged := failing_job(session, [_recent(row) for row in rows])) is not None
    ]
    return sorted(found, key=lambda each: (-each.in_a_row, -each.bad, each.batch_job))


def _recent(row: Row[Any]) -> RecentRun:
    return RecentRun(
        id=row.id,
        batch_job=row.batch_job,
        status=row.status,
        started_at=row.started_at,
        phases=tuple(map(intern, row.phases)),
        summary_bytes=row.summary_bytes or 0,
    )


def _latest_of_each(query: BatchRunQuery) -> Select[Any]:
    """Return the latest runs of each failing job, as many of rare jobs as of frequent ones."""
    often = (
        select(runs.batch_job)
        .where(*matching(query), runs.status.in_(BAD))
        .group_by(runs.batch_job)
        .having(func.count() >= FEWEST_BAD)
        .order_by(func.max(runs.started_at).desc())
        .limit(MOST_JOBS)
        .subquery("often")
    )
    names = select(func.jsonb_object_keys(runs.phase_durations).column_valued("name"))
    # Each job by itself: runs of a job that runs every minute would fill a common limit
    latest = (
        select(
            runs.id,
            runs.batch_job,
            runs.status,
            runs.started_at,
            # Without the durations, which may be any JSON
            func.array(names.scalar_subquery(), type_=ARRAY(Text)).label("phases"),
            func.octet_length(runs.error_summary).label("summary_bytes"),
        )
        .where(
            *matching(query), runs.status.in_((*GOOD, *BAD)), runs.batch_job == often.c.batch_job
        )
        .order_by(runs.started_at.desc())
        .limit(MOST_RUNS)
        .lateral("latest")
    )
    return (
        select(latest)
        .select_from(often)
        .join(latest, true())
        .order_by(latest.c.batch_job, latest.c.started_at.desc())
    )


def failing_job(session: Session, ended: Sequence[RecentRun]) -> FailingJob | None:
    """Return what is wrong with a job, from its runs (latest first); None when healthy."""
    bad = [run for run in ended if run.status in BAD]
    in_a_row = next((number for number, run in enumerate(ended) if run.status in GOOD), len(ended))
    if len(bad) < FEWEST_BAD or (
        in_a_row < FEWEST_BAD and wilson(len(bad), len(ended))[0] <= TOLERATED
    ):
        return None
    names = PhaseNames({phase for run in ended for phase in run.phases})
    said, blamed = Counter[str](), Counter[str]()
    for summary in _summaries(session, bad):
        said[shortened(summary, LONGEST_SUMMARY)] += 1
        blamed.update(names.in_text(summary))
    return FailingJob(
        batch_job=ended[0].batch_job,
        runs=len(ended),
        bad=len(bad),
        in_a_row=in_a_row,
        phase=phase_of(bad, [run for run in ended if run.status in GOOD], blamed),
        summary=said.most_common(1)[0][0] if said else None,
        first_at=bad[-1].started_at,
        last_at=bad[0].started_at,
    )


def _summaries(session: Session, bad: Sequence[RecentRun]) -> Iterator[str]:
    """Yield what runs say in the order of the runs, read in parts that memory holds."""
    for part in _parts([run for run in bad if run.summary_bytes]):
        wanted = select(runs.id, runs.error_summary, runs.error_is_object)
        rows = {
            row.id: error_summaries.loaded(row.error_summary, is_object=row.error_is_object)
            for row in session.execute(wanted.where(runs.id.in_([run.id for run in part])))
        }
        for run in part:
            if summary := error_summaries.in_words(rows.get(run.id)):
                yield summary


def _parts(said: Sequence[RecentRun]) -> Iterator[list[RecentRun]]:
    part, size = list[RecentRun](), 0
    for run in said:
        if part and size + run.summary_bytes > AT_ONCE:
            yield part
            part, size = [], 0
        part.append(run)
        size += run.summary_bytes
    if part:
        yield part


def phase_of(
    bad: Sequence[RecentRun], good: Sequence[RecentRun], blamed: Counter[str]
) -> str | None:
    """Return the phase in which most of the failed runs failed, or None when that is unknown;
    `blamed` counts those that the runs name.
    """
    if blamed and blamed.most_common(1)[0][1] >= OFTEN * len(bad):
        return blamed.most_common(1)[0][0]
    known = {phase for run in good for phase in run.phases}
    usual = {phase for phase in known if all(phase in run.phases for run in good)}
    missing = Counter(phase for run in bad for phase in usual if phase not in run.phases)
    often = [phase for phase, count in missing.items() if count >= OFTEN * len(bad)]
    return often[0] if len(often) == 1 else None
