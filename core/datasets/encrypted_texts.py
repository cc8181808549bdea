"""Encrypt and decrypt the texts of datasets and cases."""

import json
from typing import Any
from uuid import UUID

from core.datasets.models import Dataset
from core.datasets.schemas import CaseTexts
from core.platform import crypto

DESCRIPTION, TEXTS = "datasets.description", "dataset_cases.texts"


def seal_description(description: str, dataset_id: UUID) -> bytes:
    return crypto.keyring().seal(description, column=DESCRIPTION, row=dataset_id)


def description_of(row: Dataset) -> str:
    """Return the description of a dataset; raise WrongKey."""
    return crypto.keyring().open(row.description, column=DESCRIPTION, row=row.id)


def seal_texts(texts: CaseTexts, row_id: UUID) -> bytes:
    """Return the encrypted JSON of a case's texts."""
    text = texts.model_dump_json(include=set(CaseTexts.model_fields))
    return crypto.keyring().seal(text, column=TEXTS, row=row_id)


def open_texts(envelope: bytes, row_id: UUID) -> dict[str, Any]:
    """Return the fields of a case's texts; raise WrongKey."""
    found: dict[str, Any] = json.loads(crypto.keyring().open(envelope, column=TEXTS, row=row_id))
    return found
