"""Export a prompt with all its versions, and import one."""

from collections import Counter
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy.orm import Session

from core.errors import Invalid
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.ingest.pattern_budget import compile_budget
from core.presentation.validation import message_of
from core.prompts import yaml_files
from core.prompts.models import PromptTemplate
from core.prompts.queries import prompts
from core.prompts.queries.versions import list_versions
from core.prompts.schemas import (
    LabelTarget,
    Line,
    MovableLabel,
    NewPrompt,
    Note,
    PromptContent,
    PromptName,
    Tag,
    Words,
)
from core.prompts.service.labels import move_label
from core.prompts.service.prompts import CONTENT, add_version, create_prompt, target
from core.prompts.views import PromptView

FORMAT = "attune-prompt"
MOST_VERSIONS = 1000


class VersionFile(PromptContent):
    model_config = ConfigDict(extra="forbid")

    number: int = Field(ge=1)
    note: Note = ""


class PromptFile(BaseModel):
    """A prompt in a file: its versions by number, and the numbers that its labels point at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["attune-prompt"]
    name: PromptName
    category: Line = Field(default="", max_length=100)
    description: Words = Field(default="", max_length=2000)
    tags: tuple[Tag, ...] = Field(default=(), max_length=20)
    versions: tuple[VersionFile, ...] = Field(min_length=1, max_length=MOST_VERSIONS)
    labels: dict[MovableLabel, int] = Field(default_factory=dict, max_length=100)

    @field_validator("versions")
    @classmethod
    def _have_their_own_numbers(cls, versions: tuple[VersionFile, ...]) -> tuple[VersionFile, ...]:
        number, count = Counter(each.number for each in versions).most_common(1)[0]
        if count > 1:  # no label would say which of them it points at
            raise ValueError(f"Two versions have the number {number}")
        return versions


def export_prompt(session: Session, prompt_id: UUID, *, actor: Actor) -> dict[str, Any]:
    """Return a prompt with all its versions, as a file holds it; raise PromptMissing."""
    prompt = prompts.get_prompt(session, prompt_id, actor=actor)
    versions = list_versions(session, prompt_id, actor=actor)
    audit.record(
        session, "prompt.export", actor, targets={"prompt_id": str(prompt_id), "name": prompt.name}
    )
    return {
        "format": FORMAT,
        **prompt.model_dump(mode="json", include={"name", "category", "description", "tags"}),
        "labels": {label.name: label.version for label in prompt.labels},
        "versions": [
            version.model_dump(
                mode="json", include={"number", "note", *CONTENT}, exclude_defaults=True
            )
            | {"default_parameters": version.default_parameters.set_values()}
            for version in reversed(versions)
        ],
    }


def import_prompt(
    session: Session, content: bytes, name: str | None = None, *, actor: Actor
) -> PromptView:
    """Create a private prompt from a file, under its name or another, with its versions and labels.

    Raises TooLarge, FileRefused, PromptNameTaken, or what create_prompt() raises.
    """
    require(actor, Permission.EDIT_PROMPTS)
    file = _read(yaml_files.read(content) | ({"name": name} if name else {}))
    versions = sorted(file.versions, key=lambda version: version.number)
    first = NewPrompt(
        **file.model_dump(include={"name", "category", "description", "tags"}),
        **versions[0].model_dump(include={*CONTENT, "note"}),
    )
    # Where a label points is checked as the label is moved
    newest = len(versions)
    prompt = create_prompt(session, first, is_old=newest > 1, actor=actor)
    row = session.get_one(PromptTemplate, prompt.id)
    for number, version in enumerate(versions[1:], 2):
        add_version(
            session,
            row,
            version,
            number=number,
            note=version.note,
            is_old=number < newest,
            actor=actor,
        )
    # Versions are numbered anew from 1, so labels have to follow
    numbers = {version.number: number for number, version in enumerate(versions, 1)}
    for label, number in file.labels.items():
        if number not in numbers:
            raise Invalid(
                f"The label {label} points at version {number}, which is not in the file."
            )
        move_label(session, row.id, LabelTarget(name=label, version=numbers[number]), actor=actor)
    audit.record(
        session, "prompt.import", actor, targets=target(row), after={"versions": len(versions)}
    )
    return prompts.get_prompt(session, row.id, actor=actor)


def _read(content: dict[str, Any]) -> PromptFile:
    try:
        # One for the whole file, which may hold a thousand versions with a hundred patterns each
        with compile_budget():
            return PromptFile.model_validate(content)
    except ValidationError as error:
        errors = [
            {"field": ".".join(str(part) for part in each["loc"]), "message": message_of(each)}
            for each in error.errors(include_url=False)
        ][:20]
        summary = "; ".join(f"{each['field']}: {each['message']}" for each in errors[:3])
        raise yaml_files.FileRefused(
            f"This is not a prompt file: {summary}.", errors=errors
        ) from None
