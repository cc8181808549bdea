"""Move labels to versions, and back."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Forbidden
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.identity.service import audit
from core.prompts.calls import RenderRequest
from core.prompts.errors import (
    LabelMissing,
    LabelProtected,
    NothingToRollBack,
    PromptRefused,
    VariablesRefused,
)
from core.prompts.models import PromptLabel, PromptLabelMove, PromptTemplate, PromptVersion
from core.prompts.queries import prompts
from core.prompts.queries.labels import find_previous_versions
from core.prompts.queries.rendering import check_includes, render_content
from core.prompts.queries.versions import read_version
from core.prompts.schemas import DEFAULT_PROMPT_NAME, LabelTarget, MoveGrounds
from core.prompts.service.prompts import lock_editable, target
from core.prompts.template.syntax import DEFAULT_LABEL
from core.prompts.views import PromptVersionView, PromptView

NO_GROUNDS = MoveGrounds()


def move_label(
    session: Session,
    prompt_id: UUID,
    to: LabelTarget,
    *,
    grounds: MoveGrounds = NO_GROUNDS,
    actor: Actor,
) -> PromptView:
    """Point a label at a version; the label is made when there is none. Its gate is checked above
    (core/promotions).

    Raises PromptMissing, VersionMissing, Forbidden, LabelProtected, or IncludeRefused when the
    version includes what is gone.
    """
    row, present = lock_editable(session, prompt_id, actor=actor)
    # The prompt's lock covers its labels, which then need none of their own
    label = session.get(PromptLabel, (prompt_id, to.name))
    _check_may_move(label, to.is_protected, actor)
    version = read_version(session, prompt_id, to.version)
    check_includes(session, row.name, version, actor=actor)
    if row.name == DEFAULT_PROMPT_NAME and to.name == DEFAULT_LABEL:
        _check_is_usable(session, present, version, actor=actor)
    before = _number(session, label)
    if label is None:
        label = PromptLabel(template_id=prompt_id, name=to.name, version_id=version.id)
        session.add(label)
    label.version_id = version.id
    if to.is_protected is not None:
        _protect(session, row, label, actor, is_protected=to.is_protected)
    if before != version.number:
        _record(session, row, to.name, (before, version.number), grounds, actor)
    session.flush()
    return prompts.get_prompt(session, prompt_id, actor=actor)


def roll_back(
    session: Session,
    prompt_id: UUID,
    name: str,
    *,
    grounds: MoveGrounds = NO_GROUNDS,
    actor: Actor,
) -> PromptView:
    """Point a label at the version where it was before; a second time goes further back.

    Raises PromptMissing, LabelMissing, Forbidden, LabelProtected or NothingToRollBack.
    """
    lock_editable(session, prompt_id, actor=actor)
    if session.get(PromptLabel, (prompt_id, name)) is None:
        raise LabelMissing
    previous = find_previous_versions(session, prompt_id).get(name)
    if previous is None:
        raise NothingToRollBack
    back = LabelTarget(name=name, version=previous)
    return move_label(session, prompt_id, back, grounds=grounds, actor=actor)


def remove_label(
    session: Session,
    prompt_id: UUID,
    name: str,
    *,
    grounds: MoveGrounds = NO_GROUNDS,
    actor: Actor,
) -> None:
    """Remove a label; its history stays. Raises PromptMissing, LabelMissing or LabelProtected."""
    row, _ = lock_editable(session, prompt_id, actor=actor)
    label = session.get(PromptLabel, (prompt_id, name))
    if label is None:
        raise LabelMissing
    if row.name == DEFAULT_PROMPT_NAME and name == DEFAULT_LABEL:
        raise Forbidden("The playground uses this label. Move it to another version instead.")
    _check_may_move(label, None, actor)
    _record(session, row, name, (_number(session, label), None), grounds, actor)
    session.delete(label)


def _check_may_move(label: PromptLabel | None, protect: bool | None, actor: Actor) -> None:
    is_protected = label is not None and label.is_protected
    if (is_protected or protect is not None) and not may(actor, Permission.PROMOTE):
        raise LabelProtected


def _protect(
    session: Session, row: PromptTemplate, label: PromptLabel, actor: Actor, *, is_protected: bool
) -> None:
    if bool(label.is_protected) == is_protected:
        return
    audit.record(
        session,
        "prompt.label.protect",
        actor,
        targets=target(row) | {"label": label.name},
        before={"is_protected": not is_protected},
        after={"is_protected": is_protected},
    )
    label.is_protected = is_protected


def _check_is_usable(
    session: Session, prompt: PromptView, version: PromptVersionView, *, actor: Actor
) -> None:
    """Raise PromptRefused for a version that can't be the playground's system prompt."""
    if version.system_prompt is None or version.prompt.strip():
        raise PromptRefused("The default prompt needs a system prompt, and no user text.")
    try:
        render_content(session, prompt, version, RenderRequest(), actor=actor)
    except VariablesRefused as error:
        raise PromptRefused(f"The default prompt is used without values. {error.detail}") from error


def _number(session: Session, label: PromptLabel | None) -> int | None:
    if label is None:
        return None
    return session.scalar(select(PromptVersion.number).where(PromptVersion.id == label.version_id))


def _record(
    session: Session,
    row: PromptTemplate,
    name: str,
    move: tuple[int | None, int | None],
    grounds: MoveGrounds,
    actor: Actor,
) -> None:
    before, after = move
    session.add(
        PromptLabelMove(
            template_id=row.id,
            label=name,
            from_version=before,
            to_version=after,
            moved_by=actor.id,
            evaluation_id=grounds.evaluation_id,
            reason=grounds.reason,
        )
    )
    audit.record(
        session,
        "prompt.label.move",
        actor,
        targets=target(row) | {"label": name},
        before={"version": before},
        after={"version": after} | grounds.model_dump(exclude_none=True),
    )
