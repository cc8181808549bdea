"""Lists of marks keep the earliest and the latest sixteen of each type in any order, and whether
some were removed.
"""

from collections.abc import Iterable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import text

from core.database.db import transaction
from core.embedded.postgres import Postgres

OFTEN = some.tuples(some.integers(0, 2), some.integers(1, 90)).map(
    lambda pair: pair[0] << 56 | pair[1]
)
MERGED = text(
    "select marks_merged(cast(:present as bigint[]), cast(:added as bigint[])), "
    "marks_cut(:present, :added)"
)


def kept(marks: Iterable[int]) -> list[int]:
    types = {mark >> 56 for mark in marks}
    each = [sorted(mark for mark in marks if mark >> 56 == type_) for type_ in sorted(types)]
    return [
        mark
        for of_type in each
        for mark in (of_type if len(of_type) <= 32 else of_type[:16] + of_type[-16:])
    ]


@given(batches=some.lists(some.sets(OFTEN, max_size=60), min_size=1, max_size=5))
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_in_whatever_batches_they_come_the_same_stay(
    database: Postgres, batches: list[set[int]]
) -> None:
    present: list[int] = []
    seen: set[int] = set()
    was_cut = False
    with transaction() as session:
        for batch in batches:
            present, is_cut = session.execute(
                MERGED, {"present": present, "added": sorted(batch)}
            ).one()
            seen |= batch
            was_cut |= is_cut
    assert present == kept(seen)
    assert was_cut == (len(present) < len(seen))
