"""Time to drop-off: from the first step to the last event of users who did not complete."""

from collections import Counter

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.activity.answers import Stays
from core.activity.funnels import durations, question
from core.activity.funnels.funnel import SAVED, Funnel
from core.activity.funnels.question import SAMPLES, FunnelQuestion
from core.activity.funnels.segments import Segment
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation.periods import Period, Watched

# Of whom nobody knows the name, the last mark is all that there is.
QUESTION = """
with {apart}, gone as materialized (
    select subject, began, marks from ({plain}) as plain union all select subject, began, marks from ({rest}) as rest
)
select width_bucket(seconds, cast(:bounds as float8[])) as bar, count(*) as users, array_agg(seconds) as seconds
from (
    select greatest(date_part('epoch', coalesce(last_seen_at, from_micros(
        (select max(mark & ((1::bigint << 56) - 1)) from unnest(gone.marks) as mark))) - began), 0) as seconds
    from gone left join users on users.id = case when subject like 'u:%' then substr(subject, 3)::uuid end
) as stayed group by 1"""
ROWS = "select subject, {began} as began, marks from {rows} {joined} sample < :most and {gone}"


def read_stays(
    session: Session,
    period: Period,
    watched: Watched,
    funnel: Funnel = SAVED,
    segment: Segment | None = None,
    *,
    actor: Actor,
) -> Stays:
    """Return how long those stayed who have not come through; raise FunnelRefused."""
    require(actor, Permission.WATCH)
    asked = question.ask(session, funnel, period, watched, segment)
    return question.of_many(session, ("stays", period, watched, funnel, segment), lambda: _stays(session, asked))


def _stays(session: Session, asked: FunnelQuestion) -> Stays:
    last, most = asked.funnel.last, question.first_portion(session)
    gone = f"not ({asked.rule.is_reached(last)})"
    rest = ROWS.format(began="from_micros(at_1)", rows="rest", joined="where", gone=gone)
    began, missing = ("reached_1", f"reached_{last + 1} is null") if asked.is_kept else ("from_micros(at_1)", gone)
    plain = ROWS.format(began=began, rows=asked.found.plain, joined="and", gone=missing)
    if asked.is_kept:  # the index knows of whom, but no names: only those are looked up
        plain += f" and reached_1 = any(array(select reached_1 from {asked.found.plain} and sample < :most and {missing}))"  # noqa: S608
    given = asked.alone | {"bounds": list(durations.BOUNDS), "most": most}
    bars, seconds = Counter[int](), list[float]()
    for row in session.execute(text(QUESTION.format(apart=asked.found.apart, plain=plain, rest=rest)), given):
        bars[row.bar] += row.users
        seconds += row.seconds
    median, late = durations.half_and_most(seconds)
    return Stays(
        users=bars.total(), median_seconds=median, p90_seconds=late, is_sampled=most < SAMPLES, histogram=durations.bars(bars)
    )
