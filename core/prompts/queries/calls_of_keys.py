"""Calls of API keys, as the AI requests that Watch shows."""

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from core.ai_metrics.schemas import NewRequest
from core.database.tables import table_of
from core.executions import encrypted_texts
from core.executions.models import Execution
from core.executions.schemas import ExecutionStatus
from core.identity.models import ApiKey
from core.prompts.models import PromptTemplate, PromptVersion

executions, keys = table_of(Execution), table_of(ApiKey)
versions, templates = table_of(PromptVersion), table_of(PromptTemplate)
TOKENS = (
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "total_tokens",
)
SAME = (*TOKENS, "first_token_ms", "finish_reason", "cost_usd")


def list_requests(
    session: Session, execution_ids: Collection[UUID]
) -> Iterator[tuple[str, NewRequest]]:
    """Yield the environment of the key and the request of each ended call of a key, without calls
    of evaluations, which are no traffic of the product.
    """
    rows = session.execute(
        select(
            executions,
            keys.c.environment,
            versions.c.number.label("version"),
            templates.c.name.label("prompt_name"),
        )
        .join(keys, keys.c.id == executions.c.key_id)
        .outerjoin(versions, versions.c.id == executions.c.template_version_id)
        .outerjoin(templates, templates.c.id == versions.c.template_id)
        .where(
            executions.c.id.in_(execution_ids),
            executions.c.status != ExecutionStatus.PENDING,
            executions.c.cached_from.is_(None),  # no model was called
        )
    )
    for row in rows.mappings():
        sent = encrypted_texts.open_json(row["metadata"], "metadata", row["id"]) or {}
        if "evaluation_id" not in sent:
            yield row["environment"], msgspec.convert(_request(row, sent), NewRequest)


def _request(row: RowMapping, sent: dict[str, Any]) -> dict[str, Any]:
    user, error = sent.get("user"), row["error"] or {}
    tools = encrypted_texts.open_tools(row["tool_executions"], row["id"])
    facts: dict[str, Any] = {
        "id": str(row["id"]),
        "created_at": row["created_at"],
        "provider": row["provider"],
        "model": row["model_id"].removeprefix(f"{row['provider']}:"),
        "operation": "chat",
        "total_latency_ms": row["execution_time_ms"],
        "tool_calls": [{"name": tool.name} for tool in tools] or None,
        "error_type": error.get("reason"),
        "user_id": user if isinstance(user, str) else None,
        **{name: row[name] for name in SAME},
    }
    if row["prompt_name"] is not None:
        facts["prompt"] = {"name": row["prompt_name"], "version": str(row["version"])}
        facts["prompt_version_id"] = str(row["template_version_id"])
    return facts
