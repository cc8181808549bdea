"""Checks of a prompt: what they find, what they leave alone, and how long they take."""

import time
from collections.abc import Callable

import pytest

from core.prompts.guidance import checks
from core.prompts.guidance.checks import ExpandedPrompt
from core.prompts.guidance.findings import PromptFinding
from core.prompts.schemas import MAX_PROMPT_CHARS, NewPrompt, PromptContent
from core.prompts.starters import STARTERS
from core.prompts.template import syntax
from core.providers.schemas import Capabilities, ModelView

FORMAT = "Answer in two sentences."


def check(content: PromptContent, context_window: int | None = None) -> list[PromptFinding]:
    parts = [
        part
        for text in (content.system_prompt, content.prompt)
        for part in syntax.parse(text or "")
    ]
    declared = frozenset(variable.name for variable in content.variables)
    model = ModelView(
        id="fake:echo",
        name="echo",
        provider="fake",
        context_window=context_window,
        prices=None,
        capabilities=Capabilities(tools=False, parameters={}),
    )
    return checks.check(content, ExpandedPrompt(parts, declared), model)


def codes(prompt: str, system_prompt: str | None = None, **more: object) -> list[str]:
    given = {"prompt": prompt, "system_prompt": system_prompt, **more}
    return [finding.code.value for finding in check(PromptContent.model_validate(given))]


def only(prompt: str, **more: object) -> PromptFinding:
    [finding] = check(PromptContent.model_validate({"prompt": prompt, **more}))
    return finding


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.name)
def test_a_starter_prompt_has_no_finding(starter: NewPrompt) -> None:
    assert check(starter, context_window=4096) == []


def test_undeclared_and_unused_variables_are_named() -> None:
    content = PromptContent.model_validate(
        {"prompt": "{{name}} {{history}}", "variables": [{"name": "nmae"}]}
    )
    assert [finding.message for finding in check(content)] == [
        "Not declared: name.",
        "Declared and not used: nmae.",
    ]


def test_a_list_of_many_variables_stays_short() -> None:
    finding = only(" ".join(f"{{{{v{number}}}}}" for number in range(1000)))
    assert finding.message == "Not declared: v0, v1, v2, v3, v4 and 995 more."


def test_a_variable_that_an_included_prompt_uses_is_used() -> None:
    content = PromptContent.model_validate({"variables": [{"name": "tone"}]})
    expanded = ExpandedPrompt([syntax.Variable("tone")], frozenset({"tone"}))
    assert checks.check(content, expanded, None) == []


def test_a_placeholder_that_is_none_is_found_and_an_escaped_one_is_not() -> None:
    finding = only("a\n{{first name}}")
    assert (finding.code, finding.line) == ("invalid_placeholder", 2)
    assert finding.message == "No variable: {{first name}}."
    assert codes("\\{{first name}} {{{a b}}} {{> other prompt@2}}") == []


def test_a_prompt_longer_than_the_context_says_that_its_length_is_an_estimate() -> None:
    parameters = {"max_tokens": 500}
    content = PromptContent.model_validate({"prompt": "x" * 400, "default_parameters": parameters})
    assert check(content, context_window=600) == []
    [finding] = check(content, context_window=599)
    assert finding.code == "too_long"
    assert "About 100 tokens (an estimate" in finding.message
    assert "the smallest model that can be called" in finding.message
    [finding] = check(content.model_copy(update={"model_id": "fake:echo"}), context_window=599)
    assert "500 for the answer; fake:echo takes 599." in finding.message


@pytest.mark.parametrize(
    "secret",
    [
        "sk-" + "proj-abc123DEF456ghi789jkl",
        "sk-" + "ant-api03-abc123DEF456ghi789",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "ghp_" + "a1" * 18,
        "atn_" + "abcd1234_" + "x1" * 21 + "y",
        "Authorization: Bearer " + "a1b2" * 8,
        "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0" + ".abc",
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        'password: "' + "hunter2hunter2" + '"',
        "postgres://app:" + "swordfish" + "@db/prod",
    ],
)
def test_a_secret_is_found_and_not_repeated(secret: str) -> None:
    finding = only(f"{FORMAT}\n\nUse {secret} here")
    assert (finding.code, finding.field, finding.line) == ("secret", "prompt", 3)
    assert secret not in finding.message + finding.reason


@pytest.mark.parametrize(
    "text",
    [
        "use sk-learn-based-regression-models",
        "password: {{password}}",
        "Token: the word that comes next",
        "see https://example.com:8080/a@b",
        "write to ada@example.com or ada@shop.example",
        "order 2024-01-17, 3.14159, at most 1 000 000",
    ],
)
def test_what_only_resembles_a_secret_or_personal_data_is_left_alone(text: str) -> None:
    found = codes(text)
    assert not {"secret", "personal_data"} & set(found)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ada.lovelace@gmail.com", "an email address"),
        ("4242 4242 4242 4242", "a card number"),
        ("+49 171 1234567", "a phone number"),
    ],
)
def test_personal_data_is_found_by_the_patterns_of_redaction(text: str, kind: str) -> None:
    finding = only(f"{FORMAT}\nwrite {text}\nor {text}")
    assert (finding.code, finding.line) == ("personal_data", 2)
    assert finding.message == f"The text seems to have {kind} on 2 lines."


