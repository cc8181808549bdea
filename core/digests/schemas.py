"""A weekly digest: sections of figures, and findings."""

from datetime import date, datetime
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict, computed_field

from core.identity.schemas import View
from core.insights.schemas import Finding
from core.presentation.comparison import ChangeVerdict, Kpi
from core.saved_views.schemas import ViewPage

WRITTEN = "digest.written"  # what the outbox hands to the worker
SEND = "digests.send"  # the task that emails a digest to a subscriber
CHANGED = (ChangeVerdict.WORSE, ChangeVerdict.BETTER, ChangeVerdict.DIFFERENT)


class DigestSection(View):
    """The KPIs of a view in the week; without an owner, the workspace's Overview."""

    title: str
    page: ViewPage
    query: dict[str, str]
    owner_id: UUID | None
    is_shared: bool
    figures: list[Kpi]

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the address that shows these figures."""
        return self.query | self.page.place[1]

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def link(self) -> str:
        """The path and query of that address."""
        return f"/{self.page.address}?{urlencode(self.parameters)}"

    @property
    def changed(self) -> list[Kpi]:
        """The figures that changed beyond normal variation."""
        return [figure for figure in self.figures if figure.verdict in CHANGED]


class DigestContent(View):
    """What is stored of a digest."""

    sections: list[DigestSection]
    findings: list[Finding]


class DigestDetails(DigestContent):
    """The digest of a week from Monday, `week`, to Sunday in the reporting time zone, with the
    sections that the reader may see.
    """

    id: UUID
    week: date
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    created_at: datetime


class DigestSubscription(BaseModel):
    """Whether the account gets weekly digests by email."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"is_subscribed": True}})

    is_subscribed: bool
