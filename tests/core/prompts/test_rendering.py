"""A prompt with values in place: system, earlier messages, user text."""

import tracemalloc

import pytest

from core.database.db import transaction
from core.errors import Failure
from core.identity.schemas import Actor
from core.prompts.calls import RenderRequest
from core.prompts.errors import (
    IncludeRefused,
    LabelMissing,
    PromptMissing,
    PromptTooLarge,
    VariablesRefused,
    VersionMissing,
)
from core.prompts.queries.rendering import render as render_in
from core.prompts.schemas import PromptVariable, VariableRules, VariableType
from core.prompts.template.values import problem_of
from core.providers.schemas import ChatMessage, MessageRole
from tests.factories.identity import person
from tests.factories.prompts import create, label, render, save

EARLIER = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]


@pytest.fixture
def actor(database: object) -> Actor:
    return person().actor


def test_values_stand_where_their_variables_are(actor: Actor) -> None:
    create(actor, prompt="{{ a }}{{b}} {{a}} {{not a name}} {not} \\{{a}} {{}}")
    found = render(actor, "SUPPORT", variables={"a": "1", "b": "2"})
    assert found.prompt == "12 1 {{not a name}} {not} {{a}} {{}}"


def test_what_is_no_text_is_written_as_json(actor: Actor) -> None:
    kinds = {"n": "number", "b": "boolean", "l": "array", "o": "object"}
    declared = [{"name": name, "type": kind} for name, kind in kinds.items()]
    create(actor, prompt="{{n}} {{b}} {{l}} {{o}}", variables=declared)
    values = {"n": 1.5, "b": True, "l": ["ä", 1], "o": {"k": None}}
    assert render(actor, "support", variables=values).prompt == '1.5 true ["ä", 1] {"k": null}'


def test_earlier_messages_stand_where_history_is(actor: Actor) -> None:
    create(actor, system_prompt="Be {{tone}}.", prompt="Context.\n{{history}}\n{{question}}")
    found = render(
        actor, "support", variables={"tone": "kind", "question": "why?"}, messages=EARLIER
    )
    assert found.system_prompt == "Be kind."
    assert [(message.role, message.content) for message in found.messages] == [
        ("user", "Context."),
        ("user", "hi"),
        ("assistant", "hello"),
    ]
    assert found.prompt == "why?"


def test_without_a_place_for_history_earlier_messages_come_first(actor: Actor) -> None:
    create(actor, prompt="why?")
    found = render(actor, "support", messages=EARLIER)
    assert found.messages == [
        ChatMessage(role=MessageRole.USER, content="hi"),
        ChatMessage(role=MessageRole.ASSISTANT, content="hello"),
    ]
    assert found.system_prompt is None


def test_a_whole_number_may_be_longer_than_a_float_can_hold() -> None:
    number = PromptVariable(name="n", type=VariableType.NUMBER)
    assert problem_of(number, 10**400) is None
    small = number.model_copy(update={"rules": VariableRules(maximum=5)})
    assert problem_of(small, 10**400) == "Must be at most 5."
    assert problem_of(number, float("inf")) == "Must be a number."
    assert problem_of(number, value=True) == "Must be a number."


def test_a_limit_of_many_digits_is_written_in_full() -> None:
    days = VariableRules(maximum=20261231)
    number = PromptVariable(name="n", type=VariableType.NUMBER, rules=days)
    assert problem_of(number, 20261232) == "Must be at most 20261231."
    share = number.model_copy(update={"rules": VariableRules(minimum=0.1)})
    assert problem_of(share, 0) == "Must be at least 0.1."
    text = PromptVariable(name="t", rules=VariableRules(max_length=1_000_000))
    assert problem_of(text, "x" * 1_000_001) == "Must be at most 1000000 characters."


def test_each_variable_has_its_own_error(actor: Actor) -> None:
    declared = [
        {"name": "short", "rules": {"max_length": 3}},
        {"name": "long", "rules": {"min_length": 3}},
        {"name": "number", "type": "number"},
        {"name": "high", "type": "number", "rules": {"maximum": 5}},
        {"name": "low", "type": "number", "rules": {"minimum": 5}},
        {"name": "choice", "rules": {"choices": ["a", "b"]}},
        {"name": "pattern", "rules": {"pattern": "[0-9]+"}},
        {"name": "items", "type": "array", "rules": {"min_length": 1}},
        {"name": "flag", "type": "boolean"},
        {"name": "object", "type": "object"},
        {"name": "missing"},
    ]
    create(actor, prompt="{{short}} {{undeclared}}", variables=declared)
    values = {
        "short": "four",
        "long": "a",
        "number": "1",
        "high": 6,
        "low": True,
        "choice": "c",
        "pattern": "12a",
        "items": [],
        "flag": 1,
        "object": [],
        "typo": "x",
    }
    with pytest.raises(VariablesRefused) as refused:
        render(actor, "support", variables=values)
    problems = {each["field"]: each["message"] for each in refused.value.facts["errors"]}  # type: ignore[attr-defined]
    assert problems == {
        "variables.typo": "No such variable in this prompt.",
        "variables.undeclared": "A value is required.",
        "variables.short": "Must be at most 3 characters.",
        "variables.long": "Must be at least 3 characters.",
        "variables.number": "Must be a number.",
        "variables.high": "Must be at most 5.",
        "variables.low": "Must be a number.",
        "variables.choice": "Must be one of: a, b.",
        "variables.pattern": "Must match [0-9]+.",
        "variables.items": "Must be at least 1 items.",
        "variables.flag": "Must be true or false.",
        "variables.object": "Must be an object.",
        "variables.missing": "A value is required.",
    }


