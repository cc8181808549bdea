"""Read versions of prompts, by number or by what a label points at."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.database.tables import STORED, storable, table_of
from core.identity.models import AdminUser
from core.identity.schemas import Actor
from core.prompts.errors import LabelMissing, VersionMissing
from core.prompts.models import PromptLabel, PromptVersion
from core.prompts.queries.prompts import get_named
from core.prompts.template.syntax import LATEST
from core.prompts.views import PromptVersionView

versions, labels = table_of(PromptVersion), table_of(PromptLabel)
accounts = table_of(AdminUser)


def list_versions(session: Session, prompt_id: UUID, *, actor: Actor) -> list[PromptVersionView]:
    """Return a prompt's versions, the newest first; raise PromptMissing."""
    get_named(session, prompt_id, actor=actor)
    rows = session.execute(_all().where(versions.c.template_id == prompt_id))
    return [PromptVersionView.model_validate(dict(row), context=STORED) for row in rows.mappings()]


def get_version(
    session: Session, prompt_id: UUID, reference: str | int | None, *, actor: Actor
) -> PromptVersionView:
    """Return a version by number or label; without a reference, the newest.

    Raises PromptMissing, VersionMissing or LabelMissing.
    """
    get_named(session, prompt_id, actor=actor)
    return read_version(session, prompt_id, reference)


def read_version(
    session: Session, prompt_id: UUID, reference: str | int | None
) -> PromptVersionView:
    """Return a version of a prompt that the caller has read.

    Raises VersionMissing or LabelMissing.
    """
    rows = _all().where(versions.c.template_id == prompt_id)
    is_number = str(reference or "").isdecimal()
    if is_number:
        # More digits do not fit the column, and would be an error of the database
        rows = rows.where(versions.c.number == int(str(reference)[:9]))
    elif reference not in (None, LATEST):
        named = select(labels.c.version_id).where(
            labels.c.template_id == prompt_id, labels.c.name == storable(str(reference))
        )
        rows = rows.where(versions.c.id.in_(named))
    row = session.execute(rows.limit(1)).mappings().one_or_none()
    if row is None:
        raise (
            VersionMissing
            if is_number
            else LabelMissing(
                f"This prompt has no label “{reference}”. Move the label to a version first."
            )
        )
    return PromptVersionView.model_validate(dict(row), context=STORED)


def _all() -> Select[Any]:
    return (
        select(versions, accounts.c.full_name.label("created_by_name"))
        .outerjoin(accounts, accounts.c.id == versions.c.created_by)
        .order_by(versions.c.number.desc())
    )
