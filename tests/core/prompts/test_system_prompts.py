"""The system part of a prompt in a chat: variables of what it includes are its own."""

import pytest

from core.database.db import transaction
from core.identity.schemas import Actor
from core.prompts.calls import RenderRequest
from core.prompts.errors import VariablesRefused
from core.prompts.queries.system_prompts import list_system_variables, render_system_prompt
from core.prompts.queries.versions import read_version
from tests.factories.identity import person
from tests.factories.prompts import create, read


@pytest.fixture
def actor(database: object) -> Actor:
    return person().actor


def names(actor: Actor, reference: str) -> list[str]:
    with transaction() as session:
        version = read_version(session, read(actor, reference).id, None)
        return [each.name for each in list_system_variables(session, version, actor=actor)]


def system(actor: Actor, reference: str, **variables: object) -> str | None:
    request = RenderRequest.model_validate({"variables": variables})
    with transaction() as session:
        return render_system_prompt(session, reference, request, actor=actor).system_prompt


@pytest.mark.parametrize("part", ["system_prompt", "prompt"])
def test_a_required_variable_of_what_the_system_text_includes_is_asked_for(
    part: str, actor: Actor
) -> None:
    create(actor, "persona", prompt="Be {{tone}}.")
    texts = {"prompt": "{{question}}", part: "You are {{> persona@latest}}"}
    create(actor, **texts, variables=[{"name": "tone"}])
    assert names(actor, "support") == ["tone"]
    with pytest.raises(VariablesRefused, match="tone: A value is required"):
        system(actor, "support")
    assert system(actor, "support", tone="kind") == "You are Be kind."


def test_a_variable_of_the_user_text_alone_is_not_asked_for(actor: Actor) -> None:
    declared = [{"name": "tone"}, {"name": "question"}]
    create(actor, prompt="{{question}}", system_prompt="Be {{tone}}.", variables=declared)
    assert names(actor, "support") == ["tone"]
    assert system(actor, "support", tone="kind") == "Be kind."
