"""A rewritten text keeps its placeholders, and what delimits them."""

import pytest

from core.improvements.placeholders import problem_of

OLD = 'Be {{tone}}.\n{{> rules@production}}\n<text>{{text}}</text>\nSay "{{word}}".'


def test_a_text_that_keeps_its_placeholders_has_no_problem() -> None:
    assert problem_of(OLD, OLD) is None
    new = 'Be brief and {{tone}}.\n<text>\n{{ text }}\n</text>\n{{> rules}}\nNot "{{word}}".'
    assert problem_of(OLD, new) is None


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("{{tone}}", "tone", "it left out {{tone}}"),
        ("{{> rules@2}}", "{{> rules@3}}", "it left out {{> rules@2}}"),
        ("{{history}}a", "a", "it left out {{history}}"),
        ("a", "a {{more}} {{> x}}", "it added {{> x@production}}, {{more}}"),
        ("<t>{{a}}</t>", "t: {{a}}", "it removed the delimiters around {{a}}"),
        ("<t>{{a}}</t>", "<t>{{a}}</t> {{a}}", "it removed the delimiters around {{a}}"),
        ('"{{a}}"', "{{a}}", "it removed the delimiters around {{a}}"),
        ("```\n{{a}}\n```", "{{a}}", "it removed the delimiters around {{a}}"),
        ("{{a}}", "<t>{{a}}</t>", None),
    ],
)
def test_what_a_text_does_to_placeholders_is_said(old: str, new: str, problem: str | None) -> None:
    assert problem_of(old, new) == problem
