"""Configuration from the environment and `.env`. Each setting has a line in the README's table."""

import os
from enum import StrEnum
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import StartRefused

ROOT = Path(__file__).resolve().parent.parent.parent
LOOPBACK = ("127.0.0.1", "::1", "localhost")
ALL_INTERFACES = ("0.0.0.0", "::")  # noqa: S104  compared with, never bound by itself
# Bytes: Postgres opens paths of at most 1,023, which include its own file names
MAX_DATA_PATH_BYTES = 900


def _network(given: str | IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """Return a network, of one address if given one; IPv4 in IPv6 notation is returned as IPv4."""
    try:
        network = ip_network(given)
    except ValueError:
        raise ValueError(
            f"must be addresses or networks such as 10.0.0.2 or 10.0.0.0/24; {given} is none"
        ) from None
    mapped = isinstance(network, IPv6Network) and network.network_address.ipv4_mapped
    return ip_network((mapped, network.prefixlen - 96)) if mapped else network


ProxyNetwork = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]


class ProcessRole(StrEnum):
    """What this process runs."""

    WEB = "web"
    WORKER = "worker"


class LogFormat(StrEnum):
    """The format of log lines; `auto` is human on a terminal, JSON otherwise."""

    AUTO = "auto"
    HUMAN = "human"
    JSON = "json"


WEB = ("http", "https")


class SmtpTls(StrEnum):
    """How the connection to the mail server is encrypted."""

    STARTTLS = "starttls"
    TLS = "tls"
    OFF = "off"


