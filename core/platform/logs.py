"""Log lines: for people on a terminal, JSON otherwise; never a secret."""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

from core.platform.config import LogFormat

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# What must never be read in a log, whoever wrote it there: keys by their shape, passwords in addresses, bearer tokens.
SECRETS = re.compile(
    r"(?P<key>\b(?:sk|pk|atn|whsec|rk)[-_][A-Za-z0-9_\-]{8,})"
    r"|(?P<userinfo>(?<=://)[^/\s:@]*:[^/\s@]+(?=@))"
    r"|(?P<bearer>(?<=[Bb]earer )[A-Za-z0-9._~+/\-]+=*)"
    r"|(?P<jwt>\beyJ[A-Za-z0-9_\-]{1,500}\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+)"
)
QUIET = ("httpx2", "httpcore2", "openai", "anthropic", "alembic", "procrastinate", "streamlit", "uvicorn.access")
# What Streamlit says when it is imported before it runs, which is how it is meant to be served.
NO_NEWS = ("streamlit.runtime.caching.cache_data_api", "streamlit.runtime.scriptrunner_utils.script_run_context")
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def masked(text: str) -> str:
    """Return `text` with everything that has the shape of a secret replaced."""
    return SECRETS.sub("[secret]", text)


class HumanFormatter(logging.Formatter):
    """`12:03:01 INFO  attune.web  message`, with the facts behind it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, and the traceback below it when there is one."""
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        facts = "".join(f"  {name}={value}" for name, value in _facts(record).items())
        line = f"{moment} {record.levelname:<7} {record.name}  {record.getMessage()}{facts}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return masked(line)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON with UTC time, level, logger, message and facts."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_facts(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return masked(json.dumps(line, default=str, ensure_ascii=False))


def _facts(record: logging.LogRecord) -> dict[str, object]:
    facts = {name: value for name, value in vars(record).items() if name not in STANDARD}
    if (current := request_id.get()) is not None:
        facts.setdefault("request_id", current)
    return facts


def adopt(*families: str) -> None:
    """Bring loggers that a library has given handlers of its own back to ours; call it once the library is imported."""
    for name, logger in logging.root.manager.loggerDict.items():
        if isinstance(logger, logging.Logger) and name.partition(".")[0] in families:
            logger.handlers, logger.propagate = [], True


def quieten(*names: str) -> None:
    """Let loggers write nothing below a warning; call it again after a library's import that listens to its environment."""
    for name in names:
        logging.getLogger(name).setLevel(logging.WARNING)


def set_up(shape: LogFormat, stream: TextIO = sys.stderr) -> None:
    """Send all logging of this process to `stream` in the wanted shape."""
    human = shape is LogFormat.HUMAN or (shape is LogFormat.AUTO and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(HumanFormatter() if human else JsonFormatter())
    logging.root.handlers = [handler]
    logging.root.setLevel(logging.INFO)
    quieten(*QUIET)
    for name in NO_NEWS:
        logging.getLogger(name).addFilter(lambda _record: False)
