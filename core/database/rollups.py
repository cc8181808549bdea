"""What all rollups share: their grains, the log buckets of their histograms (DDSketch: relative error at most 1 %), and how what
batches have added is folded into them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from core.database.locks import Lock

AT_ONCE = 20_000


class Grain(StrEnum):
    """How long the time of one rollup row is. Half hours are UTC's, days those of the reporting time zone."""

    HALF_HOUR = "half_hour"
    DAY = "day"


@dataclass(frozen=True)
class Fold:
    """How one kind of deltas joins its rollups. What is `starred` is summed over, too: `*` stands for all of its values."""

    lock: Lock
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
        found = session.execute(self._statement(), {"zone": zone, "at_once": AT_ONCE}).mappings().all()
        self._drop_empty(session, [{name: row[name] for name in self.key} for row in found if row["at"] is not None])
        return int(found[0]["changed"])

    @property
    def key(self) -> tuple[str, ...]:
        """What names a row of the rollups."""
        return ("grain", "at", *self.keys, *self.starred)

    def _drop_empty(self, session: Session, rows: list[dict[str, Any]]) -> None:
        """Drop rows of which everything was taken out again."""
        if rows:
            named = " and ".join(f"{name} = :{name}" for name in self.key)
            session.execute(text(f"delete from {self.rollups} where {named}"), rows)  # noqa: S608  names of our own

    def _statement(self) -> TextClause:
        key = ", ".join(self.key)
        values = ", ".join((*self.sums, *self.histograms))
        summed = ", ".join(
            [f"sum({name})::bigint as {name}" for name in self.sums]
            + [f"histogram_plain(histogram_sum({name})) as {name}" for name in self.histograms]
        )
        added = ", ".join(
            [f"{name} = present.{name} + excluded.{name}" for name in self.sums]
            + [f"{name} = histogram_plain(histogram_add(present.{name}, excluded.{name}))" for name in self.histograms]
        )
        empty = " and ".join(f"{name} = 0" for name in self.sums)
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
),
folded as (
    insert into {self.rollups} as present ({key}, {values})
    select {key}, {values} from summed order by {key}
    on conflict ({key}) do update set {added}
    returning {key}, {empty} as is_empty
)
select changed, empty.* from (select count(*) as changed from folded) as counted
left join (select {key} from folded where is_empty) as empty on true""")  # noqa: S608  names of our own

    def _sets(self) -> str:
        each = [(grain, *self.starred) for grain in ("half_hour", "day")]
        whole = [("half_hour",), ("day",)] if self.starred else []
        return ", ".join(f"({', '.join(names)})" for names in each + whole)
