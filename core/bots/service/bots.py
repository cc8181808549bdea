"""Create and change bots: the draft, versions, which one is active."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.bots.errors import BotMissing, NothingToSave, NotYourBot, TooManyBots
from core.bots.models import BotConfiguration, BotConfigurationVersion
from core.bots.queries import bots as queries
from core.bots.schemas import (
    BotChange,
    BotContent,
    BotVersionView,
    BotView,
    BotVisibility,
    NewBot,
    NewBotVersion,
)
from core.database.tables import table_of
from core.identity.models import AdminUser
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform import clock
from core.platform.ids import new_id

MOST_BOTS = 200  # of one account
DEFAULT_NOTE = "Default bot"
bots = table_of(BotConfiguration)


def ensure_default(session: Session, *, actor: Actor) -> None:
    """Give an account without a bot the default one, active; of two calls at once, one does."""
    require(actor, Permission.RUN_MODELS)
    if session.scalar(select(bots.c.id).where(bots.c.user_id == actor.id).limit(1)) is not None:
        return
    values = {
        "id": new_id(),
        "user_id": actor.id,
        "visibility": BotVisibility.PRIVATE,
        "is_active": True,
        "version": 1,
        **BotContent().model_dump(mode="json"),
    }
    unless_active = insert(bots).values(**values).on_conflict_do_nothing()
    created = session.scalar(unless_active.returning(bots.c.id))
    if created is not None:
        _add_version(session, created, 1, BotContent(), DEFAULT_NOTE, actor)


def create_bot(session: Session, new_bot: NewBot, *, actor: Actor) -> BotView:
    """Create a bot with its first version, inactive unless it says otherwise; raise TooManyBots."""
    require(actor, Permission.RUN_MODELS)
    owned = session.scalar(select(func.count()).select_from(bots).where(bots.c.user_id == actor.id))
    if (owned or 0) >= MOST_BOTS:
        raise TooManyBots
    content = queries.plain(new_bot)
    row = BotConfiguration(
        id=new_id(),
        user_id=actor.id,
        visibility=new_bot.visibility,
        is_active=False,
        version=1,
        **content.model_dump(mode="json"),
    )
    session.add(row)
    session.flush()
    _add_version(session, row.id, 1, content, "", actor)
    audit.record(session, "bot.create", actor, targets=_target(row), after=_facts(row))
    _set_active(session, row, new_bot.is_active, actor)
    return queries.get_bot(session, row.id, actor=actor)


def change_bot(session: Session, bot_id: UUID, change: BotChange, *, actor: Actor) -> BotView:
    """Change a bot's draft; a new name or visibility is audited. Raises BotMissing, NotYourBot."""
    row = _lock_own(session, bot_id, actor)
    before = _facts(row)
    changes = change.model_dump(exclude_none=True, exclude={"is_active"}, mode="json")
    if "personality_traits" in changes:
        changes["personality_traits"] = row.personality_traits | changes["personality_traits"]
    if change.parameters is not None:  # null takes an override away
        changes["parameters"] = row.parameters | change.parameters.model_dump(exclude_unset=True)
    for name, value in changes.items():
        setattr(row, name, value)
    row.updated_at = clock.now()
    session.flush()
    if _facts(row) != before:
        audit.record(
            session, "bot.change", actor, targets=_target(row), before=before, after=_facts(row)
        )
    if change.is_active is not None:
        _set_active(session, row, change.is_active, actor)
    return queries.get_bot(session, bot_id, actor=actor)


def delete_bot(session: Session, bot_id: UUID, *, actor: Actor) -> None:
    """Delete a bot with its versions, results and runs; raise BotMissing or NotYourBot."""
    row = _lock_own(session, bot_id, actor)
    audit.record(session, "bot.delete", actor, targets=_target(row), before=_facts(row))
    session.delete(row)


def hand_over_shared(session: Session, account_id: UUID, *, to: UUID) -> None:
    """Give another account the shared bots of one that is removed, inactive."""
    shared = (bots.c.user_id == account_id, bots.c.visibility == BotVisibility.SHARED)
    # The bot itself does not change: without it, the column would become now
    values = {"user_id": to, "is_active": False, "updated_at": bots.c.updated_at}
    session.execute(update(bots).where(*shared).values(values))


