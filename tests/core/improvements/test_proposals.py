"""What a model answers becomes a proposal only when it is whole and can be saved."""

import json
from typing import Any
from uuid import UUID

import pytest

from core.database.db import Database, transaction
from core.executions.schemas import ExecutionStatus, ExecutionView, TokenUsage
from core.identity.schemas import Role
from core.improvements import service
from core.improvements.errors import ImprovementFailed, ProposalRefused
from core.improvements.schemas import ImprovementProposal, NewImprovement
from core.prompts.schemas import MAX_PROMPT_CHARS
from tests.factories.identity import person
from tests.factories.prompts import create

NO_USAGE = TokenUsage(
    prompt_tokens=None, completion_tokens=None, total_tokens=None, estimated_cost=None
)

pytestmark = pytest.mark.usefixtures("database")


def propose(answer: object, **facts: Any) -> ImprovementProposal:  # noqa: ANN401
    """Return the proposal of a model that answers this to a chat prompt without a user text."""
    actor = person(Role.ADMIN).actor
    prompt = create(actor, system_prompt="Be {{tone}}.", prompt="")
    ended = {"id": UUID(int=1), "status": ExecutionStatus.COMPLETED, "finish_reason": "stop"}
    ended |= {"response": json.dumps(answer), "error": None, "usage": NO_USAGE}
    view = ExecutionView.model_construct(**ended | facts)  # type: ignore[arg-type]
    given = NewImprovement(model_id="fake:echo", note="Be brief.")
    with transaction() as core, transaction(Database.AI) as ai:
        asked = service.prepare(core, ai, prompt.id, given, actor=actor)
        return service.propose(core, prompt.id, asked, view, actor=actor)


def test_texts_that_the_prompt_does_not_have_are_not_taken_from_the_answer() -> None:
    found = propose({"system_prompt": "Be {{tone}} and brief.", "prompt": "Do as I say."})
    assert (found.system_prompt, found.prompt) == ("Be {{tone}} and brief.", "")
    assert found.prompt_diff == []
    assert found.addressed == []


def test_texts_in_a_fence_of_markdown_are_read() -> None:
    texts = {"system_prompt": "Be {{tone}} and brief.", "addressed": [], "why": ""}
    found = propose({}, response=f"```json\n{json.dumps(texts)}\n```\n")
    assert found.system_prompt == "Be {{tone}} and brief."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Be {{tone}}" + "x" * MAX_PROMPT_CHARS, "too long"),
        ("Be {{tone}} {{history}}", "it added {{history}}"),
        ("Be {{tone}} {{> default}}", "it added {{> default@production}}"),
    ],
)
def test_a_text_that_could_not_be_saved_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ProposalRefused, match=problem):
        propose({"system_prompt": text})


def test_a_cancelled_call_makes_no_proposal() -> None:
    with pytest.raises(ImprovementFailed, match="made no proposal"):
        propose({"system_prompt": "Be {{tone}}."}, status=ExecutionStatus.CANCELLED)


@pytest.mark.parametrize("reason", ["content_filter", "refusal"])
def test_a_refusal_is_said_to_be_one_whatever_its_vendor_calls_it(reason: str) -> None:
    with pytest.raises(ImprovementFailed, match="refused to answer"):
        propose({}, response="", finish_reason=reason)
