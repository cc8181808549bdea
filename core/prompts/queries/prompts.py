"""List and read an account's own prompts, the shared and the public ones."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    Text,
    all_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from core.database.paging import Page, Window
from core.database.tables import STORED, storable, table_of
from core.identity import queries as people
from core.identity.models import AdminUser
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.prompts.errors import PromptMissing
from core.prompts.models import (
    PromptAccess,
    PromptLabel,
    PromptOpinion,
    PromptTemplate,
    PromptVersion,
)
from core.prompts.queries.labels import labels_of
from core.prompts.schemas import PromptFilter, PromptOrder, PromptShare, Visibility
from core.prompts.views import PromptView

templates, versions = table_of(PromptTemplate), table_of(PromptVersion)
labels, accounts = table_of(PromptLabel), table_of(AdminUser)
shares, ratings = table_of(PromptAccess), table_of(PromptOpinion)

MOST_WORDS = 20
ENGLISH_STEMS: ColumnElement[Any] = literal_column("'english_stem'::regdictionary")
NEWEST = versions.c.number == (
    select(func.max(versions.c.number))
    .where(versions.c.template_id == templates.c.id)
    .correlate(templates)
    .scalar_subquery()
)
RATINGS = (
    select(ratings.c.rating).where(ratings.c.template_id == templates.c.id).correlate(templates)
)
MEAN = RATINGS.with_only_columns(func.avg(ratings.c.rating)).scalar_subquery()
COUNT = RATINGS.with_only_columns(func.count()).scalar_subquery()
ORDERS = {
    PromptOrder.UPDATED: templates.c.updated_at.desc(),
    PromptOrder.NAME: func.lower(templates.c.name),
    PromptOrder.USAGE: templates.c.usage_count.desc(),
    PromptOrder.RATING: MEAN.desc().nulls_last(),
}


class NamedPrompt(NamedTuple):
    """A prompt's ID and name."""

    id: UUID
    name: str


def list_prompts(
    session: Session,
    filters: PromptFilter,
    window: Window,
    order: PromptOrder = PromptOrder.UPDATED,
    *,
    actor: Actor,
) -> Page[PromptView]:
    """Return a page of the prompts that the actor sees."""
    require(actor, Permission.RUN_MODELS)
    matching = _all(actor).where(*_conditions(session, filters, actor))
    rows = matching.order_by(ORDERS[order], templates.c.id).limit(window.limit)
    found = _views(session, rows.offset(window.offset), actor)
    count = select(func.count()).select_from(matching.subquery())
    return window.page(found, window.total(len(found), lambda: session.scalar(count) or 0))


def get_prompt(session: Session, reference: UUID | str, *, actor: Actor) -> PromptView:
    """Return a prompt by ID or name; raise PromptMissing."""
    require(actor, Permission.RUN_MODELS)
    found = _views(session, _all(actor).where(_is(reference)), actor)
    if not found:
        raise PromptMissing
    return found[0]


def get_named(session: Session, reference: UUID | str, *, actor: Actor) -> NamedPrompt:
    """Return which prompt an ID or a name means, without what a page shows of it; raise
    PromptMissing.
    """
    require(actor, Permission.RUN_MODELS)
    named = select(templates.c.id, templates.c.name).where(_is(reference), is_visible(actor))
    found = session.execute(named).one_or_none()
    if found is None:
        raise PromptMissing
    return NamedPrompt(*found)


def list_visible_ids(session: Session, *, actor: Actor) -> list[UUID]:
    """Return the IDs of the prompts that the actor sees."""
    require(actor, Permission.RUN_MODELS)
    return list(session.scalars(select(templates.c.id).where(is_visible(actor))))


def list_facets(session: Session, *, actor: Actor) -> tuple[list[str], list[str]]:
    """Return the categories and the tags of the prompts that the actor sees, by name."""
    require(actor, Permission.RUN_MODELS)
    rows = session.execute(
        select(templates.c.category, templates.c.tags).where(is_visible(actor))
    ).all()
    categories = {row.category for row in rows if row.category}
    return sorted(categories), sorted({tag for row in rows for tag in row.tags})


def list_shares(session: Session, prompt_id: UUID, *, actor: Actor) -> list[PromptShare]:
    """Return the accounts that a prompt is shared with; raise PromptMissing."""
    get_named(session, prompt_id, actor=actor)
    rows = session.execute(
        select(accounts.c.email, shares.c.may_edit)
        .join(accounts, accounts.c.id == shares.c.admin_user_id)
        .where(shares.c.template_id == prompt_id)
        .order_by(accounts.c.email)
    )
    return [PromptShare.model_validate(dict(row)) for row in rows.mappings()]


def list_people(session: Session, *, actor: Actor) -> list[str]:
    """Return the emails of the other accounts that may use prompts."""
    require(actor, Permission.EDIT_PROMPTS)
    return people.emails_with(session, Permission.EDIT_PROMPTS, but=actor.id)


