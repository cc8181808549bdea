"""The prompt `default` is the playground's system prompt, and Settings save versions of it."""

import pytest
from sqlalchemy import event

from core.database.connections import engines
from core.database.db import transaction
from core.identity.schemas import Actor
from core.prompts.errors import PromptRefused
from core.prompts.service.default_prompt import read_default_prompt
from core.system import workspace
from core.system.workspace import WorkspaceSettings
from tests.factories.identity import person
from tests.factories.playground import DEFAULT_PROMPT
from tests.factories.prompts import label, read, save


@pytest.fixture
def actor(database: object) -> Actor:
    return person().actor


def in_use(actor: Actor) -> str:
    with transaction() as session:
        return read_default_prompt(session, actor=actor)


def save_settings(actor: Actor, **changes: object) -> WorkspaceSettings:
    with transaction() as session:
        given = WorkspaceSettings.model_validate(changes)
        return workspace.change(session, given, actor=actor)


def test_at_first_it_is_attunes(actor: Actor) -> None:
    assert in_use(actor) == DEFAULT_PROMPT


@pytest.mark.parametrize("text", ["Be brief.", "Write {{name}} and \\{{b}} literally.", "{{> x}}"])
def test_a_text_from_settings_is_a_version_in_production(actor: Actor, text: str) -> None:
    assert save_settings(actor, default_prompt=text).default_prompt == text
    found = read(actor, "default")
    assert (found.version, found.labels[0].version, in_use(actor)) == (2, 2, text)


def test_the_same_text_again_is_no_version(actor: Actor) -> None:
    save_settings(actor, default_prompt=DEFAULT_PROMPT, stuck_after_days=5)
    assert read(actor, "default").version == 1


def test_a_version_counts_once_it_is_in_production(actor: Actor) -> None:
    prompt = read(actor, "default")
    save(actor, prompt.id, system_prompt="Be kind.")
    assert in_use(actor) == DEFAULT_PROMPT
    label(actor, prompt.id, 2)
    assert in_use(actor) == "Be kind."


@pytest.mark.parametrize(
    "changes",
    [
        {"system_prompt": "Be {{tone}}."},
        {"prompt": "a user text"},
        {"system_prompt": None, "prompt": "a user text"},
    ],
)
def test_what_the_playground_cannot_use_does_not_get_into_production(
    actor: Actor, changes: dict[str, object]
) -> None:
    prompt = save(actor, read(actor, "default").id, **changes)
    with pytest.raises(PromptRefused):
        label(actor, prompt.id, prompt.version)
    assert in_use(actor) == DEFAULT_PROMPT


def test_reading_the_settings_takes_three_statements(actor: Actor) -> None:
    # A fourth read labels and ratings that nobody is shown
    said: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        said.append(statement)

    engine = engines.current().core
    event.listen(engine, "before_cursor_execute", note)
    try:
        with transaction() as session:
            workspace.read(session, actor=actor)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(said) == 3
