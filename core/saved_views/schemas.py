"""Saved views: inputs, what is shown of them, and the pages that have them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, computed_field
from pydantic.config import JsonDict

from core.identity.permissions import Permission
from core.identity.schemas import View


class ViewPage(StrEnum):
    """A page, or a list of one, whose filters can be saved."""

    OVERVIEW = "overview"
    USERS = "users"
    ONBOARDING = "onboarding"
    ENGAGEMENT = "engagement"
    AI_METRICS = "ai-metrics"
    BATCH_HISTORY = "batch-history"
    CONVERSATIONS = "conversations"
    ANNOTATIONS = "annotations"
    DOCUMENTS = "documents"
    MEMORIES = "memories"
    FEEDBACK = "feedback"

    @property
    def address(self) -> str:
        """The path of the page in the console, without a slash."""
        return self.place[0]

    @property
    def place(self) -> tuple[str, dict[str, str]]:
        """The path, and the parameters that lead to the list on a page with several."""
        if self in (ViewPage.CONVERSATIONS, ViewPage.ANNOTATIONS):
            return "tuning", {"view": self.value}
        if self in (ViewPage.DOCUMENTS, ViewPage.MEMORIES, ViewPage.FEEDBACK):
            return "knowledge", {"section": self.value}
        return self.value, {}

    @property
    def permission(self) -> Permission:
        """What an account needs to open it."""
        is_watch = not self.place[1]
        return Permission.WATCH if is_watch else Permission.READ_CONTENTS


EXAMPLE: JsonDict = {
    "name": "Errors of the web app",
    "page": "ai-metrics",
    "query": {"days": "7", "app": "web", "status": "error"},
    "is_shared": True,
    "is_pinned": True,
    "figure": "error_rate",
    "in_digest": True,
}
ViewName = Annotated[
    str,
    StringConstraints(max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$"),
    Field(min_length=1, pattern=r"\S"),
]
ParameterName = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z][a-z_]*$")]
ParameterValue = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00-\x1f\x7f]*$")]
# Streamlit's own: the page of a view that has them would break
RESERVED = frozenset({"embed", "embed_options"})


def _without_reserved(query: dict[str, str]) -> dict[str, str]:
    if found := RESERVED & query.keys():
        raise ValueError(f"Leave out {' and '.join(sorted(found))}: pages have no such filter.")
    return query


FigureName = Annotated[str, StringConstraints(max_length=32, pattern=r"^[a-z][a-z0-9_]*$")]
Parameters = Annotated[
    dict[ParameterName, ParameterValue], Field(max_length=40), AfterValidator(_without_reserved)
]


class NewSavedView(BaseModel):
    """Filters to save: `query` has the parameters of the page's address.

    A shared view is for everyone who may open the page; so are its card on the Overview
    (`is_pinned`) and its figures in the weekly digest (`in_digest`). The card shows `figure`, one
    of the page's figures by its name, such as `error_rate`; the main one when left out.
    """

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": EXAMPLE})

    name: ViewName
    page: ViewPage
    query: Parameters
    is_shared: bool = False
    is_pinned: bool = False
    figure: FigureName | None = None
    in_digest: bool = False


class SavedViewChange(BaseModel):
    """A change of a saved view: fields that are left out stay."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"name": "Web errors"}})

    name: ViewName | None = None
    query: Parameters | None = None
    is_shared: bool | None = None
    is_pinned: bool | None = None
    figure: FigureName | None = None
    in_digest: bool | None = None


class SavedViewDetails(View):
    """A saved view; `link` is the console's address that opens it."""

    id: UUID
    name: str
    page: ViewPage
    query: dict[str, str]
    is_shared: bool
    is_pinned: bool
    figure: str | None
    in_digest: bool
    owner_id: UUID
    owner_name: str
    created_at: datetime

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the address that opens it."""
        return self.query | self.page.place[1]

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def link(self) -> str:
        """The path and query of its address."""
        return f"/{self.page.address}?{urlencode(self.parameters)}"
