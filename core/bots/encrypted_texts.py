"""Encrypt and decrypt the texts of test results."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from core.bots.models import BotResult
from core.bots.result_schemas import KnowledgeSource, OutcomeCheck
from core.platform import crypto

TABLE = "playground_test_results"


class ResultDetails(BaseModel):
    """What the judge and the checks say of an answer in words."""

    model_config = ConfigDict(frozen=True)

    problem: str | None = None
    analysis_problem: str | None = None
    rationale: str = ""
    suggestions: list[str] = []
    sources: list[KnowledgeSource] = []
    outcomes: list[OutcomeCheck] = []
    parameters_left_out: list[str] = []


def seal(text: str, column: str, row: UUID) -> bytes:
    """Return the encrypted text of a column."""
    return crypto.keyring().seal(text, column=f"{TABLE}.{column}", row=row)


def message_of(row: BotResult) -> str:
    return crypto.keyring().open(row.test_message, column=f"{TABLE}.test_message", row=row.id)


def response_of(row: BotResult) -> str:
    return crypto.keyring().open(row.bot_response, column=f"{TABLE}.bot_response", row=row.id)


def seal_details(details: ResultDetails, row: UUID) -> bytes:
    """Return the encrypted JSON of an answer's analysis."""
    return seal(details.model_dump_json(), "details", row)


def details_of(row: BotResult) -> ResultDetails:
    text = crypto.keyring().open(row.details, column=f"{TABLE}.details", row=row.id)
    return ResultDetails.model_validate_json(text)
