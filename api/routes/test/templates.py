"""Routes of prompts, which the API calls templates: versions, rendering and sharing."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Query
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from api.deps import ActorDep, SessionDep, WindowDep
from api.reference import CONFLICT, text_of
from core.database.paging import Items, Page
from core.identity.permissions import Permission, require
from core.prompts import starters, yaml_files
from core.prompts.calls import CompiledPrompt, RenderRequest
from core.prompts.guidance.findings import PromptFinding
from core.prompts.queries import compiling, guidance, rendering, versions
from core.prompts.queries import prompts as queries
from core.prompts.schemas import (
    NewPrompt,
    PromptChange,
    PromptContent,
    PromptFilter,
    PromptOrder,
    PromptRating,
    PromptShare,
    PromptShares,
    PromptStarter,
)
from core.prompts.service import prompts, sharing, transfer
from core.prompts.views import PromptVersionView, PromptView, RenderedPrompt

router = APIRouter(prefix="/templates", tags=["Prompts"])
# Not counted for the rate limit: each process of a program reads its prompts, all with one key
compiled = APIRouter(prefix="/templates", tags=["Prompts"])

Reference = Annotated[str, Path(max_length=200)]
EXAMPLE = {
    "format": "attune-prompt",
    "name": "greeting",
    "versions": [{"number": 1, "prompt": "Say hello."}],
}
CONTENT = {
    "application/json": {"schema": {"type": "object", "example": EXAMPLE}},
    "application/yaml": {"schema": {"type": "string", "example": yaml_files.write(EXAMPLE)}},
}
FILE: dict[str, Any] = {"requestBody": {"required": True, "content": CONTENT}}
DRAFT = {
    "prompt": "Answer in one sentence.\n<question>{{question}}</question>",
    "variables": [{"name": "question"}],
}


async def body(request: Request) -> bytes:
    """Return the request's body as it is."""
    return await request.body()


@router.get("")
def list_prompts(
    session: SessionDep,
    actor: ActorDep,
    window: WindowDep,
    filters: Annotated[PromptFilter, Query()],
    sort: PromptOrder = PromptOrder.UPDATED,
) -> Page[PromptView]:
    """List the prompts that you see: your own, those shared with you and the public ones."""
    return queries.list_prompts(session, filters, window, sort, actor=actor)


@router.post("", status_code=201, responses=CONFLICT)
def create_prompt(new_prompt: NewPrompt, session: SessionDep, actor: ActorDep) -> PromptView:
    """Create a prompt with its first version."""
    return prompts.create_prompt(session, new_prompt, actor=actor)


@router.get("/starters")
def list_starters(actor: ActorDep) -> Items[PromptStarter]:
    """List six prompts to start from; create one of them with POST."""
    require(actor, Permission.RUN_MODELS)
    return Items(items=list(starters.STARTERS))


@router.post("/import", status_code=201, responses=CONFLICT, openapi_extra=FILE)
def import_prompt(
    content: Annotated[bytes, Depends(body)],
    session: SessionDep,
    actor: ActorDep,
    name: Annotated[str | None, Query(max_length=128)] = None,
) -> PromptView:
    """Create a prompt from an exported file (YAML or JSON), under its name or another."""
    return transfer.import_prompt(session, content, name, actor=actor)


@router.get("/{template_id}")
def get_prompt(template_id: Reference, session: SessionDep, actor: ActorDep) -> PromptView:
    """Return a prompt with its newest version, by ID or name."""
    return queries.get_prompt(session, template_id, actor=actor)


@router.put("/{template_id}", responses=CONFLICT)
def change_prompt(
    template_id: UUID, change: PromptChange, session: SessionDep, actor: ActorDep
) -> PromptView:
    """Save a prompt: every change of texts, variables, model or parameters is a new version."""
    return prompts.change_prompt(session, template_id, change, actor=actor)


@router.delete("/{template_id}", status_code=204, responses=CONFLICT)
def delete_prompt(template_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Delete a prompt with its versions, unless other prompts include it."""
    prompts.delete_prompt(session, template_id, actor=actor)


@router.get("/{template_id}/versions")
def list_versions(
    template_id: UUID, session: SessionDep, actor: ActorDep
) -> Items[PromptVersionView]:
    """List a prompt's versions, the newest first."""
    return Items(items=versions.list_versions(session, template_id, actor=actor))


@router.post("/{template_id}/render")
def render(
    template_id: Reference, request: RenderRequest, session: SessionDep, actor: ActorDep
) -> RenderedPrompt:
    """Return a prompt with values in place, without calling a model.

    The prompt is named by ID, name or `name@label`.
    """
    return rendering.render(session, template_id, request, actor=actor)


@router.post("/{template_id}/check")
def check_prompt(
    template_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    content: Annotated[PromptContent | None, Body(json_schema_extra={"example": DRAFT})] = None,
) -> Items[PromptFinding]:
    """List possible problems of texts that aren't saved; without a body, of the newest version."""
    return Items(items=guidance.check_prompt(session, template_id, content, actor=actor))


@compiled.get("/{template_id}/compiled")
def compile_prompt(
    template_id: Reference,
    session: SessionDep,
    actor: ActorDep,
    label: Annotated[str | None, Query(max_length=64)] = None,
) -> CompiledPrompt:
    """Return a prompt in parts, for clients that put values in place by themselves."""
    return compiling.compile_prompt(session, template_id, label, actor=actor)


@router.post("/{template_id}/rate")
def rate_prompt(
    template_id: UUID, rating: PromptRating, session: SessionDep, actor: ActorDep
) -> PromptView:
    """Rate a prompt, 1 to 5; a second rating replaces your first."""
    return sharing.rate_prompt(session, template_id, rating, actor=actor)


@router.get("/{template_id}/share")
def list_shares(template_id: UUID, session: SessionDep, actor: ActorDep) -> Items[PromptShare]:
    """List the accounts that a prompt is shared with."""
    return Items(items=queries.list_shares(session, template_id, actor=actor))


@router.post("/{template_id}/share")
def share_prompt(
    template_id: UUID, shares: PromptShares, session: SessionDep, actor: ActorDep
) -> Items[PromptShare]:
    """Share a prompt of your own with these accounts, and no others."""
    return Items(items=sharing.share_prompt(session, template_id, shares, actor=actor))


@router.get(
    "/{template_id}/export",
    response_class=Response,
    responses=text_of("application/yaml", "application/json"),
)
def export_prompt(
    template_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    format: Literal["yaml", "json"] = "yaml",
) -> Response:
    """Download a prompt with all its versions and labels."""
    content = transfer.export_prompt(session, template_id, actor=actor)
    if format == "json":
        return JSONResponse(content)
    return Response(yaml_files.write(content), media_type="application/yaml")
