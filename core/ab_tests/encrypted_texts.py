"""Encrypt and decrypt the texts of A/B tests."""

from uuid import UUID

from core.ab_tests.models import AbTestConfiguration, AbTestResult
from core.ab_tests.schemas import AbTestDefinition
from core.platform import crypto

TESTS, RESULTS = "ab_test_configurations", "ab_test_results"


def seal_name(name: str, row: UUID) -> bytes:
    return crypto.keyring().seal(name, column=f"{TESTS}.test_name", row=row)


def name_of(row: AbTestConfiguration) -> str:
    return crypto.keyring().open(row.test_name, column=f"{TESTS}.test_name", row=row.id)


def seal_description(description: str, row: UUID) -> bytes:
    return crypto.keyring().seal(description, column=f"{TESTS}.description", row=row)


def description_of(row: AbTestConfiguration) -> str:
    return crypto.keyring().open(row.description, column=f"{TESTS}.description", row=row.id)


def seal_definition(definition: AbTestDefinition, row: UUID) -> bytes:
    text = definition.model_dump_json()
    return crypto.keyring().seal(text, column=f"{TESTS}.definition", row=row)


def definition_of(row: AbTestConfiguration) -> AbTestDefinition:
    text = crypto.keyring().open(row.definition, column=f"{TESTS}.definition", row=row.id)
    return AbTestDefinition.model_validate_json(text)


def seal_problem(problem: str | None, row: UUID) -> bytes | None:
    if problem is None:
        return None
    return crypto.keyring().seal(problem, column=f"{RESULTS}.analysis_problem", row=row)


def problem_of(row: AbTestResult) -> str | None:
    if row.analysis_problem is None:
        return None
    column = f"{RESULTS}.analysis_problem"
    return crypto.keyring().open(row.analysis_problem, column=column, row=row.id)
