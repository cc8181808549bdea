"""Prompts, versions and labels as the console and the API show them."""

from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict, computed_field

from core.identity.schemas import View
from core.prompts.schemas import PromptVariable, Visibility
from core.providers.schemas import ChatMessage, Parameters


class LabelView(View):
    """A label and the version that it points at."""

    name: str
    version: int
    is_protected: bool
    moved_at: datetime
    moved_by_name: str | None


class LabelMove(View):
    """A move of a label; `from_version` is null for its first, `to_version` for its removal.

    `evaluation_id` is the evaluation that passed the label's gate, `reason` the text of the account
    that moved it.
    """

    id: int
    label: str
    from_version: int | None
    to_version: int | None
    evaluation_id: UUID | None
    reason: str | None
    moved_at: datetime
    moved_by_name: str | None


class Promotion(View):
    """When a version, `name@number`, went into production."""

    version: str
    moved_at: datetime


class PromptVersionView(View):
    """One version of a prompt; it never changes."""

    model_config = ConfigDict(protected_namespaces=())

    id: UUID
    number: int
    prompt: str
    system_prompt: str | None
    variables: list[PromptVariable]
    default_parameters: Parameters
    model_id: str | None
    note: str
    created_by_name: str | None
    created_at: datetime


class PromptView(View):
    """A prompt with its newest version; `may_edit` is about the caller."""

    model_config = ConfigDict(protected_namespaces=())

    id: UUID
    name: str
    category: str
    description: str
    tags: list[str]
    visibility: Visibility
    usage_count: int
    rating: float | None
    rating_count: int
    own_rating: int | None
    version: int
    prompt: str
    system_prompt: str | None
    variables: list[PromptVariable]
    default_parameters: Parameters
    model_id: str | None
    labels: list[LabelView]
    owner_id: UUID | None
    owner_name: str | None
    may_edit: bool
    created_at: datetime
    updated_at: datetime

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def is_public(self) -> bool:
        """Whether every account with prompts sees it."""
        return self.visibility is Visibility.PUBLIC


class RenderedTexts(View):
    """Texts with values in place: `messages` come between `system_prompt` and `prompt`."""

    system_prompt: str | None
    messages: list[ChatMessage]
    prompt: str


class RenderedPrompt(RenderedTexts):
    """A version of a prompt with its values in place."""

    model_config = ConfigDict(protected_namespaces=())

    name: str
    version: int
    version_id: UUID
    parameters: Parameters
    model_id: str | None
