"""Names of the models, projects, prompts, accounts and keys in the rows of usage."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from core.database.tables import table_of
from core.identity.models import AdminUser, ApiKey
from core.identity.schemas import Actor
from core.insights.usage import UsageDimension
from core.playground.sharing import queries as sharing
from core.prompts.models import PromptTemplate, PromptVersion
from core.prompts.queries.prompts import is_visible

accounts, keys = table_of(AdminUser), table_of(ApiKey)
templates, versions = table_of(PromptTemplate), table_of(PromptVersion)
OWNERS = {
    UsageDimension.ACCOUNT: (accounts.c.id, accounts.c.email),
    UsageDimension.KEY: (keys.c.id, keys.c.name),
}


class UsageName(NamedTuple):
    """The ID and name of a row of usage; `prompt_id` is set for prompts and their versions."""

    id: str | None
    name: str | None
    prompt_id: UUID | None = None


NOTHING = UsageName(None, None)
PRIVATE = UsageName(None, "(private)")


def names_of(
    session: Session, dimension: UsageDimension, values: Collection[Any], *, actor: Actor
) -> Mapping[Any, UsageName]:
    """Return the name of each value; several versions of a prompt may have the prompt's."""
    if dimension is UsageDimension.MODEL:
        return {value: UsageName(value, value) for value in values}
    known = {value for value in values if value is not None}
    if dimension in OWNERS:
        id_, name = OWNERS[dimension]
        found = session.execute(select(id_, name).where(id_.in_(known)))
        names = {row[0]: UsageName(str(row[0]), row[1]) for row in found}
        return {value: names.get(value, NOTHING) for value in values}
    if dimension is UsageDimension.PROJECT:
        projects = sharing.find_projects(session, known, account=actor.id)
        seen = {value: UsageName(value, value) for value in projects}
        return {value: NOTHING if value is None else seen.get(value, PRIVATE) for value in values}
    prompts = _prompts(session, dimension, known, actor)
    return {value: NOTHING if value is None else prompts.get(value, PRIVATE) for value in values}


def _prompts(
    session: Session, dimension: UsageDimension, known: Collection[UUID], actor: Actor
) -> dict[UUID, UsageName]:
    """Return the names of the versions whose prompts the actor sees."""
    rows = session.execute(
        select(versions.c.id, templates.c.id, templates.c.name, cast(versions.c.number, Text))
        .join(templates, templates.c.id == versions.c.template_id)
        .where(versions.c.id.in_(known), is_visible(actor))
    )
    if dimension is UsageDimension.PROMPT:
        return {version: UsageName(str(id_), name, id_) for version, id_, name, _ in rows}
    return {
        version: UsageName(str(version), f"{name}@{number}", id_)
        for version, id_, name, number in rows
    }
