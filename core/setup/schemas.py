"""The steps that set a new workspace up."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from core.database.settings import SettingsGroup


class SetupStep(StrEnum):
    """What a workspace needs before its pages show a product, in order."""

    KEY = "key"
    DATA = "data"
    FUNNEL = "funnel"
    PROVIDER = "provider"
    INVITE = "invite"


class SetupProgress(BaseModel):
    """The steps that are done, and whether the checklist is hidden."""

    model_config = ConfigDict(frozen=True)

    done: frozenset[SetupStep]
    is_hidden: bool

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.done == frozenset(SetupStep)


class Setup(SettingsGroup):
    """The workspace setting that hides the first-run checklist."""

    is_hidden: bool = False
