"""Read bots and their versions: an account's own, and those that are shared."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, func, or_, select
from sqlalchemy.orm import Session

from core.bots.errors import BotMissing, BotVersionMissing, NoActiveBot
from core.bots.knowledge.items import KnownDocument, items_of, left_out
from core.bots.models import (
    BotConfiguration,
    BotConfigurationVersion,
    BotPerformanceMetric,
    BotResult,
)
from core.bots.personality.parameters import overridden, parameters_of
from core.bots.personality.system_prompt import system_prompt
from core.bots.schemas import (
    BotContent,
    BotDiff,
    BotPreview,
    BotVersionView,
    BotView,
    BotVisibility,
    FieldChange,
)
from core.database.tables import table_of
from core.identity.models import AdminUser
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.ingest.external_ids import keys_of
from core.knowledge.models import Document
from core.knowledge.schemas import DocumentState
from core.presentation.word_diff import word_diff

bots, versions = table_of(BotConfiguration), table_of(BotConfigurationVersion)
results, metrics = table_of(BotResult), table_of(BotPerformanceMetric)
accounts = table_of(AdminUser)
CONTENT = tuple(BotContent.model_fields)


def is_visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor sees a bot."""
    return or_(bots.c.user_id == actor.id, bots.c.visibility == BotVisibility.SHARED)


def _listed(*conditions: ColumnElement[bool]) -> Any:  # noqa: ANN401  a select of two tables
    saved = (versions.c.bot_config_id == bots.c.id) & (versions.c.number == bots.c.version)
    return (
        select(bots, accounts.c.full_name, versions.c.content.label("saved"))
        .join(accounts, accounts.c.id == bots.c.user_id)
        .join(versions, saved)
        .where(*conditions)
        .order_by(bots.c.is_active.desc(), bots.c.created_at, bots.c.id)
    )


def list_bots(session: Session, *, actor: Actor) -> list[BotView]:
    """Return the actor's bots, the active one first, then those of others that are shared."""
    require(actor, Permission.RUN_MODELS)
    rows = session.execute(_listed(is_visible(actor))).mappings()
    views = [_view(row, actor) for row in rows]
    # Sorting keeps the order of the query within both parts
    return sorted(views, key=lambda view: not view.is_own)


def list_visible_ids(session: Session, *, actor: Actor) -> list[UUID]:
    """Return the IDs of the bots that the actor sees."""
    require(actor, Permission.RUN_MODELS)
    return list(session.scalars(select(bots.c.id).where(is_visible(actor))))


def get_bot(session: Session, bot_id: UUID, *, actor: Actor) -> BotView:
    """Return a bot that the actor sees; raise BotMissing."""
    require(actor, Permission.RUN_MODELS)
    row = session.execute(_listed(bots.c.id == bot_id, is_visible(actor))).mappings().first()
    if row is None:
        raise BotMissing
    return _view(row, actor)


def get_active(session: Session, *, actor: Actor) -> BotView:
    """Return the actor's active bot; raise NoActiveBot."""
    require(actor, Permission.RUN_MODELS)
    own = _listed(bots.c.user_id == actor.id, bots.c.is_active)
    row = session.execute(own).mappings().first()
    if row is None:
        raise NoActiveBot
    return _view(row, actor)


