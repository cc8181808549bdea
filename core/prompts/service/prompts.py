"""Create, save and delete prompts."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.database.db import refuse_duplicates
from core.database.locks import Lock
from core.database.tables import STORED
from core.errors import Forbidden
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform import clock
from core.platform.ids import new_id
from core.prompts.errors import (
    DefaultPromptKept,
    NotYourPrompt,
    PromptChanged,
    PromptIncluded,
    PromptMissing,
    PromptNameTaken,
    PromptRefused,
    TooManyPrompts,
)
from core.prompts.models import PromptTemplate, PromptVersion
from core.prompts.queries import prompts
from core.prompts.queries.included_by import including
from core.prompts.queries.rendering import check_includes
from core.prompts.schemas import (
    DEFAULT_PROMPT_NAME,
    NewPrompt,
    PromptChange,
    PromptContent,
    Visibility,
)
from core.prompts.template import syntax, values
from core.prompts.views import PromptView

MOST_PROMPTS = 1000  # of one account
CONTENT = tuple(PromptContent.model_fields)
FACTS = ("name", "category", "description", "tags", "visibility")


def create_prompt(
    session: Session, new_prompt: NewPrompt, *, is_old: bool = False, actor: Actor
) -> PromptView:
    """Create a prompt with its first version; it may be old, as of add_version().

    Raises PromptNameTaken, PromptRefused, IncludeRefused or TooManyPrompts.
    """
    require(actor, Permission.EDIT_PROMPTS)
    _lock_prompts(session)
    owned = select(func.count()).where(PromptTemplate.owner == actor.id)
    if (session.scalar(owned) or 0) >= MOST_PROMPTS:
        raise TooManyPrompts
    facts = new_prompt.model_dump(include=set(FACTS))
    row = PromptTemplate(id=new_id(), owner=actor.id, **facts | {"tags": _tags(facts["tags"])})
    session.add(row)
    _flush(session)
    add_version(
        session,
        row,
        new_prompt,
        number=1,
        note=new_prompt.note,
        is_old=is_old,
        actor=actor,
    )
    audit.record(session, "prompt.create", actor, targets=target(row), after=_facts(row))
    return prompts.get_prompt(session, row.id, actor=actor)


def change_prompt(
    session: Session, prompt_id: UUID, change: PromptChange, *, actor: Actor
) -> PromptView:
    """Change a prompt; texts, variables, parameters or a note make a new version.

    Raises PromptMissing, Forbidden, PromptChanged, PromptNameTaken, PromptIncluded, PromptRefused,
    IncludeRefused or DefaultPromptKept.
    """
    row, present = lock_editable(session, prompt_id, actor=actor)
    if change.base_version is not None and change.base_version != present.version:
        raise PromptChanged
    # Prompts are included by their names, in any case of letters
    if change.name is not None and change.name.lower() != row.name.lower():
        _check_not_included(session, row, actor)
    changes = change.model_dump(exclude_unset=True)
    changes["visibility"] = change.new_visibility(present.visibility)
    before = _facts(row)
    _set_facts(row, present, {name: changes[name] for name in FACTS if name in changes}, actor)
    row.updated_at = clock.now()
    _flush(session)
    if any(name in changes for name in (*CONTENT, "note")):
        content = _merged(present, changes)
        number = present.version + 1
        add_version(session, row, content, number=number, note=change.note, actor=actor)
    audit.record(
        session, "prompt.change", actor, targets=target(row), before=before, after=_facts(row)
    )
    return prompts.get_prompt(session, row.id, actor=actor)


def delete_prompt(session: Session, prompt_id: UUID, *, actor: Actor) -> None:
    """Delete a prompt with its versions; raise PromptMissing, NotYourPrompt or PromptIncluded."""
    row, present = lock_editable(session, prompt_id, actor=actor)
    if row.name == DEFAULT_PROMPT_NAME:
        raise DefaultPromptKept
    if row.owner not in (None, actor.id):
        raise NotYourPrompt
    _check_not_included(session, row, actor)
    audit.record(
        session, "prompt.delete", actor, targets=target(row), before={"version": present.version}
    )
    session.delete(row)


def delete_private_prompts(session: Session, account_id: UUID) -> None:
    """Delete what only an account sees; its other prompts become the workspace's."""
    # One that becomes private from now on would be left to nobody
    of_it = PromptTemplate.owner == account_id
    session.execute(select(PromptTemplate.id).where(of_it).with_for_update())
    is_private = PromptTemplate.visibility == Visibility.PRIVATE
    session.execute(delete(PromptTemplate).where(of_it, is_private))