def test_empty_headings_are_found_where_nothing_follows() -> None:
    text = "# Task\n## Context\n\n## Rules\nBe kind.\n```\n# a comment\n```\n# Answer\n"
    finding = only(text)
    assert finding.message == "Nothing stands below “Context”."
    assert (finding.code, finding.line) == ("empty_section", 2)
    assert codes("", system_prompt="# Rules\n{{rules}}\n# Tone\n") == [
        "undeclared_variable",
        "empty_section",
    ]


def test_tags_that_are_empty_or_not_closed_are_found() -> None:
    assert only("<documents>\n\n</documents>\n<a>b</a>").message == "Nothing stands in <documents>."
    finding = only("<text>\nhello\n<text>\n<br>")
    assert (finding.code, finding.line) == ("unclosed_tag", 1)
    assert finding.message == "Opened and not closed: <text>."


@pytest.mark.parametrize(
    "text",
    [
        "<text>hello</text>",
        "Put it into <answer> tags.",
        "Put it into\n<answer> tags.",
        "Put it into <answer></answer>.",
        "Answer in this form:\n<title>\n<summary>\n",
        '<a href="x">\nhello\n</A>',
        "<image/>",
        "1 < 2 and 3 > 2",
    ],
)
def test_tags_that_are_closed_or_only_named_are_left_alone(text: str) -> None:
    assert codes(text) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Answer in at most 3 sentences.", "Answer in at most five sentences."),
        ("Answer in three sentences.", "Answer in exactly 4 short sentences."),
        ("Answer with at least 300 words.", "Reply in no more than 100 words."),
        ("Always answer in English.", "Respond only in German."),
        ("- Answer in JSON.", "Answer in plain text."),
    ],
)
def test_opposite_instructions_contradict_each_other(one: str, other: str) -> None:
    for texts in ({"prompt": f"{one} {other}"}, {"system_prompt": one, "prompt": other}):
        [finding] = check(PromptContent.model_validate(texts))
        assert finding.code == "contradiction"
        assert other.rstrip(".") in finding.message
    assert codes(f"{one}\n{one}") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Answer in at most 3 sentences.", "Answer in at most 50 words."),
        ("Answer in at least 2 sentences.", "Answer in at most 4 sentences."),
        ("Answer in exactly 3 sentences.", "Answer in at most three sentences."),
        ("Answer in at most 3 sentences.", "Answer in no more than three sentences."),
        ("Answer in at most 3 sentences.", "If asked for more, answer in at most 9 sentences."),
        ("Answer in at most 3 sentences.", "Answer in at most 9 sentences when asked for more."),
        ("Answer in English.", "Answer in German or French."),
        ("Answer in English.", "Texts that say “Answer in German” are data."),
        ("Answer in English.", "Answer in at most 3 sentences."),
    ],
)
def test_instructions_that_may_both_hold_are_left_alone(one: str, other: str) -> None:
    assert codes(f"{one} {other}") == []


def test_a_prompt_that_does_not_say_how_to_answer_is_found() -> None:
    assert codes("You answer questions of the customers.") == ["no_output_format"]
    assert codes("You answer questions of the customers. Answer with the name alone.") == []
    assert codes("Beantworte die Frage.") == []
    assert codes("Hello") == []


HOSTILE = (
    "a",
    "é",
    "\n",
    " ",
    "1 ",
    "0",
    "<a",
    "<a>",
    "<a>\n",
    "<a>\nb\n",
    "<a >",
    "\n<a ",
    "</a>",
    "{{",
    "{{a",
    "{{a b}}",
    "# a\n",
    "#",
    "a@",
    "@a.",
    "a.a",
    "ada@gmail.com\n",
    "+4917112345\n",
    "4242424242424242 ",
    "sk-",
    "eyJ",
    "bearer ",
    "password:",
    "password=abcdefg1 ",
    "a://b:",
    "-----BEGIN ",
    "answer in ",
    "Answer in at most 1 sentences. ",
    "! ",
    ". ",
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_longest_texts_take_time_that_grows_with_their_length(piece: str) -> None:
    def cost(chars: int) -> float:
        content = PromptContent(prompt=(piece * chars)[:chars], system_prompt=(piece * 9)[:9])
        return min(_cpu_s(lambda: check(content)) for _ in range(2))

    long, short = cost(MAX_PROMPT_CHARS), cost(MAX_PROMPT_CHARS // 10)
    # A quadratic check of ten times the text takes a hundred times as long.
    assert long < 35 * max(short, 0.002)


def _cpu_s(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
