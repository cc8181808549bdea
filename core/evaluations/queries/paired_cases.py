"""Read what a comparison pairs: the cases of evaluations and their counts, as columns.

Postgres counts by case, and joins each column to one value of bytes: 100,000 rows, one by one,
would take longer than all the rest.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Double, LargeBinary, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.evaluations.models import EvaluationCase, EvaluationResult, EvaluationTest
from core.evaluations.schemas import ResultStatus
from core.statistics.libraries import numpy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ENDED = (ResultStatus.COMPLETED, ResultStatus.FAILED)
DIGEST = "V32"
INTEGER, FLOAT = ">i8", ">f8"  # as int8send and float8send write them

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


def counted_cases(session: Session, evaluation: EvaluationTest) -> dict[int, CountedCases]:
    """Return the counts of the cases by each target of an evaluation."""
    counted = (
        select(
            EvaluationResult.target,
            EvaluationResult.position,
            func.count().filter(EvaluationResult.passed.is_(True)).label("passed"),
            func.count().filter(EvaluationResult.passed.is_not(None)).label("scored"),
            func.coalesce(func.avg(EvaluationResult.score), literal(nan, Double)).label("score"),
        )
        .where(EvaluationResult.evaluation_id == evaluation.id, EvaluationResult.status.in_(ENDED))
        .group_by(EvaluationResult.position, EvaluationResult.target)
        .subquery()
    )
    integers = (counted.c.position, counted.c.passed, counted.c.scored)
    packed = select(
        counted.c.target,
        *(_joined(func.int8send(column)) for column in integers),
        _joined(func.float8send(counted.c.score)),
    ).group_by(counted.c.target)
    found = {target: columns for target, *columns in session.execute(packed)}
    nothing = [b""] * (len(integers) + 1)
    return {
        number: _in_order(found.get(number, nothing)) for number in range(1, evaluation.targets + 1)
    }


def _in_order(packed: Sequence[bytes]) -> CountedCases:
    np, (*integers, scores) = numpy(), packed
    positions, passed, scored = (np.frombuffer(it, INTEGER).astype(np.int64) for it in integers)
    means = np.frombuffer(scores, FLOAT).astype(np.float64)
    found = CountedCases(positions, passed, scored, means)
    return found.select(np.argsort(found.positions, kind="stable"))


def _joined(column: ColumnElement[Any] | InstrumentedAttribute[bytes]) -> ColumnElement[bytes]:
    return func.string_agg(column, literal(b"", LargeBinary))


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


def _digests(session: Session, evaluation_id: UUID) -> tuple[Any, Integers]:
    """Return the digests of the cases of an evaluation and their positions, in this order."""
    np = numpy()
    packed = select(
        _joined(EvaluationCase.digest), _joined(func.int8send(EvaluationCase.position))
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
