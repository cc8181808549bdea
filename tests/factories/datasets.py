"""Datasets and their cases, made through the product's services."""

from typing import Any
from uuid import UUID

from core.database.db import transaction
from core.database.paging import Window
from core.datasets.import_schemas import CaseImport
from core.datasets.queries.cases import list_cases
from core.datasets.schemas import CaseFilter, DatasetCase, DatasetView, NewCases, NewDataset
from core.datasets.service import cases, datasets, transfer
from core.datasets.service.transfer import ImportTarget
from core.identity.schemas import Actor


def question(text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  fields of a case
    """Return a case that asks this."""
    return {"messages": [{"role": "user", "content": text}], **more}


def dataset(
    actor: Actor, *given: dict[str, Any], name: str = "Questions", **more: str
) -> DatasetView:
    """Create a dataset with these cases."""
    with transaction() as session:
        made = datasets.create_dataset(
            session, NewDataset.model_validate({"name": name, **more}), actor=actor
        )
        if not given:
            return made
        new = NewCases.model_validate({"cases": given})
        return cases.add_cases(session, made.id, new, actor=actor).dataset


def imported(actor: Actor, content: str | bytes, file_name: str = "", **more: Any) -> CaseImport:  # noqa: ANN401
    """Import a file of cases."""
    raw = content.encode() if isinstance(content, str) else content
    with transaction() as session:
        return transfer.import_cases(session, raw, ImportTarget(file_name, **more), actor=actor)


def cases_of(
    actor: Actor,
    dataset_id: UUID,
    version: int | None = None,
    **filters: Any,  # noqa: ANN401
) -> list[DatasetCase]:
    """Return the first 200 cases of a version that match."""
    with transaction() as session:
        return list_cases(
            session, dataset_id, CaseFilter(**filters), Window(200), version=version, actor=actor
        ).items
