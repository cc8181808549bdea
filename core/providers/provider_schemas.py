"""Providers as Settings and the API show and change them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from core.providers.schemas import CallLimits, ProviderKind


class ProviderSource(StrEnum):
    PACKAGED = "packaged"
    ENVIRONMENT = "environment"
    SETTINGS = "settings"


class ProviderStatus(StrEnum):
    UNTESTED = "untested"
    WORKING = "working"
    FAILING = "failing"


class ProviderView(CallLimits):
    """A provider in Settings and the API, without its key."""

    id: UUID | None
    name: str
    kind: ProviderKind
    base_url: str | None
    source: ProviderSource
    has_secret: bool
    is_active: bool
    status: ProviderStatus
    status_detail: str | None
    checked_at: datetime | None
    model_count: int


ProviderName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


Secret = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[\x21-\x7e]+$"
    ),
]


class NewProvider(CallLimits):
    """A provider to add; without `base_url` it is the vendor's own API."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {"name": "lab", "kind": "openai", "base_url": "http://127.0.0.1:11434/v1"}
        },
    )

    name: ProviderName
    kind: Literal[ProviderKind.OPENAI, ProviderKind.ANTHROPIC]
    base_url: str | None = Field(default=None, max_length=500)
    secret: Secret | None = Field(default=None, repr=False)


class ProviderChange(CallLimits):
    """The fields to change; a new `base_url` removes the key of the old one."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"is_active": False}})

    base_url: str | None = Field(default=None, max_length=500)
    secret: Secret | None = Field(default=None, repr=False)
    is_active: bool | None = None
