"""Encrypt and decrypt the criteria of gates."""

from uuid import UUID

from core.database.tables import STORED
from core.platform import crypto
from core.promotions.models import LabelGate
from core.promotions.schemas import GateCriteria

COLUMN = "prompt_label_gates.criteria"


def seal_criteria(criteria: GateCriteria, row: UUID) -> bytes:
    return crypto.keyring().seal(criteria.model_dump_json(), column=COLUMN, row=row)


def criteria_of(row: LabelGate) -> GateCriteria:
    text = crypto.keyring().open(row.criteria, column=COLUMN, row=row.id)
    return GateCriteria.model_validate_json(text, context=STORED)
