"""The client's prompts are those that Attune renders, and stay while Attune is away."""

import time
from collections.abc import Iterator

import pytest

from attune_client import Client, PromptUnavailable
from core.identity.schemas import Actor, Role, Scope
from core.prompts.errors import VariablesRefused
from tests.core.prompts.test_escaping import ATTACKS
from tests.factories.identity import person
from tests.factories.keys import api_key
from tests.factories.prompts import create, label, render, save
from tests.ports import free_port

HISTORY = [{"role": "user", "content": "hi"}]
TEMPLATE = (
    '<a href="{{x}}"><document>{{x}}{{y}}</document></a>\n```\n{{x}}{{y}}\n```\n"""{{x}}"""'
    " \\{{x}} {{z}} '{{y}}'"
)


@pytest.fixture
def owner(database: object) -> Actor:
    return person(Role.ADMIN).actor


@pytest.fixture
def program(address: str, owner: Actor) -> Iterator[Client]:
    key = api_key(Scope.EXECUTE).key
    with Client(address, key, prompt_refresh_s=0.05, exit_timeout_s=0) as client:
        yield client


def publish(owner: Actor, name: str = "support", **content: object) -> None:
    made = create(owner, name, visibility="public", **content)  # type: ignore[arg-type]
    label(owner, made.id, 1)


@pytest.mark.parametrize("attack", [each for each in ATTACKS if "\0" not in each])
def test_every_value_is_escaped_as_attune_escapes_it(
    program: Client, owner: Actor, attack: str
) -> None:
    if "\ud800" in attack:
        return
    variables = [{"name": "z", "type": "array", "default": ["a"]}]
    publish(owner, prompt=TEMPLATE, system_prompt=TEMPLATE, variables=variables)
    found = program.prompt("support", x=attack, y="/document>")
    expected = render(owner, "support", variables={"x": attack, "y": "/document>"})
    assert (found.system, found.text) == (expected.system_prompt, expected.prompt)


def test_it_has_its_model_parameters_includes_and_history(program: Client, owner: Actor) -> None:
    publish(owner, "tone", prompt="Be {{tone}}.", variables=[{"name": "tone", "default": "kind"}])
    publish(
        owner,
        system_prompt="{{> tone}}",
        prompt="Before.\n{{history}}\n{{question}}",
        model_id="fake:echo",
        default_parameters={"temperature": 0.5},
    )
    found = program.prompt("support", question="why?")
    assert (found.model, found.parameters) == ("fake:echo", {"temperature": 0.5})
    assert found.reference == {"name": "support", "version": 1}
    assert found.messages(HISTORY) == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Before."},
        *HISTORY,
        {"role": "user", "content": "why?"},
    ]


def test_a_variable_may_have_the_name_of_an_argument(program: Client, owner: Actor) -> None:
    # By keyword alone, `label` or `class` could not be passed
    publish(owner, prompt="{{label}} {{name}} {{variables}} {{other}}")
    named = {"label": "a", "name": "b", "variables": "c"}
    assert program.prompt("support", variables=named, other="d").text == "a b c d"


def test_a_value_that_is_missing_is_named(program: Client, owner: Actor) -> None:
    publish(owner, prompt="{{question}}")
    with pytest.raises(ValueError, match="question"):
        program.prompt("support")


@pytest.mark.parametrize("default", [None, "friend"])
def test_an_optional_value_of_none_is_empty_as_in_attune(
    program: Client, owner: Actor, default: str | None
) -> None:
    variables = [{"name": "who", "required": False, "default": default}]
    publish(owner, prompt="Hi {{who}}", variables=variables)
    expected = render(owner, "support", variables={"who": None}).prompt
    assert program.prompt("support", who=None).text == expected == "Hi "


@pytest.mark.parametrize("variables", [[], [{"name": "who", "default": "friend"}]])
def test_a_required_value_of_none_is_missing_as_in_attune(
    program: Client, owner: Actor, variables: list[dict[str, str]]
) -> None:
    publish(owner, prompt="Hi {{who}}", variables=variables)
    with pytest.raises(VariablesRefused, match="who"):
        render(owner, "support", variables={"who": None})
    with pytest.raises(ValueError, match="who"):
        program.prompt("support", who=None)


def test_a_moved_label_arrives_in_the_background(program: Client, owner: Actor) -> None:
    made = create(owner, prompt="one", visibility="public")
    label(owner, made.id, 1)
    assert program.prompt("support").text == "one"
    save(owner, made.id, prompt="two")
    label(owner, made.id, 2)
    until = time.monotonic() + 20
    while program.prompt("support").text != "two":
        assert time.monotonic() < until
        time.sleep(0.02)


def test_the_last_good_text_stays_while_attune_is_away(program: Client, owner: Actor) -> None:
    publish(owner, prompt="one")
    assert program.prompt("support").text == "one"
    transport = program._prompts._fetch.args[0]  # type: ignore[attr-defined]  # noqa: SLF001
    transport._url = f"http://127.0.0.1:{free_port()}"  # noqa: SLF001  as if it were stopped
    for _ in range(5):
        time.sleep(0.1)
        assert program.prompt("support").text == "one"


@pytest.mark.parametrize(("name", "words"), [("nothing", "No prompt"), ("default", "no label")])
def test_what_was_never_read_is_unavailable_and_says_why(
    program: Client, name: str, words: str
) -> None:
    with pytest.raises(PromptUnavailable, match=words):
        program.prompt(name, label="production" if name == "nothing" else "nowhere")