def test_a_variable_that_is_not_required_may_be_left_out(actor: Actor) -> None:
    declared = [{"name": "a", "required": False}, {"name": "b", "default": "B"}]
    create(actor, prompt="{{a}}|{{b}}", variables=declared)
    assert render(actor, "support").prompt == "|B"


def test_context_fills_variables_and_may_hold_more(actor: Actor) -> None:
    create(actor, prompt="{{a}} {{b}}")
    context = {"a": "from context", "b": "too", "order": 7}
    found = render(actor, "support", variables={"b": "own"}, context=context)
    assert found.prompt == "from context own"


def test_an_included_prompt_stands_in_place_with_its_own_variables(actor: Actor) -> None:
    declared = [{"name": "tone", "default": "kind"}]
    tone = create(actor, "tone", "Be {{tone}}.", variables=declared)
    label(actor, tone.id, 1)
    save(actor, tone.id, prompt="Be very {{tone}}.")
    for reference, text in (("", "Be kind."), ("@1", "Be kind."), ("@latest", "Be very kind.")):
        create(actor, f"a{reference[1:]}", f"{{{{> tone{reference}}}}} {{{{name}}}}")
        assert render(actor, f"a{reference[1:]}", variables={"name": "Ada"}).prompt == f"{text} Ada"


def test_the_outer_declaration_of_a_variable_counts(actor: Actor) -> None:
    create(actor, "tone", "{{tone}}", variables=[{"name": "tone", "default": "inner"}])
    declared = [{"name": "tone", "default": "outer"}]
    create(actor, prompt="{{> tone@latest}}", variables=declared)
    assert render(actor, "support").prompt == "outer"


def test_prompts_that_include_each_other_are_refused_when_the_circle_is_closed(
    actor: Actor,
) -> None:
    one = create(actor, "one", "text")
    create(actor, "two", "{{> one@latest}}")
    with pytest.raises(IncludeRefused, match="include each other: one@latest → two@latest → one@"):
        save(actor, one.id, prompt="{{> two@latest}}")
    with pytest.raises(IncludeRefused, match="include each other"):
        create(actor, "itself", "{{> itself@latest}}")


def test_a_label_cannot_close_a_circle(actor: Actor) -> None:
    two = create(actor, "two", "text")
    label(actor, two.id, 1)
    one = create(actor, "one", "{{> two}}")
    label(actor, one.id, 1)
    save(actor, one.id, prompt="text")
    save(actor, two.id, prompt="{{> one@latest}}")
    with pytest.raises(IncludeRefused, match="include each other"):
        label(actor, two.id, 2, "staging") and save(actor, one.id, prompt="{{> two@staging}}")


@pytest.mark.parametrize("text", ["{{> nothing}}", "{{> there@9}}", "{{> there@nowhere}}"])
def test_what_does_not_exist_is_not_included(actor: Actor, text: str) -> None:
    create(actor, "there")
    with pytest.raises(IncludeRefused, match="can't be included"):
        create(actor, prompt=text)


def test_nobody_includes_another_accounts_private_prompt(actor: Actor) -> None:
    create(person().actor, "secret", "the secret")
    with pytest.raises(IncludeRefused):
        create(actor, prompt="{{> secret@latest}}")


def test_prompts_that_double_at_each_level_fill_no_memory(actor: Actor) -> None:
    create(actor, "level0", "x" * 100)
    create(actor, "level1", "{{> level0@latest}}" * 60)
    create(actor, "level2", "{{> level1@latest}}" * 60)
    with pytest.raises(PromptTooLarge, match="over 10,000 parts"):
        create(actor, "level3", "{{> level2@latest}}" * 60)


def test_a_long_prompt_that_is_included_often_fills_no_memory(actor: Actor) -> None:
    create(actor, "long", "x" * 100_000)
    with pytest.raises(PromptTooLarge):
        create(actor, prompt="{{> long@latest}}" * 5000)


def test_a_prompt_whose_texts_no_call_could_send_is_refused_when_it_is_saved(
    actor: Actor,
) -> None:
    create(actor, "long", "x" * 100_000)
    with pytest.raises(PromptTooLarge):
        create(actor, prompt="{{> long@latest}}" * 31)


def test_tags_of_included_prompts_fill_no_memory(actor: Actor) -> None:
    # All marks of 20 million characters were kept at once: 1.3 GB
    create(actor, "tags", '<a>"b"' * 16_000)
    create(actor, prompt="{{> tags@latest}}" * 10 + "{{x}}")
    tracemalloc.start()
    try:
        render(actor, "support", variables={"x": "a"})
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    finally:
        tracemalloc.stop()


def test_a_value_that_is_used_often_fills_no_memory(actor: Actor) -> None:
    create(actor, prompt="{{a}}" * 4000)
    with pytest.raises(PromptTooLarge):
        render(actor, "support", variables={"a": "x" * 100_000})


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"version": 2}, VersionMissing),
        ({"label": "production"}, LabelMissing),
        ({"label": "9"}, VersionMissing),
    ],
)
def test_a_version_that_is_not_there_is_named(
    actor: Actor, request_: dict[str, object], error: type[Failure]
) -> None:
    create(actor)
    with pytest.raises(error):
        render(actor, "support", **request_)


def test_a_prompt_that_is_not_there_is_missing(actor: Actor) -> None:
    with pytest.raises(PromptMissing), transaction() as session:
        render_in(session, "nothing", RenderRequest(), actor=actor)
