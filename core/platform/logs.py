"""Log lines: readable on a terminal, JSON otherwise; secrets are masked."""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

from core.platform.config import LogFormat

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# Secrets in any log line, also of libraries: keys by their form, passwords in addresses, bearer
# tokens.
SECRETS = re.compile(
    r"(?P<key>\b(?:sk|pk|atn|whsec|rk)[-_][A-Za-z0-9_\-]{8,})"
    r"|(?P<userinfo>(?<=://)[^/\s:@]*:[^/\s@]+(?=@))"
    r"|(?P<bearer>(?<=[Bb]earer )[A-Za-z0-9._~+/\-]+=*)"
    r"|(?P<jwt>\beyJ[A-Za-z0-9_\-]{1,500}\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+)"
)
QUIET_LOGGERS = (
    "httpx2",
    "httpcore2",
    "openai",
    "anthropic",
    "alembic",
    "procrastinate",
    "streamlit",
    "uvicorn.access",
)
# Streamlit's warnings about being imported before it runs, which is how Attune serves it.
IGNORED_LOGGERS = (
    "streamlit.runtime.caching.cache_data_api",
    "streamlit.runtime.scriptrunner_utils.script_run_context",
)
STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def masked(text: str) -> str:
    """Return `text` with everything that has the form of a secret replaced."""
    return SECRETS.sub("[secret]", text)


class HumanFormatter(logging.Formatter):
    """`12:03:01 INFO  attune.web  message`, followed by extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, followed by the traceback, if any."""
        time_text = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        fields = "".join(f"  {name}={value}" for name, value in _extra_fields(record).items())
        line = f"{time_text} {record.levelname:<7} {record.name}  {record.getMessage()}{fields}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return masked(line)


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON with UTC time, level, logger, message and extra fields."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra_fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return masked(json.dumps(line, default=str, ensure_ascii=False))


def _extra_fields(record: logging.LogRecord) -> dict[str, object]:
    fields = {name: value for name, value in vars(record).items() if name not in STANDARD_FIELDS}
    if (current_id := request_id.get()) is not None:
        fields.setdefault("request_id", current_id)
    return fields


def adopt(*families: str) -> None:
    """Remove an imported library's own handlers from its loggers."""
    for name, logger in logging.root.manager.loggerDict.items():
        if isinstance(logger, logging.Logger) and name.partition(".")[0] in families:
            logger.handlers, logger.propagate = [], True


def quieten(*names: str) -> None:
    """Raise loggers to WARNING; call it again after importing a library that sets its own level."""
    for name in names:
        logging.getLogger(name).setLevel(logging.WARNING)


def set_up(log_format: LogFormat, stream: TextIO = sys.stderr) -> None:
    """Send all logging of this process to `stream` in a format."""
    is_human = log_format is LogFormat.HUMAN or (log_format is LogFormat.AUTO and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(HumanFormatter() if is_human else JsonFormatter())
    logging.root.handlers = [handler]
    logging.root.setLevel(logging.INFO)
    quieten(*QUIET_LOGGERS)
    for name in IGNORED_LOGGERS:
        logging.getLogger(name).addFilter(lambda _record: False)