class Config(BaseSettings):
    """All settings of the environment; names are those of the variables in lower case."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", extra="ignore", env_ignore_empty=True, frozen=True
    )

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
    attune_trusted_proxies: Annotated[frozenset[ProxyNetwork], NoDecode] = frozenset()
    attune_allow_hosts: Annotated[frozenset[str], NoDecode] = frozenset()
    attune_tool_hosts: Annotated[frozenset[str], NoDecode] = frozenset()
    cors_origins: Annotated[frozenset[str], NoDecode] = frozenset()
    attune_local_model: str = "packaged"
    attune_fake_provider: bool = False
    attune_demo: bool = True
    attune_log: LogFormat = LogFormat.AUTO

    openai_api_key: SecretStr | None = None
    anthropic_api_key: SecretStr | None = None
    ollama_endpoint: str | None = None

    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_from: str | None = None
    smtp_tls: SmtpTls = SmtpTls.STARTTLS

    rate_limit_standard: int = Field(default=100, ge=1)
    rate_limit_streaming: int = Field(default=50, ge=1)
    rate_limit_evaluation: int = Field(default=20, ge=1)
    rate_limit_ingest: int = Field(default=10_000_000, ge=1)

    connection_limit: int = Field(default=4096, ge=16)
    connection_limit_per_address: int = Field(default=512, ge=1)

    import_limit_mb: int = Field(default=4096, ge=1)

    max_concurrent_tests: int = Field(default=4, ge=1, le=100)
    evaluation_call_timeout_s: int = Field(default=60, ge=1, le=900)

    service_timeout_s: int = Field(default=120, ge=1, le=86_400)

    @field_validator("data", mode="after")
    @classmethod
    def _absolute(cls, data: Path) -> Path:
        expanded = os.path.expanduser(data)
        if expanded.startswith("~"):
            raise ValueError(f"there is no home folder for {expanded}")
        path = Path(os.path.abspath(expanded))  # absolute() would keep '..'
        if not str(path).isprintable():
            raise ValueError("must be a path of printable characters in UTF-8")
        if len(os.fsencode(path)) > MAX_DATA_PATH_BYTES:
            raise ValueError(
                f"is too long a path, choose one of at most {MAX_DATA_PATH_BYTES} bytes"
            )
        return path

    @field_validator(
        "attune_trusted_proxies",
        "attune_allow_hosts",
        "attune_tool_hosts",
        "cors_origins",
        mode="before",
    )
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return frozenset(entry.strip().lower() for entry in value.split(",") if entry.strip())

    @field_validator("cors_origins", mode="after")
    @classmethod
    def _are_origins(cls, origins: frozenset[str]) -> frozenset[str]:
        if origins == {"*"}:
            return origins
        for origin in origins:
            parts = urlsplit(origin)
            is_origin = parts.scheme in WEB and parts.hostname and not parts.username
            if not is_origin or f"{parts.scheme}://{parts.netloc}" != origin:
                raise ValueError(
                    f"must be origins such as https://app.example.com, or *; {origin} is none"
                )
        return origins

    @field_validator("openai_api_key", "anthropic_api_key", mode="after")
    @classmethod
    def _fits_a_header(cls, secret: SecretStr | None) -> SecretStr | None:
        key = secret.get_secret_value().strip() if secret else ""
        if not all("!" <= character <= "~" for character in key):
            raise ValueError("must be a key without spaces or special characters")
        return SecretStr(key) if key else None

    @field_validator("smtp_user", "smtp_password", mode="after")
    @classmethod
    def _fits_a_sign_in(cls, given: str | SecretStr | None) -> str | SecretStr | None:
        text = given.get_secret_value() if isinstance(given, SecretStr) else given or ""
        if not text.isascii():
            raise ValueError("must be of ASCII characters, the only ones that smtplib sends")
        return given

    @field_validator("ollama_endpoint", mode="after")
    @classmethod
    def _is_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        split = urlsplit(url)
        if (
            split.scheme not in ("http", "https")
            or not split.hostname
            or split.port == 0
            or split.username
            or split.query
        ):
            raise ValueError("must be an address without a key, such as http://localhost:11434")
        return url

    @field_validator("attune_public_url", mode="after")
    @classmethod
    def _is_origin(cls, url: str | None) -> str | None:
        if url is None:
            return None
        url_parts = urlsplit(url)
        if (
            url_parts.scheme not in ("http", "https")
            or not url_parts.hostname
            or url_parts.path.strip("/")
        ):
            raise ValueError(
                "must be an address without a path, such as https://attune.example.com"
            )
        # As in a browser's Origin header: in lower case, without the default port of the scheme.
        origin = f"{url_parts.scheme}://{url_parts.netloc}".lower()
        return origin.removesuffix(":443" if url_parts.scheme == "https" else ":80")

    @model_validator(mode="after")
    def _both_databases_or_none(self) -> Self:
        if (self.database_url is None) != (self.ai_database_url is None):
            raise ValueError("set both DATABASE_URL and AI_DATABASE_URL, or neither")
        return self

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> Self:
        if self.smtp_host and not self.smtp_from:
            raise ValueError("set SMTP_FROM to the address that mail is sent from")
        if (self.smtp_user is None) != (self.smtp_password is None):
            raise ValueError("set both SMTP_USER and SMTP_PASSWORD, or neither")
        return self

    @property
    def embedded_postgres(self) -> bool:
        """Whether Attune runs its own Postgres."""
        return self.database_url is None

    @property
    def address(self) -> str:
        """The address of the console, without a trailing slash."""
        if self.attune_public_url:
            return self.attune_public_url
        host = "localhost" if self.on_loopback or self.host in ALL_INTERFACES else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def on_loopback(self) -> bool:
        """Whether Attune listens on this machine only."""
        return self.host in LOOPBACK

    @property
    def behind_tls(self) -> bool:
        """Whether the public address uses https."""
        return bool(self.attune_public_url and self.attune_public_url.startswith("https://"))


@cache
def config() -> Config:
    """Return the configuration, read once per process.

    Raises StartRefused with one line that names the invalid setting.
    """
    try:
        return Config()
    except ValidationError as error:
        first_error = error.errors()[0]
        name = "_".join(str(name_part) for name_part in first_error["loc"]).upper() or "Settings"
        raise StartRefused(f"{name}: {first_error['msg'].removeprefix('Value error, ')}.") from None
