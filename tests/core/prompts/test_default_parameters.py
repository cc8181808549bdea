"""The default parameters of a prompt, in calls with its own and with other models."""

from typing import Any

import pytest

from core.database.db import transaction
from core.identity.schemas import Actor
from core.prompts.calls import PromptExecution
from core.prompts.service.executions import resolve
from core.providers import capabilities
from core.providers.catalogue import model_view
from core.providers.schemas import Connection, ListedModel, Parameters, ProviderKind
from tests.factories.identity import person
from tests.factories.prompts import create
from tests.factories.providers import ANTHROPIC, OPENAI

DEFAULTS = {"temperature": 0.2, "top_p": 0.5, "reasoning_effort": "low", "max_tokens": 90}


@pytest.fixture
def actor(database: object) -> Actor:
    """Return the owner of a prompt with these defaults and a model that takes them all."""
    owner = person().actor
    create(owner, default_parameters=DEFAULTS, model_id="fake:echo")
    return owner


def sent(actor: Actor, **more: object) -> dict[str, Any]:
    """Return the parameters of a call of the prompt."""
    call = PromptExecution.model_validate({"template_id": "support", **more})
    with transaction() as session:
        return resolve(session, call, actor=actor).parameters.set_values()


def test_a_call_has_the_defaults_unless_it_names_others(actor: Actor) -> None:
    assert sent(actor) == DEFAULTS
    assert sent(actor, parameters={"temperature": 0}) == DEFAULTS | {"temperature": 0}


def test_another_model_gets_the_defaults_that_it_takes(actor: Actor) -> None:
    taken = {name: DEFAULTS[name] for name in ("temperature", "top_p", "max_tokens")}
    assert sent(actor, model_id="fake:plain") == taken
    own = {"reasoning_effort": "high"}  # which is refused before the call, as of any call
    assert sent(actor, model_id="fake:plain", parameters=own) == own


@pytest.mark.parametrize(
    ("kind", "name", "own", "expected"),
    [
        (OPENAI, "gpt-5", {}, {"max_tokens": 90, "reasoning_effort": "low"}),
        (ANTHROPIC, "claude-opus-4-1", {}, {"temperature": 0.2, "max_tokens": 90}),
        (ANTHROPIC, "claude-opus-4-1", {"top_p": 0.9}, {"top_p": 0.9, "max_tokens": 90}),
        (ANTHROPIC, "claude-opus-4-7", {}, {"max_tokens": 90, "reasoning_effort": "low"}),
    ],
)
def test_defaults_that_exclude_each_other_are_not_sent_together(
    kind: ProviderKind, name: str, own: dict[str, Any], expected: dict[str, Any]
) -> None:
    model = model_view(Connection("vendor", kind, None, "k"), ListedModel(name))
    merged = capabilities.with_defaults(
        Parameters.model_validate(own), Parameters.model_validate(DEFAULTS), model
    )
    assert merged.set_values() == expected