def lock_editable(
    session: Session, prompt_id: UUID, *, actor: Actor
) -> tuple[PromptTemplate, PromptView]:
    """Return a prompt that the actor may edit, locked; raise PromptMissing or Forbidden."""
    require(actor, Permission.EDIT_PROMPTS)
    _lock_prompts(session)
    # Locked before it is read, so that the number of the next version is free
    row = session.get(PromptTemplate, prompt_id, with_for_update=True)
    present = prompts.get_prompt(session, prompt_id, actor=actor)
    if row is None:
        raise PromptMissing
    if not present.may_edit:
        raise Forbidden("Only its owner, and accounts it is shared with for editing, can do this.")
    return row, present


def _lock_prompts(session: Session) -> None:
    """Let one transaction at a time change prompts: two that include each other would otherwise
    wait for each other's rows.
    """
    session.execute(select(func.pg_advisory_xact_lock(Lock.PROMPTS)))


def add_version(
    session: Session,
    row: PromptTemplate,
    content: PromptContent,
    *,
    number: int,
    note: str,
    is_old: bool = False,
    actor: Actor,
) -> None:
    """Store a version; raise PromptRefused, VariablesRefused or IncludeRefused.

    An old one of a file may include what was deleted since, and have choices of another type.
    """
    check(content)
    if not is_old:
        _check_choices(content)
        check_includes(session, row.name, content, actor=actor)
    facts = content.model_dump(mode="json", include=set(CONTENT))
    facts["default_parameters"] = content.default_parameters.set_values()
    session.add(
        PromptVersion(
            id=new_id(),
            template_id=row.id,
            number=number,
            note=note.strip(),
            created_by=actor.id,
            **facts | {"model_id": content.model_id or None},
        )
    )
    session.flush()


def check(content: PromptContent) -> None:
    """Raise PromptRefused or VariablesRefused when a version could never be rendered."""
    if not content.prompt.strip() and not (content.system_prompt or "").strip():
        raise PromptRefused("Enter a prompt or a system prompt.")
    if syntax.Variable(syntax.HISTORY) in list(syntax.parse(content.system_prompt or "")):
        raise PromptRefused("{{history}} belongs into the user text, not the system prompt.")
    names = [variable.name for variable in content.variables]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise PromptRefused(f"Declared twice: {', '.join(twice)}.")
    problems = {
        variable.name: f"Default: {problem}"
        for variable in content.variables
        if variable.default is not None
        and (problem := values.problem_of(variable, variable.default)) is not None
    }
    if problems:
        raise values.refusal(problems)


def _check_choices(content: PromptContent) -> None:
    """Raise VariablesRefused when a choice could never be a variable's value."""
    problems = {
        variable.name: f"Choice {values.text_of(choice)}: {problem}"
        for variable in content.variables
        for choice in variable.rules.choices
        if (problem := values.type_problem_of(variable, choice)) is not None
    }
    if problems:
        raise values.refusal(problems)


def target(row: PromptTemplate) -> dict[str, Any]:
    """Return what the audit log names a prompt by."""
    return {"prompt_id": str(row.id), "name": row.name}


def _set_facts(
    row: PromptTemplate, present: PromptView, facts: dict[str, Any], actor: Actor
) -> None:
    facts = {name: value for name, value in facts.items() if value is not None}
    renamed = facts.get("name", row.name) != row.name
    hidden = facts.get("visibility", row.visibility) != row.visibility
    if row.name == DEFAULT_PROMPT_NAME and (renamed or hidden):
        raise DefaultPromptKept
    if hidden and row.owner not in (None, actor.id):
        raise NotYourPrompt
    if "tags" in facts:
        facts["tags"] = _tags(facts["tags"])
    for name, value in facts.items():
        setattr(row, name, value)


def _check_not_included(session: Session, row: PromptTemplate, actor: Actor) -> None:
    users = including(session, row.name, except_for=row.id, actor=actor)
    if named := [name for name in users if name is not None][:5]:
        raise PromptIncluded(f"Included by {', '.join(named)}. Remove it from there first.")
    if users:
        raise PromptIncluded("Other accounts include it in prompts that are not shared with you.")


def _merged(present: PromptView, changes: dict[str, Any]) -> PromptContent:
    """Return the newest version's content with the changes."""
    content = present.model_dump(include=set(CONTENT))
    nullable = ("system_prompt", "model_id")
    for name in CONTENT:
        if name in changes and (changes[name] is not None or name in nullable):
            content[name] = changes[name]
    return PromptContent.model_validate(content, context=STORED)


def _tags(tags: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys(tag.lower() for tag in tags))


def _flush(session: Session) -> None:
    with refuse_duplicates(PromptNameTaken):
        session.flush()


def _facts(row: PromptTemplate) -> dict[str, Any]:
    """Return what the audit log keeps of a prompt; its texts are in its versions."""
    return {name: getattr(row, name) for name in FACTS}
