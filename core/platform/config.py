"""Configuration from the environment and `.env`. Each setting has a line in the README's table."""

import os
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import StartRefused

ROOT = Path(__file__).resolve().parent.parent.parent
LOOPBACK = ("127.0.0.1", "::1", "localhost")
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  compared with, never bound by itself
LONGEST_DATA_PATH = 900  # bytes: Postgres opens no path of more than 1,023, and its own names come behind


class ProcessRole(StrEnum):
    """What this process of the program does."""

    WEB = "web"
    WORKER = "worker"


class LogFormat(StrEnum):
    """How log lines look; `auto` is human on a terminal and JSON otherwise."""

    AUTO = "auto"
    HUMAN = "human"
    JSON = "json"


class Config(BaseSettings):
    """Everything that is known before a database answers. Names are those of the environment."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore", env_ignore_empty=True, frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8501, ge=1, le=65535)
    data: Path = ROOT / "data"
    database_url: SecretStr | None = None
    ai_database_url: SecretStr | None = None

    attune_role: ProcessRole = ProcessRole.WEB
    attune_admin_email: str = "admin@localhost"
    attune_admin_password: SecretStr | None = None
    attune_secret_key: SecretStr | None = None
    attune_public_url: str | None = None
    attune_trusted_proxies: Annotated[frozenset[str], NoDecode] = frozenset()
    attune_allow_hosts: Annotated[frozenset[str], NoDecode] = frozenset()
    attune_local_model: str = "packaged"
    attune_fake_provider: bool = False
    attune_demo: bool = True
    attune_log: LogFormat = LogFormat.AUTO

    openai_api_key: SecretStr | None = None
    anthropic_api_key: SecretStr | None = None
    ollama_endpoint: str | None = None

    rate_limit_standard: int = Field(default=100, ge=1)
    rate_limit_streaming: int = Field(default=50, ge=1)
    rate_limit_ingest: int = Field(default=10_000_000, ge=1)

    connection_limit: int = Field(default=4096, ge=16)
    connection_limit_per_address: int = Field(default=512, ge=1)

    import_limit_mb: int = Field(default=4096, ge=1)

    @field_validator("data", mode="after")
    @classmethod
    def _absolute(cls, given: Path) -> Path:
        expanded = os.path.expanduser(given)
        if expanded.startswith("~"):
            raise ValueError(f"there is no home folder for {expanded}")
        path = Path(os.path.abspath(expanded))  # absolute() would keep '..'
        if not str(path).isprintable():
            raise ValueError("must be a path of printable characters in UTF-8")
        if len(os.fsencode(path)) > LONGEST_DATA_PATH:
            raise ValueError(f"is too long a path, choose one of at most {LONGEST_DATA_PATH} bytes")
        return path

    @field_validator("attune_trusted_proxies", "attune_allow_hosts", mode="before")
    @classmethod
    def _comma_separated(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        return frozenset(part.strip().lower() for part in given.split(",") if part.strip())

    @field_validator("openai_api_key", "anthropic_api_key", mode="after")
    @classmethod
    def _fits_a_header(cls, given: SecretStr | None) -> SecretStr | None:
        key = given.get_secret_value().strip() if given else ""
        if not all("!" <= character <= "~" for character in key):
            raise ValueError("must be a key without spaces or special characters")
        return SecretStr(key) if key else None

    @field_validator("ollama_endpoint", mode="after")
    @classmethod
    def _is_address(cls, given: str | None) -> str | None:
        if given is None:
            return None
        parts = urlsplit(given)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0 or parts.username or parts.query:
            raise ValueError("must be an address without a key, such as http://localhost:11434")
        return given

    @field_validator("attune_public_url", mode="after")
    @classmethod
    def _is_origin(cls, given: str | None) -> str | None:
        if given is None:
            return None
        parts = urlsplit(given)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise ValueError("must be an address without a path, such as https://attune.example.com")
        # As browsers say it in an Origin: in lower case, and without the port that is the scheme's own.
        origin = f"{parts.scheme}://{parts.netloc}".lower()
        return origin.removesuffix(":443" if parts.scheme == "https" else ":80")

    @model_validator(mode="after")
    def _both_databases_or_none(self) -> Self:
        if (self.database_url is None) != (self.ai_database_url is None):
            raise ValueError("set both DATABASE_URL and AI_DATABASE_URL, or neither")
        return self

    @property
    def embedded_postgres(self) -> bool:
        """Whether Attune brings its own Postgres."""
        return self.database_url is None

    @property
    def address(self) -> str:
        """Where people find the console, without a trailing slash."""
        if self.attune_public_url:
            return self.attune_public_url
        host = "localhost" if self.on_loopback or self.host in EVERYWHERE else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the console."""
        return self.host in LOOPBACK

    @property
    def behind_tls(self) -> bool:
        """Whether people reach the console over https."""
        return bool(self.attune_public_url and self.attune_public_url.startswith("https://"))


@cache
def config() -> Config:
    """Return the configuration, read once a process.

    Raises StartRefused with one line that names the setting.
    """
    try:
        return Config()
    except ValidationError as wrong:
        first = wrong.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper() or "Settings"
        raise StartRefused(f"{name}: {first['msg'].removeprefix('Value error, ')}.") from None