def activate(session: Session, bot_id: UUID, *, actor: Actor) -> BotView:
    """Make a bot its owner's active one, instead of another; raise BotMissing or NotYourBot."""
    _set_active(session, _lock_own(session, bot_id, actor), True, actor)
    return queries.get_bot(session, bot_id, actor=actor)


def deactivate(session: Session, bot_id: UUID, *, actor: Actor) -> BotView:
    """Deactivate a bot; raise BotMissing or NotYourBot."""
    _set_active(session, _lock_own(session, bot_id, actor), False, actor)
    return queries.get_bot(session, bot_id, actor=actor)


def _set_active(session: Session, row: BotConfiguration, is_active: bool, actor: Actor) -> None:
    if row.is_active == is_active:
        return
    if is_active:
        # Waits for another that becomes active now: the update then begins after, and finds it
        owner = select(AdminUser.id).where(AdminUser.id == actor.id)
        session.execute(owner.with_for_update(key_share=True))
        # The unique index allows one active bot at any moment
        others = (bots.c.user_id == actor.id, bots.c.is_active)
        session.execute(update(bots).where(*others).values(is_active=False))
    row.is_active, row.updated_at = is_active, clock.now()
    session.flush()
    action = "bot.activate" if is_active else "bot.deactivate"
    audit.record(session, action, actor, targets=_target(row))


def save_version(
    session: Session, bot_id: UUID, new_version: NewBotVersion, *, actor: Actor
) -> BotVersionView:
    """Keep the draft as the next version; raise BotMissing, NotYourBot or NothingToSave."""
    row = _lock_own(session, bot_id, actor)
    content = queries.content_of(row)
    if content == queries.get_version_content(session, bot_id, row.version):
        raise NothingToSave
    row.version, row.updated_at = row.version + 1, clock.now()
    _add_version(session, row.id, row.version, content, new_version.note, actor)
    audit.record(session, "bot.save_version", actor, targets=_target(row), after=_facts(row))
    return queries.list_versions(session, bot_id, actor=actor)[0]


def restore(session: Session, bot_id: UUID, version: int, *, actor: Actor) -> BotView:
    """Make an earlier version the draft; saving it is a version of its own.

    Raises BotMissing, NotYourBot or BotVersionMissing.
    """
    row = _lock_own(session, bot_id, actor)
    content = queries.get_version_content(session, bot_id, version)
    for name, value in content.model_dump(mode="json").items():
        setattr(row, name, value)
    row.updated_at = clock.now()
    session.flush()
    audit.record(session, "bot.restore", actor, targets=_target(row), after={"restored": version})
    return queries.get_bot(session, bot_id, actor=actor)


def copy(session: Session, bot_id: UUID, *, actor: Actor) -> BotView:
    """Create a private bot of the actor's from one that they see; raise BotMissing."""
    content = queries.plain(queries.get_bot(session, bot_id, actor=actor))
    name = f"{content.bot_name[:93]} (copy)"  # a name has at most 100 characters
    return create_bot(session, NewBot(**dict(content) | {"bot_name": name}), actor=actor)


def _lock_own(session: Session, bot_id: UUID, actor: Actor) -> BotConfiguration:
    """Return a bot's row; raise BotMissing, or NotYourBot for a shared one of another account."""
    require(actor, Permission.RUN_MODELS)
    visible = (bots.c.id == bot_id, queries.is_visible(actor))
    row = session.scalar(select(BotConfiguration).where(*visible).with_for_update())
    if row is None:
        raise BotMissing
    if row.user_id != actor.id:
        raise NotYourBot
    return row


def _add_version(
    session: Session, bot_id: UUID, number: int, content: BotContent, note: str, actor: Actor
) -> None:
    session.add(
        BotConfigurationVersion(
            id=new_id(),
            bot_config_id=bot_id,
            number=number,
            content=content.model_dump(mode="json"),
            note=note,
            created_by=actor.id,
        )
    )
    session.flush()


def _target(row: BotConfiguration) -> dict[str, Any]:
    return {"bot": row.bot_name, "id": str(row.id)}


def _facts(row: BotConfiguration) -> dict[str, Any]:
    return {"name": row.bot_name, "visibility": row.visibility, "version": row.version}
