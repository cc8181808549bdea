"""Share prompts with accounts, and rate them."""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.identity import queries as people
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.prompts.errors import NotYourPrompt
from core.prompts.models import PromptAccess, PromptOpinion
from core.prompts.queries import prompts
from core.prompts.schemas import PromptRating, PromptShare, PromptShares, Visibility
from core.prompts.service.prompts import lock_editable, target
from core.prompts.views import PromptView


def share_prompt(
    session: Session, prompt_id: UUID, shares: PromptShares, *, actor: Actor
) -> list[PromptShare]:
    """Share the actor's own prompt with these accounts, and no others.

    A private prompt becomes shared, and a shared one without accounts private. Raises
    PromptMissing, NotYourPrompt, or Invalid for an email without an account.
    """
    row, _ = lock_editable(session, prompt_id, actor=actor)
    if row.owner != actor.id:
        raise NotYourPrompt
    accounts = {share.email.strip().lower(): share.may_edit for share in shares.accounts}
    ids = people.ids_by_email(session, list(accounts))
    session.execute(delete(PromptAccess).where(PromptAccess.template_id == prompt_id))
    session.add_all(
        PromptAccess(template_id=prompt_id, admin_user_id=ids[email], may_edit=may_edit)
        for email, may_edit in accounts.items()
    )
    if row.visibility != Visibility.PUBLIC:
        row.visibility = Visibility.SHARED if accounts else Visibility.PRIVATE
    session.flush()
    audit.record(session, "prompt.share", actor, targets=target(row), after={"accounts": accounts})
    return prompts.list_shares(session, prompt_id, actor=actor)


def rate_prompt(
    session: Session, prompt_id: UUID, rating: PromptRating, *, actor: Actor
) -> PromptView:
    """Rate a prompt; a second rating replaces the first. Raises PromptMissing."""
    require(actor, Permission.EDIT_PROMPTS)
    prompts.get_named(session, prompt_id, actor=actor)
    row = {"template_id": prompt_id, "admin_user_id": actor.id, "rating": rating.rating}
    session.execute(
        insert(PromptOpinion)
        .values(row)
        .on_conflict_do_update(
            index_elements=["template_id", "admin_user_id"], set_={"rating": rating.rating}
        )
    )
    return prompts.get_prompt(session, prompt_id, actor=actor)
