"""Read what a comparison pairs: the cases of evaluations and their counts, as columns.

Results are counted when they end (service/summaries.py): counting 100,000 takes longer than all the
rest. Digests are joined to one value of bytes, as rows would take longer too.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import LargeBinary, func, literal, select
from sqlalchemy.orm import Session

from core.evaluations.models import EvaluationCase, EvaluationOutcomes, EvaluationTest
from core.evaluations.queries.figures import CaseCounts
from core.statistics.libraries import numpy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIGEST = "V32"
NOTHING = literal(b"", LargeBinary)
INTEGER, FLOAT = ">i8", ">f8"  # as Postgres sends them

Integers: TypeAlias = "NDArray[np.int64]"
Floats: TypeAlias = "NDArray[np.float64]"


@dataclass(frozen=True)
class CountedCases:
    """Cases of a target whose runs have ended, in the order of their positions: how many runs
    passed, of those scored, and the mean score, NaN without one.
    """

    positions: Integers
    passed: Integers
    scored: Integers
    scores: Floats

    def select(self, places: Any) -> "CountedCases":  # noqa: ANN401  an index or a mask of numpy
        columns = (self.positions, self.passed, self.scored, self.scores)
        return CountedCases(*(column[places] for column in columns))


class CommonCases(NamedTuple):
    """The positions of the cases that two evaluations have in common, in each of them."""

    own: Integers
    baseline: Integers


def read_counts(session: Session, evaluation: EvaluationTest) -> dict[int, CountedCases]:
    """Return the counts of the cases by each target, as its summary counted them."""
    np, stored = numpy(), EvaluationOutcomes
    rows = session.scalars(select(stored).where(stored.evaluation_id == evaluation.id))
    none = np.empty(0, np.int64)
    nothing = CountedCases(none, none, none, np.empty(0))
    return dict.fromkeys(range(1, evaluation.targets + 1), nothing) | {
        row.target: CountedCases(
            np.frombuffer(row.positions, INTEGER),
            np.frombuffer(row.passed, INTEGER),
            np.frombuffer(row.scored, INTEGER),
            np.frombuffer(row.scores, FLOAT),
        )
        for row in rows
    }


def pack(counts: Sequence[CaseCounts], target: int) -> dict[str, bytes]:
    """Return the counts of a target's cases as the columns of its row, by position."""
    np = numpy()
    cases = [each for each in counts if each.target == target]
    return {
        "positions": np.array([each.position for each in cases], INTEGER).tobytes(),
        "passed": np.array([each.passed for each in cases], INTEGER).tobytes(),
        "scored": np.array([each.scored for each in cases], INTEGER).tobytes(),
        "scores": np.array([each.score for each in cases], FLOAT).tobytes(),  # None is NaN
    }


def common_cases(session: Session, evaluation_id: UUID, baseline_id: UUID) -> CommonCases:
    """Return where the cases are that ask the same; the n-th of equal ones is the other's n-th."""
    np = numpy()
    digests, own = _digests(session, evaluation_id)
    if baseline_id == evaluation_id:
        return CommonCases(own, own)
    others, baseline = _digests(session, baseline_id)
    if np.array_equal(digests, others):
        return CommonCases(own, baseline)
    by_digest = dict(zip(_numbered(others), baseline.tolist(), strict=True))
    pairs = [
        (position, by_digest[digest])
        for digest, position in zip(_numbered(digests), own.tolist(), strict=True)
        if digest in by_digest
    ]
    columns = np.array(pairs, np.int64).reshape(-1, 2)
    return CommonCases(columns[:, 0], columns[:, 1])


def case_ids(session: Session, evaluation_id: UUID, positions: Sequence[int]) -> dict[int, UUID]:
    """Return the IDs of the cases at these positions."""
    rows = select(EvaluationCase.position, EvaluationCase.id).where(
        EvaluationCase.evaluation_id == evaluation_id, EvaluationCase.position.in_(positions)
    )
    return {position: id_ for position, id_ in session.execute(rows)}


def _digests(session: Session, evaluation_id: UUID) -> tuple[Any, Integers]:
    """Return the digests of the cases of an evaluation and their positions, in this order."""
    np = numpy()
    # Both aggregates see the rows in the same order, which pairs a digest with its position
    packed = select(
        func.string_agg(EvaluationCase.digest, NOTHING),
        func.string_agg(func.int8send(EvaluationCase.position), NOTHING),
    ).where(EvaluationCase.evaluation_id == evaluation_id)
    digests, positions = (each or b"" for each in session.execute(packed).one())
    unordered = np.frombuffer(positions, INTEGER).astype(np.int64)
    order = np.argsort(unordered, kind="stable")
    return np.frombuffer(digests, DIGEST)[order], unordered[order]


def _numbered(digests: Any) -> Iterator[tuple[bytes, int]]:  # noqa: ANN401  an array of bytes
    """Yield each digest with how many equal ones were before it."""
    seen = Counter[bytes]()
    for digest in digests.tolist():
        yield digest, seen[digest]
        seen[digest] += 1
