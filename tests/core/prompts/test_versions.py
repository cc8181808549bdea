"""Every save is a version, and no version ever changes."""

from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from core.database.db import transaction
from core.errors import Invalid
from core.identity.schemas import Actor
from core.prompts.errors import (
    PromptChanged,
    PromptIncluded,
    PromptMissing,
    PromptNameTaken,
    PromptRefused,
    TooManyPrompts,
)
from core.prompts.queries import versions
from core.prompts.schemas import PromptChange
from core.prompts.service import prompts
from tests.factories.identity import person
from tests.factories.prompts import create, label, read, render, save


@pytest.fixture
def actor(database: object) -> Actor:
    return person().actor


def test_a_save_is_a_version_with_its_note_and_author(actor: Actor) -> None:
    made = create(actor, note="first", default_parameters={"temperature": 0.5})
    save(actor, made.id, prompt="Hello again", note="friendlier")
    save(actor, made.id, system_prompt="Be kind.")
    with transaction() as session:
        found = versions.list_versions(session, made.id, actor=actor)
    assert [
        (each.number, each.prompt, each.system_prompt, each.note, each.created_by_name)
        for each in found
    ] == [
        (3, "Hello again", "Be kind.", "", actor.name),
        (2, "Hello again", None, "friendlier", actor.name),
        (1, "Hello", None, "first", actor.name),
    ]
    assert {each.default_parameters.temperature for each in found} == {0.5}


def test_a_new_name_or_tag_alone_is_no_version(actor: Actor) -> None:
    made = create(actor)
    changed = save(actor, made.id, name="helper", tags=["A", "a"], visibility="public")
    assert (changed.version, changed.name, changed.tags) == (1, "helper", ["a"])


def test_a_chat_becomes_a_text_when_its_system_prompt_is_taken_away(actor: Actor) -> None:
    made = create(actor, system_prompt="Be kind.")
    assert save(actor, made.id, system_prompt=None).system_prompt is None


def test_who_edits_an_older_version_is_told(actor: Actor) -> None:
    made = create(actor)
    save(actor, made.id, prompt="two", base_version=1)
    with pytest.raises(PromptChanged):
        save(actor, made.id, prompt="three", base_version=1)
    assert read(actor, made.id).prompt == "two"


def test_a_name_is_taken_whatever_its_case(actor: Actor) -> None:
    create(actor, "support")
    with pytest.raises(PromptNameTaken):
        create(person().actor, "Support")
    other = create(actor, "other")
    with pytest.raises(PromptNameTaken):
        save(actor, other.id, name="SUPPORT")


@pytest.mark.parametrize(
    "content",
    [
        {"prompt": " "},
        {"prompt": "", "system_prompt": "  "},
        {"prompt": "a", "system_prompt": "{{history}}"},
        {"prompt": "a", "variables": [{"name": "a"}, {"name": "a"}]},
        {"prompt": "a", "variables": [{"name": "a", "type": "number", "default": "b"}]},
        {"prompt": "a", "variables": [{"name": "a", "default": "b", "rules": {"choices": ["c"]}}]},
        {"prompt": "a", "variables": [{"name": "a", "rules": {"choices": ["1", 2]}}]},
        {
            "prompt": "a",
            "variables": [{"name": "a", "type": "number", "rules": {"choices": ["1"]}}],
        },
        {"prompt": "a", "variables": [{"name": "a", "type": "array", "rules": {"choices": ["b"]}}]},
    ],
)
def test_what_could_never_be_rendered_is_not_saved(
    actor: Actor, content: dict[str, object]
) -> None:
    with pytest.raises(Invalid):
        create(actor, **content)  # type: ignore[arg-type]
    with pytest.raises(PromptMissing):
        read(actor, "support")


def test_a_deleted_prompt_is_gone_with_its_versions(actor: Actor) -> None:
    made = create(actor)
    label(actor, made.id, 1)
    with transaction() as session:
        prompts.delete_prompt(session, made.id, actor=actor)
    with pytest.raises(PromptMissing):
        render(actor, made.id)
    create(actor)


def test_a_prompt_that_others_include_stays(actor: Actor) -> None:
    made = create(actor, "tone")
    other = create(actor, prompt="{{> tone@latest}}")
    with pytest.raises(PromptIncluded, match="Included by support"), transaction() as session:
        prompts.delete_prompt(session, made.id, actor=actor)
    save(actor, other.id, prompt="no more")
    with transaction() as session:
        prompts.delete_prompt(session, made.id, actor=actor)


def test_a_prompt_that_is_being_included_is_not_deleted(actor: Actor) -> None:
    # Deleted between the check and the commit, it left a prompt that could not be rendered
    tone, other = create(actor, "tone"), create(actor)

    def delete() -> None:
        with transaction() as session:
            prompts.delete_prompt(session, tone.id, actor=actor)

    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            change = PromptChange(prompt="{{> tone@latest}}")
            prompts.change_prompt(session, other.id, change, actor=actor)
            deleting = pool.submit(delete)
            wait([deleting], timeout=1)
        with pytest.raises(PromptIncluded):
            deleting.result(20)


def test_who_includes_a_prompt_is_named_only_to_those_who_see_it(actor: Actor) -> None:
    tone = create(actor, "tone", visibility="public")
    create(person().actor, "plan to fire you", prompt="{{> tone@latest}}")
    with pytest.raises(PromptIncluded, match="not shared with you"), transaction() as session:
        prompts.delete_prompt(session, tone.id, actor=actor)
    create(actor, prompt="{{> tone@latest}}")
    with pytest.raises(PromptIncluded) as refused:
        save(actor, tone.id, name="voice")
    assert refused.value.detail == "Included by support. Remove it from there first."


def test_a_prompt_that_others_include_keeps_its_name(actor: Actor) -> None:
    # They include it by its name, and each of their calls would be refused
    rules = create(actor, "rules", prompt="Be brief.")
    create(actor, "support", prompt="{{> rules@latest}} {{question}}")
    with pytest.raises(PromptIncluded, match="Included by support"):
        save(actor, rules.id, name="house rules")
    save(actor, rules.id, name="Rules", tags=("brief",))
    assert "Be brief." in render(actor, "support", variables={"question": "?"}).prompt


def test_an_account_has_a_thousand_prompts_at_most(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts, "MOST_PROMPTS", 1)
    create(actor)
    with pytest.raises(TooManyPrompts):
        create(actor, "second")


def test_a_prompt_needs_a_text(actor: Actor) -> None:
    with pytest.raises(PromptRefused, match="Enter a prompt"):
        create(actor, prompt="")
