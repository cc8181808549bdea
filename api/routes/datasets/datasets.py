"""Routes of datasets: cases in versions that never change."""

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from starlette.requests import Request

from api.deps import ActorDep, AiSessionDep, SessionDep, WindowDep
from api.exports import download
from api.reference import CONFLICT, MISSING, text_of
from core.database.paging import Items, Page
from core.datasets.import_schemas import CaseImport
from core.datasets.queries import cases as case_queries
from core.datasets.queries import datasets as queries
from core.datasets.schemas import (
    CaseFilter,
    DatasetCase,
    DatasetChange,
    DatasetName,
    DatasetVersionView,
    DatasetView,
    NewCase,
    NewCases,
    NewDataset,
)
from core.datasets.service import cases, datasets, sources, transfer
from core.datasets.service.transfer import ImportTarget
from core.datasets.source_schemas import (
    AddedCases,
    AnnotationChoice,
    AnswerChoice,
    ConversationChoice,
    VoteChoice,
)

router = APIRouter(prefix="/datasets", tags=["Datasets"])

SAMPLE = '{"input": "Where is my order?", "ideal": "order number"}\n'
FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"example": [json.loads(SAMPLE)]}},
            "application/x-ndjson": {"schema": {"type": "string", "example": SAMPLE}},
            "application/yaml": {"schema": {"type": "string"}},
            "text/csv": {"schema": {"type": "string"}},
        },
    }
}
VersionQuery = Annotated[
    int | None, Query(ge=1, le=2**31 - 1, description="Without it, the newest.")
]
AddedInQuery = Annotated[
    int | None,
    Query(
        ge=1,
        le=2**31 - 1,
        description="`added_in` of the case as you read it: 409 when it was edited since.",
    ),
]


# A dependency, so that the route itself is a plain function in a thread
async def body(request: Request) -> bytes:
    """Return the request's body as it is."""
    return await request.body()


@router.get("")
def list_datasets(
    session: SessionDep, actor: ActorDep, window: WindowDep, mine: bool = False
) -> Page[DatasetView]:
    """List your datasets and the shared ones, the last changed first."""
    return queries.list_datasets(session, window, mine=mine, actor=actor)


@router.post("", status_code=201, responses=CONFLICT)
def create_dataset(new: NewDataset, session: SessionDep, actor: ActorDep) -> DatasetView:
    """Create an empty dataset."""
    return datasets.create_dataset(session, new, actor=actor)


@router.post("/import", status_code=201, responses=CONFLICT | MISSING, openapi_extra=FILE)
def import_cases(
    content: Annotated[bytes, Depends(body)],
    session: SessionDep,
    actor: ActorDep,
    dataset_id: Annotated[
        UUID | None, Query(description="Your dataset to add to; without it, a new one.")
    ] = None,
    name: Annotated[DatasetName | None, Query(description="The name of a new one.")] = None,
    file_name: Annotated[str, Query(max_length=200)] = "",
    dry_run: bool = False,
) -> CaseImport:
    """Import a file of cases: promptfoo (YAML, JSON, CSV), OpenAI evals, Inspect, questions,
    reference answers, preference pairs, completions, instructions, chats, or an exported dataset.

    The format is recognized by content. What has no counterpart is in `unsupported`, by line.
    """
    target = ImportTarget(file_name, dataset_id, name, dry_run)
    return transfer.import_cases(session, content, target, actor=actor)


@router.get("/{dataset_id}")
def get_dataset(dataset_id: UUID, session: SessionDep, actor: ActorDep) -> DatasetView:
    """Return a dataset."""
    return queries.get_dataset(session, dataset_id, actor=actor)


@router.put("/{dataset_id}", responses=CONFLICT)
def change_dataset(
    dataset_id: UUID, change: DatasetChange, session: SessionDep, actor: ActorDep
) -> DatasetView:
    """Change name, description, tags or visibility; this makes no new version."""
    return datasets.change_dataset(session, dataset_id, change, actor=actor)