def is_visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor sees a prompt; API keys see the public ones."""
    is_public = templates.c.visibility == Visibility.PUBLIC
    if actor.is_program:
        return is_public
    # The list of accounts stays when a prompt becomes private, and must not open it then
    is_shared = (templates.c.visibility == Visibility.SHARED) & _is_shared_with(actor)
    return or_(is_public, templates.c.owner == actor.id, is_shared)


def may_edit(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor may edit a prompt that they see: the workspace's, their
    own, and those that are shared with them for editing.
    """
    is_workspace = templates.c.owner.is_(None)
    return func.coalesce(
        or_(is_workspace, templates.c.owner == actor.id, _is_shared_with(actor, may_edit=True)),
        False,
    )


def _is_shared_with(actor: Actor, *, may_edit: bool = False) -> ColumnElement[bool]:
    shared = select(shares.c.template_id).where(shares.c.admin_user_id == actor.id)
    return templates.c.id.in_(shared.where(shares.c.may_edit) if may_edit else shared)


def _is(reference: UUID | str) -> ColumnElement[bool]:
    if isinstance(reference, UUID):
        return templates.c.id == reference
    try:
        return templates.c.id == UUID(reference)
    except ValueError:
        return func.lower(templates.c.name) == storable(reference).strip().lower()


def _all(actor: Actor) -> Select[Any]:
    return (
        select(
            templates,
            versions.c.number.label("version"),
            *(
                versions.c[name]
                for name in (
                    "prompt",
                    "system_prompt",
                    "variables",
                    "default_parameters",
                    "model_id",
                )
            ),
            templates.c.owner.label("owner_id"),
            accounts.c.full_name.label("owner_name"),
            may_edit(actor).label("may_edit"),
            MEAN.label("rating"),
            COUNT.label("rating_count"),
            RATINGS.where(ratings.c.admin_user_id == actor.id)
            .scalar_subquery()
            .label("own_rating"),
        )
        .join(versions, (versions.c.template_id == templates.c.id) & NEWEST)
        .outerjoin(accounts, accounts.c.id == templates.c.owner)
        .where(is_visible(actor))
    )


def _conditions(session: Session, filters: PromptFilter, actor: Actor) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.q:
        conditions.append(_has_words(session, storable(filters.q).split()))
    if filters.category:
        conditions.append(templates.c.category == storable(filters.category))
    if filters.tag:
        conditions.append(templates.c.tags.contains([storable(filters.tag)]))
    if filters.label:
        named = select(labels.c.template_id).where(labels.c.name == storable(filters.label))
        conditions.append(templates.c.id.in_(named))
    if filters.mine:
        conditions.append(templates.c.owner == actor.id)
    return conditions


def _has_words(session: Session, words: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a prompt has all words, in any form of English ones."""
    texts = (
        templates.c.name,
        templates.c.description,
        templates.c.category,
        func.array_to_string(templates.c.tags, " "),
        versions.c.prompt,
        versions.c.system_prompt,
    )
    wanted = _patterns(session, list(dict.fromkeys(words))[:MOST_WORDS])
    # As one condition, the texts are joined once for all words
    return func.concat_ws("\n", *texts).op("~*", is_comparison=True)(
        all_(bindparam("patterns", wanted, ARRAY(Text)))
    )


def _patterns(session: Session, words: list[str]) -> list[str]:
    each_word = func.unnest(bindparam("words", words, ARRAY(Text)))
    stems = session.scalars(select(func.ts_lexize(ENGLISH_STEMS, each_word))).all()
    return [
        _pattern(word, stem[0] if stem else "") for word, stem in zip(words, stems, strict=True)
    ]


def _pattern(word: str, stem: str) -> str:
    """Return the pattern of a word anywhere, or of its other forms where a word begins."""
    lower, beginning = word.lower(), stem.removesuffix("i")
    if not stem or not lower.startswith(beginning):
        return re.escape(word)
    # Postgres has “polici” for “policy” and “policies”, but “api” for “apis”
    ends_in_y = beginning != stem and lower.startswith((f"{beginning}y", f"{stem}e"))
    forms = f"{re.escape(beginning)}(y|ie)" if ends_in_y else re.escape(stem)
    return f"{re.escape(word)}|(^|[^[:alnum:]]){forms}"


def _views(session: Session, rows: Select[Any], actor: Actor) -> list[PromptView]:
    found = session.execute(rows).mappings().all()
    named = labels_of(session, [row["id"] for row in found])
    may_change = may(actor, Permission.EDIT_PROMPTS)
    return [_view(row, named, may_change=may_change) for row in found]


def _view(row: RowMapping, named: defaultdict[UUID, list[Any]], *, may_change: bool) -> PromptView:
    rating = row["rating"]
    facts = dict(row) | {
        "labels": named[row["id"]],
        "rating": round(float(rating), 2) if rating is not None else None,
        "may_edit": row["may_edit"] and may_change,
    }
    # Stored patterns were checked when they were saved; each read would compile them all again
    return PromptView.model_validate(facts, context=STORED)
