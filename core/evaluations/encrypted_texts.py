"""Encrypt and decrypt the texts of evaluations."""

import hmac
import json
from collections.abc import Iterable
from hashlib import sha256
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from core.database.tables import STORED
from core.evaluations.cases.case_schemas import EvaluatedCase
from core.evaluations.models import EvaluationCase, EvaluationResult, EvaluationTest
from core.evaluations.schemas import EvaluationDefinition
from core.platform import crypto
from core.scoring.schemas import ScoredAnswer, ScoreResult

TESTS, CASES, RESULTS = "evaluation_tests", "evaluation_cases", "evaluation_results"
_Text = TypeVar("_Text", bound=BaseModel)
_scores = TypeAdapter(tuple[ScoreResult, ...])
_answers = TypeAdapter(tuple[ScoredAnswer, ...])


def seal(text: str, column: str, row: UUID) -> bytes:
    """Return the encrypted text; `column` is `table.column`."""
    return crypto.keyring().seal(text, column=column, row=row)


def name_of(row: EvaluationTest) -> str:
    return crypto.keyring().open(row.name, column=f"{TESTS}.name", row=row.id)


def error_of(row: EvaluationTest) -> str | None:
    if row.error is None:
        return None
    return crypto.keyring().open(row.error, column=f"{TESTS}.error", row=row.id)


def seal_name(name: str, row: UUID) -> bytes:
    return seal(name, f"{TESTS}.name", row)


def seal_error(error: str | None, row: UUID) -> bytes | None:
    return seal(error, f"{TESTS}.error", row) if error else None


def seal_definition(definition: EvaluationDefinition, row: UUID) -> bytes:
    return seal(definition.model_dump_json(), f"{TESTS}.definition", row)


def definition_of(row: EvaluationTest) -> EvaluationDefinition:
    return _open(EvaluationDefinition, row.definition, f"{TESTS}.definition", row.id)


def seal_case(case: EvaluatedCase, row: UUID) -> bytes:
    return seal(case.model_dump_json(exclude_none=True), f"{CASES}.content", row)


def case_of(row: EvaluationCase) -> EvaluatedCase:
    return _open(EvaluatedCase, row.content, f"{CASES}.content", row.id)


def seal_answer(answer: ScoredAnswer, row: UUID) -> bytes:
    return seal(answer.model_dump_json(), f"{RESULTS}.answer", row)


def answer_of(row: EvaluationResult) -> ScoredAnswer | None:
    if row.answer is None:
        return None
    return _open(ScoredAnswer, row.answer, f"{RESULTS}.answer", row.id)


def seal_earlier(answers: tuple[ScoredAnswer, ...], row: UUID) -> bytes:
    return seal(_answers.dump_json(answers).decode(), f"{RESULTS}.earlier", row)


def earlier_of(row: EvaluationResult) -> tuple[ScoredAnswer, ...]:
    """Return the answers to the turns before the one that is next."""
    if row.earlier is None:
        return ()
    text = crypto.keyring().open(row.earlier, column=f"{RESULTS}.earlier", row=row.id)
    return _answers.validate_json(text)


def seal_scores(scores: tuple[ScoreResult, ...], row: UUID) -> bytes:
    return seal(_scores.dump_json(scores).decode(), f"{RESULTS}.scores", row)


def scores_of(row: EvaluationResult) -> tuple[ScoreResult, ...]:
    if row.scores is None:
        return ()
    text = crypto.keyring().open(row.scores, column=f"{RESULTS}.scores", row=row.id)
    return _scores.validate_json(text)


def digest_of(case: EvaluatedCase) -> bytes:
    """Return a keyed digest of what a case asks: the same in every evaluation of this installation,
    so that cases can be paired.
    """
    asked = [[it.role, it.content] for it in case.messages]
    facts = json.dumps([asked, case.context], sort_keys=True, ensure_ascii=False).encode()
    # Without a key, a reader of the database could test guesses of a question
    return hmac.digest(crypto.keyring().cache_key, facts, "sha256")


def joined_digest(digests: Iterable[bytes]) -> bytes:
    """Return a digest of the cases of an evaluation, in whatever order they are."""
    return sha256(b"".join(sorted(digests))).digest()


def _open(kind: type[_Text], envelope: bytes, column: str, row: UUID) -> _Text:
    text = crypto.keyring().open(envelope, column=column, row=row)
    return kind.model_validate_json(text, context=STORED)
