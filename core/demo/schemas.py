"""The demo workspace as the console shows it."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from core.database.settings import Group
from core.imports.schemas import ImportStatus


class Demo(Group):
    """Whether it was decided, on the first start, to have a demo or none."""

    is_decided: bool = False


class DemoView(BaseModel):
    """The demo that is in this workspace."""

    model_config = ConfigDict(frozen=True)

    status: ImportStatus
    rows: int
    until: datetime  # when what happens in it ends
    may_go: bool  # imports can be undone for some weeks
    is_mixed: bool  # with rows that were sent or imported beside it

    @property
    def is_coming(self) -> bool:
        """Whether more of it is on its way."""
        return self.status in (ImportStatus.QUEUED, ImportStatus.RUNNING)

    @property
    def is_going(self) -> bool:
        """Whether it is being removed."""
        return self.status is ImportStatus.UNDOING
