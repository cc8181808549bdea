"""With whom a session is shared."""

from pydantic import BaseModel, ConfigDict, Field


class SessionReader(BaseModel):
    """An account that may read a session."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"email": "a@example.com"}}
    )

    email: str = Field(max_length=254)


class SessionReaders(BaseModel):
    """All accounts that may read a session; they replace the present ones."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"accounts": [{"email": "a@example.com"}]}},
    )

    accounts: tuple[SessionReader, ...] = Field(max_length=200)