@router.delete("/{dataset_id}", status_code=204)
def delete_dataset(dataset_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Delete a dataset with all versions."""
    datasets.delete_dataset(session, dataset_id, actor=actor)


@router.get("/{dataset_id}/versions")
def list_versions(
    dataset_id: UUID, session: SessionDep, actor: ActorDep
) -> Items[DatasetVersionView]:
    """List the versions, the newest first."""
    return queries.list_versions(session, dataset_id, actor=actor)


@router.get("/{dataset_id}/cases")
def list_cases(
    dataset_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    window: WindowDep,
    filters: Annotated[CaseFilter, Query()],
    version: VersionQuery = None,
) -> Page[DatasetCase]:
    """List the cases of a version in order, filtered by words, tag, split and origin."""
    return case_queries.list_cases(
        session, dataset_id, filters, window, version=version, actor=actor
    )


@router.post("/{dataset_id}/cases", status_code=201)
def add_cases(dataset_id: UUID, new: NewCases, session: SessionDep, actor: ActorDep) -> AddedCases:
    """Add cases written by hand or by a model, as one new version."""
    return cases.add_cases(session, dataset_id, new, actor=actor)


@router.put("/{dataset_id}/cases/{case_id}", responses=CONFLICT)
def change_case(
    dataset_id: UUID,
    case_id: UUID,
    new: NewCase,
    session: SessionDep,
    actor: ActorDep,
    added_in: AddedInQuery = None,
) -> DatasetView:
    """Edit a case in a new version; older versions keep what it was."""
    return cases.change_case(session, dataset_id, case_id, new, added_in=added_in, actor=actor)


@router.delete("/{dataset_id}/cases/{case_id}")
def remove_case(
    dataset_id: UUID, case_id: UUID, session: SessionDep, actor: ActorDep
) -> DatasetView:
    """Remove a case in a new version; older versions keep it."""
    return cases.remove_cases(session, dataset_id, [case_id], actor=actor)


@router.post("/{dataset_id}/cases/from-annotations", status_code=201)
def add_annotations(
    dataset_id: UUID,
    choice: AnnotationChoice,
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
) -> AddedCases:
    """Make a case of each annotation, with the suggested or approved answer as reference."""
    return sources.add_annotations(session, ai, dataset_id, choice, actor=actor)


@router.post("/{dataset_id}/cases/from-conversations", status_code=201)
def add_conversations(
    dataset_id: UUID, choice: ConversationChoice, session: SessionDep, actor: ActorDep
) -> AddedCases:
    """Make a case of each conversation: its messages up to the last question."""
    return sources.add_conversations(session, dataset_id, choice, actor=actor)


@router.post("/{dataset_id}/cases/from-votes", status_code=201)
def add_votes(
    dataset_id: UUID, choice: VoteChoice, session: SessionDep, ai: AiSessionDep, actor: ActorDep
) -> AddedCases:
    """Make a case of each of your votes on comparisons and replays that is not in it yet."""
    return sources.add_votes(session, ai, dataset_id, choice, actor=actor)


@router.post("/{dataset_id}/cases/from-playground", status_code=201)
def add_answer(
    dataset_id: UUID, choice: AnswerChoice, session: SessionDep, actor: ActorDep
) -> AddedCases:
    """Make a case of the messages before an answer in one of your sessions."""
    return sources.add_answer(session, dataset_id, choice, actor=actor)


@router.get(
    "/{dataset_id}/export",
    response_class=StreamingResponse,
    responses=text_of("application/jsonl"),
)
def export_version(
    dataset_id: UUID, session: SessionDep, actor: ActorDep, version: VersionQuery = None
) -> StreamingResponse:
    """Download a version as JSONL that imports again; only super admins when it has messages of
    users.
    """
    file = transfer.export_version(session, dataset_id, version, actor=actor)
    return download(file.name, "application/jsonl", file.lines)
