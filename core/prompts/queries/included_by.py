"""Which prompts include another."""

from uuid import UUID

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from core.database.tables import table_of
from core.identity.schemas import Actor
from core.prompts.models import PromptLabel, PromptTemplate, PromptVersion
from core.prompts.queries.prompts import NEWEST, is_visible
from core.prompts.template import syntax

templates, versions = table_of(PromptTemplate), table_of(PromptVersion)
labels = table_of(PromptLabel)


def including(session: Session, name: str, *, except_for: UUID, actor: Actor) -> list[str | None]:
    """Return the names of prompts whose newest or labeled versions include the prompt `name`; None
    stands for those that the actor does not see.
    """
    labeled = versions.c.id.in_(select(labels.c.version_id))
    mentions = or_(
        *(
            text.icontains(name, autoescape=True)
            for text in (versions.c.prompt, versions.c.system_prompt)
        )
    )
    rows = session.execute(
        select(
            case((is_visible(actor), templates.c.name)).label("name"),
            versions.c.prompt,
            versions.c.system_prompt,
        )
        .join(versions, versions.c.template_id == templates.c.id)
        .where(or_(NEWEST, labeled), mentions, templates.c.id != except_for)
        .order_by(func.lower(templates.c.name))
    )
    return list(
        dict.fromkeys(
            row.name
            for row in rows
            # SQL finds where the name occurs; only the parser knows whether that is an include
            if any(
                include.prompt.lower() == name.lower()
                for include in syntax.includes_in(row.prompt, row.system_prompt)
            )
        )
    )
