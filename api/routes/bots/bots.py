"""Routes of bots: an account's own, and those that are shared."""

from uuid import UUID

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from api.deps import ActorDep, AiSessionDep, SessionDep, WindowDep
from api.reference import CONFLICT, MISSING
from core.bots.knowledge.sample_company import SAMPLE_COMPANY
from core.bots.queries import bots as queries
from core.bots.schemas import (
    BotChange,
    BotDiff,
    BotKnowledge,
    BotPreview,
    BotVersionView,
    BotView,
    NewBot,
    NewBotVersion,
    VersionChoice,
)
from core.bots.service import bots
from core.database.db import transaction
from core.database.paging import Page
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor

router = APIRouter(prefix="/bots", tags=["Bots"])


@router.get("")
async def list_bots(actor: ActorDep, window: WindowDep) -> Page[BotView]:
    """List your bots, the active one first, then shared ones of others.

    An account without a bot gets a default one.
    """
    return window.page_of(await run_in_threadpool(_list, actor))


def _list(actor: Actor) -> list[BotView]:
    # A GET's session commits each statement; a default bot is made of several
    with transaction() as session:
        bots.ensure_default(session, actor=actor)
        return queries.list_bots(session, actor=actor)


@router.post("", status_code=201, responses=CONFLICT)
def create(new_bot: NewBot, session: SessionDep, actor: ActorDep) -> BotView:
    """Create a bot with its first version."""
    return bots.create_bot(session, new_bot, actor=actor)


@router.get("/active", responses=MISSING)
async def active(actor: ActorDep) -> BotView:
    """Return your active bot; an account without a bot gets a default one."""
    return await run_in_threadpool(_active, actor)


def _active(actor: Actor) -> BotView:
    with transaction() as session:
        bots.ensure_default(session, actor=actor)
        return queries.get_active(session, actor=actor)


@router.get("/sample-company")
def sample_company(actor: ActorDep) -> BotKnowledge:
    """Return the knowledge of a company to try bots with."""
    require(actor, Permission.RUN_MODELS)
    return SAMPLE_COMPANY


@router.get("/{bot_id}")
def bot(bot_id: UUID, session: SessionDep, actor: ActorDep) -> BotView:
    """Return a bot with its draft."""
    return queries.get_bot(session, bot_id, actor=actor)


@router.patch("/{bot_id}")
def change(bot_id: UUID, change: BotChange, session: SessionDep, actor: ActorDep) -> BotView:
    """Change the draft of a bot; sliders that are left out stay where they are."""
    return bots.change_bot(session, bot_id, change, actor=actor)


@router.delete("/{bot_id}", status_code=204)
def delete(bot_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Delete a bot with its versions and test results."""
    bots.delete_bot(session, bot_id, actor=actor)


@router.post("/{bot_id}/activate")
def activate(bot_id: UUID, session: SessionDep, actor: ActorDep) -> BotView:
    """Make a bot your active one, instead of another."""
    return bots.activate(session, bot_id, actor=actor)


@router.post("/{bot_id}/deactivate")
def deactivate(bot_id: UUID, session: SessionDep, actor: ActorDep) -> BotView:
    """Deactivate a bot."""
    return bots.deactivate(session, bot_id, actor=actor)


@router.post("/{bot_id}/copy", status_code=201, responses=CONFLICT)
def copy(bot_id: UUID, session: SessionDep, actor: ActorDep) -> BotView:
    """Create a private bot of your own from this one."""
    return bots.copy(session, bot_id, actor=actor)


@router.get("/{bot_id}/history")
def history(
    bot_id: UUID, session: SessionDep, actor: ActorDep, window: WindowDep
) -> Page[BotVersionView]:
    """List a bot's versions, the newest first, with the means of your tests of them."""
    return window.page_of(queries.list_versions(session, bot_id, actor=actor))


@router.post("/{bot_id}/versions", status_code=201, responses=CONFLICT)
def save_version(
    bot_id: UUID, new_version: NewBotVersion, session: SessionDep, actor: ActorDep
) -> BotVersionView:
    """Keep the draft as the next version."""
    return bots.save_version(session, bot_id, new_version, actor=actor)


@router.post("/{bot_id}/restore")
def restore(bot_id: UUID, choice: VersionChoice, session: SessionDep, actor: ActorDep) -> BotView:
    """Make an earlier version the draft."""
    return bots.restore(session, bot_id, choice.version, actor=actor)


@router.get("/{bot_id}/diff")
def diff(
    bot_id: UUID,
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    before: int | None = Query(default=None, ge=1, le=10**6),
    after: int | None = Query(default=None, ge=1, le=10**6),
) -> BotDiff:
    """Compare two versions: without `before` the last one, without `after` the draft."""
    return queries.diff(session, ai, bot_id, before, after, actor=actor)


@router.get("/{bot_id}/preview-prompt")
def preview_prompt(
    bot_id: UUID, session: SessionDep, ai: AiSessionDep, actor: ActorDep
) -> BotPreview:
    """Return the system prompt and parameters of the draft."""
    found = queries.plain(queries.get_bot(session, bot_id, actor=actor))
    documents = queries.read_documents(ai, found.knowledge.documents, actor=actor)
    return queries.preview(found, documents)