def _view(row: RowMapping, actor: Actor) -> BotView:
    content = content_of(row)
    return BotView(
        **dict(content),
        id=row["id"],
        owner_name=row["full_name"],
        is_own=row["user_id"] == actor.id,
        visibility=BotVisibility(row["visibility"]),
        is_active=row["is_active"],
        version=row["version"],
        has_changes=content != BotContent.model_validate(row["saved"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def content_of(row: RowMapping | BotConfiguration) -> BotContent:
    """Return the draft of a bot."""
    if isinstance(row, BotConfiguration):
        return BotContent.model_validate({name: getattr(row, name) for name in CONTENT})
    return BotContent.model_validate({name: row[name] for name in CONTENT})


def plain(view: BotContent) -> BotContent:
    """Return only what a version keeps of a bot."""
    return BotContent.model_validate({name: getattr(view, name) for name in CONTENT})


def get_version_content(session: Session, bot_id: UUID, number: int) -> BotContent:
    """Return the content of a version of a bot that the caller sees; raise BotVersionMissing."""
    of_it = (versions.c.bot_config_id == bot_id, versions.c.number == number)
    content = session.scalar(select(versions.c.content).where(*of_it))
    if content is None:
        raise BotVersionMissing
    return BotContent.model_validate(content)


def tested(session: Session, bot: BotView, version: int | None) -> tuple[BotContent, int | None]:
    """Return what a test of a bot's version, or without one of its draft, is a test of: the
    content, and the number of the version that has it, None for unsaved changes.

    Raises BotVersionMissing.
    """
    if version is not None:
        return get_version_content(session, bot.id, version), version
    return plain(bot), None if bot.has_changes else bot.version


def list_versions(session: Session, bot_id: UUID, *, actor: Actor) -> list[BotVersionView]:
    """Return a bot's versions, the newest first, with the means of the actor's tests of them."""
    get_bot(session, bot_id, actor=actor)
    rows = session.execute(
        select(versions, accounts.c.full_name)
        .outerjoin(accounts, accounts.c.id == versions.c.created_by)
        .where(versions.c.bot_config_id == bot_id)
        .order_by(versions.c.number.desc())
    ).mappings()
    figures = _figures_by_version(session, bot_id, actor)
    return [
        BotVersionView(
            number=row["number"],
            note=row["note"],
            content=BotContent.model_validate(row["content"]),
            created_by_name=row["full_name"],
            created_at=row["created_at"],
            **figures.get(row["number"], NO_TESTS),
        )
        for row in rows
    ]


NO_TESTS: dict[str, Any] = {
    "tests": 0,
    "mean_rating": None,
    "mean_alignment": None,
    "mean_confidence": None,
    "mean_response_time_ms": None,
    "outcomes_met": 0,
    "outcomes_checked": 0,
}


def figure_columns() -> dict[str, ColumnElement[Any]]:
    """Return the columns of NO_TESTS, over results joined with their metrics."""
    return {
        "tests": func.count(),
        "mean_rating": func.avg(metrics.c.customer_satisfaction_rating),
        "mean_alignment": func.avg(metrics.c.response_quality_score),
        "mean_confidence": func.avg(results.c.confidence_score),
        "mean_response_time_ms": func.avg(results.c.response_time_ms),
        "outcomes_met": func.coalesce(func.sum(results.c.outcomes_met), 0),
        "outcomes_checked": func.coalesce(func.sum(results.c.outcomes_checked), 0),
    }


def _figures_by_version(
    session: Session, bot_id: UUID, actor: Actor
) -> dict[int | None, dict[str, Any]]:
    columns = [column.label(name) for name, column in figure_columns().items()]
    rows = session.execute(
        select(results.c.bot_version, *columns)
        .join(metrics, metrics.c.result_id == results.c.id)
        .where(results.c.bot_config_id == bot_id, results.c.user_id == actor.id)
        .group_by(results.c.bot_version)
    ).mappings()
    return {row["bot_version"]: {name: row[name] for name in NO_TESTS} for row in rows}


def read_documents(ai: Session, ids: Sequence[UUID], *, actor: Actor) -> list[KnownDocument]:
    """Return the published documents with these IDs, Attune's or the sender's, in their order."""
    if not ids:
        return []
    require(actor, Permission.READ_CONTENTS)
    columns = (Document.id, Document.title, Document.content)
    keys = {id_: keys_of("document", str(id_)) for id_ in ids}
    wanted = Document.id.in_([key for each in keys.values() for key in each])
    published = (wanted, Document.status == DocumentState.PUBLISHED)
    found = {row.id: row for row in ai.execute(select(*columns).where(*published))}
    rows = {id_: next((found[key] for key in keys[id_] if key in found), None) for id_ in ids}
    return [KnownDocument(id_, row.title, row.content) for id_, row in rows.items() if row]


def list_published_titles(ai: Session, *, actor: Actor) -> dict[UUID, str]:
    """Return the titles of the latest 500 published documents."""
    require(actor, Permission.READ_CONTENTS)
    rows = ai.execute(
        select(Document.id, Document.title)
        .where(Document.status == DocumentState.PUBLISHED)
        .order_by(Document.updated_at.desc(), Document.id)
        .limit(500)
    )
    return {row.id: row.title or str(row.id) for row in rows}


def preview(content: BotContent, documents: Sequence[KnownDocument]) -> BotPreview:
    """Return what a bot's calls are made of."""
    return BotPreview(
        system_prompt=system_prompt(content, items_of(content.knowledge, documents)),
        parameters=parameters_of(content),
        overridden=overridden(content),
        left_out=left_out(content.knowledge, documents),
    )


def diff(
    core: Session,
    ai: Session,
    bot_id: UUID,
    before: int | None,
    after: int | None,
    *,
    actor: Actor,
) -> BotDiff:
    """Return what differs between two versions: without `before` the last one, without `after` the
    draft. Raises BotMissing or BotVersionMissing.
    """
    bot = get_bot(core, bot_id, actor=actor)
    first = bot.version if before is None else before
    old = get_version_content(core, bot_id, first)
    new = plain(bot) if after is None else get_version_content(core, bot_id, after)
    prompts = [
        preview(each, read_documents(ai, each.knowledge.documents, actor=actor)).system_prompt
        for each in (old, new)
    ]
    return BotDiff(
        before=first,
        after=after,
        changes=_changes(old, new),
        system_prompt=word_diff(prompts[0], prompts[1]),
    )


def _changes(old: BotContent, new: BotContent) -> list[FieldChange]:
    before, after = (dict(_flat(each.model_dump(mode="json"))) for each in (old, new))
    return [
        FieldChange(field=name, before=before[name], after=after[name])
        for name in before
        if before[name] != after[name]
    ]


def _flat(fields: dict[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
