"""What all rollups share: their grains, the log buckets of their histograms (DDSketch: relative error at most 1 %), and how what
batches have added is folded into them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.orm import Session

AT_ONCE = 20_000


class Grain(StrEnum):
    """How long the time of one rollup row is. Half hours are UTC's, days those of the reporting time zone."""

    HALF_HOUR = "half_hour"
    DAY = "day"


@dataclass(frozen=True)
class Fold:
    """How one kind of deltas joins its rollups. What is `starred` is summed over, too: `*` stands for all of its values."""

    lock: int
    deltas: str
    rollups: str
    keys: Sequence[str]
    sums: Sequence[str]
    histograms: Sequence[str] = ()
    starred: Sequence[str] = ()

    def fold(self, session: Session, *, zone: str) -> int:
        """Fold some of what waits into the rollups; return how many rollup rows changed, 0 when nothing waited."""
        if not session.scalar(text("select pg_try_advisory_xact_lock(:lock)"), {"lock": self.lock}):
            return 0
        folded = cast("CursorResult[Any]", session.execute(self._statement(), {"zone": zone, "at_once": AT_ONCE}))
        return folded.rowcount

    def _statement(self) -> TextClause:
        key = ", ".join(("grain", "at", *self.keys, *self.starred))
        values = ", ".join((*self.sums, *self.histograms))
        summed = ", ".join(
            [f"sum({name})::bigint as {name}" for name in self.sums]
            + [f"histogram_sum({name}) as {name}" for name in self.histograms]
        )
        added = ", ".join(
            [f"{name} = present.{name} + excluded.{name}" for name in self.sums]
            + [f"{name} = histogram_add(present.{name}, excluded.{name})" for name in self.histograms]
        )
        named = ", ".join((*self.keys, *(f"coalesce({name}, '*') as {name}" for name in self.starred)))
        # Sorted, so that two that write the same rows would wait for each other and not lock up.
        return text(f"""
with taken as (
    delete from {self.deltas} where id in (select id from {self.deltas} order by id limit :at_once for update skip locked)
    returning *
),
grains as (
    select *, at as half_hour, date_trunc('day', at, :zone) as day from taken
),
summed as (
    select case when grouping(half_hour) = 0 then 'half_hour' else 'day' end as grain, coalesce(half_hour, day) as at,
        {named}, {summed}
    from grains group by {", ".join(self.keys)}, grouping sets ({self._sets()})
)
insert into {self.rollups} as present ({key}, {values})
select {key}, {values} from summed order by {key}
on conflict ({key}) do update set {added}""")  # noqa: S608  names of our own

    def _sets(self) -> str:
        each = [(grain, *self.starred) for grain in ("half_hour", "day")]
        whole = [("half_hour",), ("day",)] if self.starred else []
        return ", ".join(f"({', '.join(names)})" for names in each + whole)
