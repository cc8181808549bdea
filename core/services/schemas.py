"""Services: inputs, what is shown of them, and what is exchanged with them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from core.identity.schemas import View
from core.providers.schemas import ChatMessage

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Token = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=4000, pattern=r"^[\x21-\x7e]+$"
    ),
]
ExternalId = str | int
CALLBACK_PATH = "/api/v1/callback/ai"


class ServiceStatus(StrEnum):
    """The result of the last job that was sent; `unauthorized`: the token was refused."""

    UNTESTED = "untested"
    WORKING = "working"
    FAILING = "failing"
    UNAUTHORIZED = "unauthorized"


class NewService(BaseModel):
    """A service to add; `token` is sent as Bearer token and never shown again."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "name": "Support bot",
                "chat_url": "https://bot.example.com/chat",
                "token": "a-secret-token",
                "is_active": True,
            }
        },
    )

    name: Name
    chat_url: Address
    upload_url: Address | None = None
    token: Token = Field(repr=False)
    is_active: bool = False
    production: bool = Field(
        default=False, description="Its callbacks may answer messages of production."
    )


class ServiceChange(BaseModel):
    """Changed fields. A new address clears the token, unless `token` is part of the change."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"is_active": True}})

    name: Name | None = None
    chat_url: Address | None = None
    upload_url: Address | None = None
    token: Token | None = Field(default=None, repr=False)
    is_active: bool | None = None
    production: bool | None = None


class ServiceView(View):
    """A service in Settings and the API, without its secrets."""

    id: UUID
    name: str
    chat_url: str
    upload_url: str | None
    is_active: bool
    production: bool
    has_valid_token: bool
    status: ServiceStatus
    status_detail: str | None
    checked_at: datetime | None
    last_callback_at: datetime | None
    previous_secret_until: datetime | None = Field(
        description="Until when callbacks may be signed with the secret before the last rotation."
    )
    created_at: datetime
    updated_at: datetime


class CreatedService(ServiceView):
    """A service with its new callback secret, which is shown this once."""

    callback_secret: str


class ActiveService(View):
    """The service that answers messages in the playground."""

    service_name: str
    chat_url: str
    upload_url: str | None
    is_active: bool
    has_valid_token: bool
    updated_at: datetime


@dataclass(frozen=True)
class ServiceConnection:
    """Where jobs are sent, with the decrypted token: for calls, not for pages."""

    id: UUID
    name: str
    chat_url: str
    token: str | None = field(repr=False)
    upload_url: str | None = None


@dataclass(frozen=True)
class ServiceJob:
    """A job as a service receives it, besides the address for its callback."""

    id: str
    message: str
    prompt: str
    history: tuple[ChatMessage, ...]
    callback_params: dict[str, Any]

    def body(self, callback_url: str) -> dict[str, Any]:
        """Return the JSON that is sent."""
        return {
            "job_id": self.id,
            "message": self.message,
            "prompt": self.prompt,
            "history": [
                {"role": message.role, "content": message.content} for message in self.history
            ],
            "callback_url": callback_url,
            "callback_params": self.callback_params,
        }


@dataclass(frozen=True)
class VerifiedService:
    """The service whose secret has signed a callback."""

    id: UUID
    production: bool


class CallbackStatus(StrEnum):
    COMPLETED = "completed"
    FAILED = "failed"


class CallbackOutput(BaseModel):
    """The answer of a service."""

    answer: str | None = None


class CallbackParams(BaseModel):
    """What the job gave the service to send back. It decides nothing about a job of Attune."""

    message_id: ExternalId | None = None
    source: str | None = Field(default=None, description="Absent for a message of production.")
    session_id: ExternalId | None = None
    admin_user_id: ExternalId | None = None
    message_type: ExternalId | None = None
    customer_id: ExternalId | None = None
    ticket_id: ExternalId | None = None
    administrative_id: ExternalId | None = None


class Callback(BaseModel):
    """The outcome of a job, as its service reports it."""

    job_id: ExternalId
    status: CallbackStatus
    output: CallbackOutput | None = None
    error: str | dict[str, Any] | None = None
    callback_params: CallbackParams = CallbackParams()

    @field_validator("callback_params", mode="before")
    @classmethod
    def _null_is_left_out(cls, given: object) -> object:
        # They decide nothing: a signed answer is not lost for their null
        return CallbackParams() if given is None else given

    @property
    def answer(self) -> str | None:
        """The answer of a completed job, or None when it has no text."""
        if self.status is CallbackStatus.FAILED or self.output is None:
            return None
        return self.output.answer if (self.output.answer or "").strip() else None

    @property
    def reason(self) -> str | None:
        """What a failed job says of itself, at most 500 characters."""
        said = self.error
        if isinstance(said, dict):
            said = said.get("message") or said.get("detail") or said.get("code")
        return str(said).strip()[:500] or None if said else None


class CallbackReceipt(BaseModel):
    """A callback was received, whether or not it changed anything."""

    status: str = "received"
    job_id: ExternalId
