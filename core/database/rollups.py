"""Shared by all rollups: their grains, the logarithmic buckets of histograms, and how deltas are
folded.

Histograms are DDSketches with a relative error of at most 1%.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Insert,
    Select,
    SelectBase,
    Table,
    Text,
    TextClause,
    TextualSelect,
    and_,
    bindparam,
    case,
    cast,
    column,
    delete,
    func,
    literal_column,
    select,
    table,
    text,
    true,
    tuple_,
)
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from core.database.db import transaction
from core.database.locks import Lock
from core.database.settings import Workspace, read

AT_ONCE = 20_000
# The most a sum keeps: two of them together are still a bigint, so that wrong values of a sender
# never stop the folding
MOST = 2**62 - 1
UPPER, LOWER = (literal_column(f"{sign}{MOST}", BigInteger) for sign in ("", "-"))


class Grain(StrEnum):
    """The length of a rollup row's interval.

    Half hours are UTC's, days those of the reporting time zone.
    """

    HALF_HOUR = "half_hour"
    DAY = "day"


@dataclass(frozen=True)
class Fold:
    """How deltas are added to rollups; `starred` columns also have a sum over all, `*`.

    Deltas that are not `ready` wait.
    """

    lock: Lock
    deltas: Table
    rollups: Table
    keys: Sequence[str]
    sums: Sequence[str]
    histograms: Sequence[str] = ()
    starred: Sequence[str] = ()
    ready: ColumnElement[bool] = field(default_factory=true)

    @property
    def key(self) -> tuple[str, ...]:
        """The key columns of the rollups."""
        return ("grain", "at", *self.keys, *self.starred)

    @property
    def try_lock(self) -> TextClause:
        """The statement that returns whether no other process folds these."""
        return text("select pg_try_advisory_xact_lock(:lock)").bindparams(lock=self.lock)

    def fold(self, session: Session, *, zone: str) -> int:
        """Add up to AT_ONCE waiting deltas to the rollups; return how many."""
        if not session.scalar(self.try_lock):
            return 0
        found = session.execute(self._folding, {"zone": zone}).mappings().all()
        self._drop_empty(
            session,
            # Where none is empty, the outer join still brings one row, without a key
            [{name: row[name] for name in self.key} for row in found if row["at"] is not None],
        )
        return int(found[0]["taken"])

    def rebuild_days(self, session: Session, *, zone: str) -> None:
        """Recompute the days of a zone from the half hours, while nothing is folded."""
        session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": self.lock})
        rows = self.rollups.c
        session.execute(delete(self.rollups).where(rows.grain == Grain.DAY))
        day = func.date_trunc("day", rows.at, zone).label("day")
        keys = [rows[name] for name in (*self.keys, *self.starred)]
        sums = [bounded(func.sum(rows[name]), rows[name].type) for name in self.sums] + [
            func.histogram_sum(rows[name]) for name in self.histograms
        ]
        days = select(bindparam("grain", Grain.DAY), day, *keys, *sums).where(
            rows.grain == Grain.HALF_HOUR
        )
        names = [*self.key, *self.sums, *self.histograms]
        session.execute(
            plain_insert(self.rollups).from_select(
                names, days.group_by(day, *keys).order_by(day, *keys)
            )
        )

    def _drop_empty(self, session: Session, rows: list[dict[str, Any]]) -> None:
        """Delete rows whose values were all removed again."""
        if rows:
            same = and_(*(self.rollups.c[name] == bindparam(name) for name in self.key))
            session.connection().execute(delete(self.rollups).where(same), rows)

    @cached_property
    def _folding(self) -> Select[Any]:
        """The statement that folds: how many deltas, and the keys that are empty by now."""
        taken, present = self._taken(), self.rollups.c
        summed = self._summed(taken)
        key, values = (
            [summed.c[name] for name in self.key],
            [summed.c[name] for name in (*self.sums, *self.histograms)],
        )
        # Sorted, so that concurrent writers of the same rows wait instead of deadlocking.
        adding = insert(self.rollups).from_select(
            [*self.key, *self.sums, *self.histograms], select(*key, *values).order_by(*key)
        )
        fresh = adding.excluded
        added: dict[str, ColumnElement[Any]] = {
            name: bounded(present[name] + fresh[name], present[name].type) for name in self.sums
        }
        for name in self.histograms:
            added[name] = func.histogram_plain(func.histogram_add(present[name], fresh[name]))
        is_empty = and_(*(present[name] == 0 for name in self.sums)).label("is_empty")
        upsert = adding.on_conflict_do_update(index_elements=self.key, set_=added)
        folded = upsert.returning(*(present[name] for name in self.key), is_empty).cte("folded")
        counted = select(func.count().label("taken")).select_from(taken).subquery("counted")
        empty = (
            select(*(folded.c[name] for name in self.key))
            .where(folded.c.is_empty)
            .subquery("empty")
        )
        return select(counted.c.taken, *empty.c).select_from(counted.outerjoin(empty, true()))

    def _taken(self) -> CTE:
        """Return some deltas, taken off."""
        some = (
            select(self.deltas.c.id)
            .where(self.ready)
            .order_by(self.deltas.c.id)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)  # locked rows are folded later
        )
        # An array is read once. `in` is read again for each row where Postgres expects none, which
        # it does after a vacuum has met the table while it was empty.
        ids = func.array(some.scalar_subquery())
        return (
            delete(self.deltas)
            .where(self.deltas.c.id == func.any(ids))
            .returning(*self.deltas.c)
            .cte("taken")
        )

    def _summed(self, taken: CTE) -> CTE:
        """Return deltas by half hour, by day of `:zone`, and over all that is starred."""
        day = func.date_trunc("day", taken.c.at, bindparam("zone", type_=Text)).label("day")
        times = taken.c.at.label("half_hour"), day
        rows = select(taken, *times).cte("grains").c
        grain = case((func.grouping(rows.half_hour) == 0, Grain.HALF_HOUR), else_=Grain.DAY)
        stars = [rows[name] for name in self.starred]
        sets = [tuple_(time, *stars) for time in (rows.half_hour, rows.day)]
        if stars:
            sets += [tuple_(rows.half_hour), tuple_(rows.day)]
        summed = select(
            grain.label("grain"),
            func.coalesce(rows.half_hour, rows.day).label("at"),
            *(rows[name] for name in self.keys),
            *(func.coalesce(star, "*").label(star.name) for star in stars),
            *(bounded(func.sum(rows[name]), rows[name].type).label(name) for name in self.sums),
            *(
                func.histogram_plain(func.histogram_sum(rows[name])).label(name)
                for name in self.histograms
            ),
        )
        return summed.group_by(*(rows[name] for name in self.keys), func.grouping_sets(*sets)).cte(
            "summed"
        )


def bounded(total: ColumnElement[Any], kind: TypeEngine[Any]) -> ColumnElement[Any]:
    """Return a sum in the type of what it sums; of bigints, from -MOST to MOST."""
    if isinstance(kind, BigInteger):
        total = func.greatest(func.least(total, UPPER), LOWER)
    # The sum of bigints is numeric in Postgres
    return cast(total, kind)


def fold_all(fold: Callable[..., int]) -> None:
    """Fold stored deltas, AT_ONCE in a transaction, until fewer are left.

    `fold` takes a session and the reporting time zone as `zone`, and returns how many it folded.
    """
    while True:
        with transaction() as session:
            if fold(session, zone=read(session, Workspace).reporting_time_zone) < AT_ONCE:
                return


def half_hour_of(at: ColumnElement[datetime]) -> ColumnElement[datetime]:
    """Return when the half hour of a time begins, in UTC."""
    return func.date_bin(
        literal_column("interval '30 minutes'"),
        at,
        literal_column("timestamptz '2000-01-01 00:00:00+00'"),
    )


def sums_of(rows: TextClause, fold: Fold) -> TextualSelect:
    """Return a statement that sums rows up with the columns of deltas."""
    return rows.columns(
        *map(column, ("at", *fold.keys, *fold.starred, *fold.sums, *fold.histograms))
    )


def add_sums(deltas: str, sums: SelectBase) -> Insert:
    """Return the statement that adds sums to deltas, or to a table like these."""
    rows, names = sums.subquery("sums"), list(sums.selected_columns.keys())
    return (
        table(deltas, *map(column, names))
        .insert()
        .from_select(names, select(*(rows.c[name] for name in names)))
    )


def subtract_sums(fold: Fold, sums: SelectBase) -> Insert:
    """Return the statement that takes sums away again: as deltas that are less than nothing."""
    removed, keys = sums.subquery("removed").c, ("at", *fold.keys, *fold.starred)
    less: list[ColumnElement[Any]] = [-removed[name] for name in fold.sums]
    less += [func.histogram_negated(removed[name]) for name in fold.histograms]
    negated = select(*(removed[name] for name in keys), *less)
    return plain_insert(fold.deltas).from_select([*keys, *fold.sums, *fold.histograms], negated)
