"""Save what answered in a winning column as a version of a prompt."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.comparisons import queries
from core.comparisons.errors import ColumnMissing, NameMissing, NoWin
from core.comparisons.models import Comparison, ComparisonTurn
from core.comparisons.schemas import NewWinnerVersion
from core.executions import queries as executions
from core.executions.schemas import NewExecution
from core.executions.service import service_calls
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.prompts.queries.versions import get_version
from core.prompts.schemas import NewPrompt, PromptChange
from core.prompts.service import prompts
from core.prompts.views import PromptView
from core.providers.schemas import ChatMessage, MessageRole

MOST_OF_A_NOTE = 1000
TEXTS = ("prompt", "system_prompt", "variables")
QUESTION = ChatMessage(role=MessageRole.USER, content="-")  # a call has one; it is not stored


def save_version(
    session: Session, comparison_id: UUID, new_version: NewWinnerVersion, *, actor: Actor
) -> PromptView:
    """Save the prompt, model and parameters of a column that has won a vote: as the newest version
    of its prompt, or as a new prompt when a name is given.

    Raises ComparisonMissing, ColumnMissing, NoWin, NameMissing, and what changing or creating a
    prompt raises.
    """
    require(actor, Permission.RUN_MODELS)
    row = queries.get_row(session, comparison_id, owner=actor.id)
    if new_version.column > len(row.columns):
        raise ColumnMissing
    turns = [turn for turn in queries.turns_of(session, row.id) if turn.outcome]
    won = [turn for turn in turns if turn.winner == new_version.column]
    if not won:
        raise NoWin
    note = f"Won {len(won)} of {len(turns)} votes against {_others(row, new_version.column)}"
    column = row.columns[new_version.column - 1]
    version = _content(session, column, _answered(session, won, new_version.column), actor)
    version["note"] = note[:MOST_OF_A_NOTE]
    if new_version.name:
        return prompts.create_prompt(
            session, NewPrompt(name=new_version.name, **version), actor=actor
        )
    if column.get("prompt_id") is None:
        raise NameMissing
    change = PromptChange(**version)
    return prompts.change_prompt(session, UUID(column["prompt_id"]), change, actor=actor)


def _others(row: Comparison, number: int) -> str:
    others = (it for place, it in enumerate(row.columns, 1) if place != number)
    return ", ".join(f"{it['title']} ({it['prompt']})" for it in others)


def _answered(session: Session, won: Sequence[ComparisonTurn], number: int) -> NewExecution:
    """Return the call whose answer won: a kept session may have other settings since."""
    job_id = next(it["job_id"] for it in won[-1].answers if it["column"] == number)
    return executions.get_again(session, UUID(job_id), messages=(QUESTION,))


def _content(
    session: Session, column: Mapping[str, Any], call: NewExecution, actor: Actor
) -> dict[str, Any]:
    """Return the fields of a version: the texts of a prompt as they are stored, or the system
    prompt that was sent, with what answered.
    """
    is_service = call.model_id.startswith(f"{service_calls.PROVIDER}:")
    answered = {
        "model_id": None if is_service else call.model_id,
        "default_parameters": call.parameters,
    }
    if column.get("prompt_id") is None:
        # The text that was sent has its values in place: braces in it are no placeholders
        return answered | {"system_prompt": (call.system_prompt or "").replace("{{", r"\{{")}
    prompt_id, number = UUID(column["prompt_id"]), column["prompt_version"]
    version = get_version(session, prompt_id, number, actor=actor)
    return answered | {name: getattr(version, name) for name in TEXTS}
