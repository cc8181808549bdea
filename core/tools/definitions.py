"""Tools: typed functions that models may call, run with the permissions of an account."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from core.errors import Failure, Forbidden
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.tools import result_texts
from core.tools.schemas import ToolView

log = logging.getLogger("attune.tools")

INTERNAL_ERROR = "The tool broke. The server log has details."
# An MCP server's own words, which are stored and shown beside the result
MAX_ERROR_CHARS = 2000
Arguments = TypeVar("Arguments", bound=BaseModel)


@dataclass(frozen=True)
class RegistryTool(Generic[Arguments]):
    """A tool. Its function gets the arguments and the account that asks, and returns a value that
    JSON can represent."""

    name: str
    description: str
    arguments: type[Arguments]
    function: Callable[[Arguments, Actor], object]
    permission: Permission
    is_write: bool = False
    is_untrusted: bool = False  # the result has texts of users, documents or other machines
    is_on: Callable[[], bool] = lambda: True
    schema: dict[str, Any] | None = None  # of the arguments, when the type does not say it

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The JSON Schema of the arguments."""
        if self.schema is not None:
            return self.schema
        schema = self.arguments.model_json_schema(schema_generator=_WithoutTitles)
        return {name: schema[name] for name in schema if name not in ("title", "description")}

    def is_for(self, actor: Actor) -> bool:
        """Whether the account may use it, and it is switched on."""
        return self.is_on() and may(actor, self.permission)

    def view(self) -> ToolView:
        return ToolView.model_validate(self)


@dataclass(frozen=True)
class ToolOutcome:
    """JSON text for a model: the result, or `{"error"}`; `error` says what to do about it."""

    text: str
    time_ms: int
    error: str | None = None


class _WithoutTitles(GenerateJsonSchema):
    """Leaves out titles, which repeat the names of the fields."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def run_with(tool: RegistryTool[Any], arguments: dict[str, Any], *, actor: Actor) -> ToolOutcome:
    """Run a tool with arguments."""
    return run(tool, json.dumps(arguments), actor=actor)


def run(tool: RegistryTool[Any], arguments: str, *, actor: Actor) -> ToolOutcome:
    """Run a tool with arguments as JSON text; a failure is returned as `error`, not raised."""
    started_at = time.monotonic()
    text, error = _run(tool, arguments, actor)
    elapsed_ms = round((time.monotonic() - started_at) * 1000)
    if error is not None:
        error = error[:MAX_ERROR_CHARS]
        return ToolOutcome(result_texts.result_text({"error": error}), elapsed_ms, error)
    return ToolOutcome(text, elapsed_ms)


def _run(tool: RegistryTool[Any], arguments: str, actor: Actor) -> tuple[str, str | None]:
    """Return the result as JSON text, and the error if there is one."""
    try:
        # The account may have lost the permission since the tool was offered
        require(actor, tool.permission)
        given = tool.arguments.model_validate_json(arguments or "{}")
        return result_texts.result_text(tool.function(given, actor)), None
    except ValidationError as error:
        return "", _invalid(error)
    except Forbidden:
        return "", "The account that asks may not do this. Answer without this tool."
    except Failure as failure:
        return "", failure.detail
    except Exception:
        log.exception("a tool broke", extra={"tool": tool.name})
        return "", INTERNAL_ERROR


def _invalid(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    told = [
        f"{'.'.join(map(str, problem['loc'])) or 'arguments'}: {problem['msg']}"
        for problem in problems[:10]
    ]
    return f"Invalid arguments: {'; '.join(told)}. Change them and call the tool again."
