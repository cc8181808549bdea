"""What is known, and cannot be imported yet: prompts, test cases, annotations; and texts that are no tables."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.imports import names
from core.imports.formats import benchmark, turns

Object = dict[str, Any]
OTHERWISE = "To import its rows as something else, choose another file type."
LATER = "This file is recognised, and cannot be imported yet: that comes with {what}."


@dataclass(frozen=True)
class NotYet:
    """A known kind of file that nothing here can take yet."""

    format: str
    title: str
    words: str


def later(format_: str, title: str, what: str) -> NotYet:
    """Return what is said of a file that cannot be imported yet."""
    return NotYet(format_, title, f"{title}. {LATER.format(what=what)}")


# Text that is neither JSON nor a table

YAML_PAIR = re.compile(r"^\s*(?:- )?[\w.\-'\"]+:(?:\s|$)")
MARKUP = re.compile(r"^(#{1,6} |[-*+] |\d+\. |> |```)")


def prose(text: str) -> NotYet | None:
    """Return what a text is that is no table; None where it may be one."""
    lines = [line for line in text.splitlines() if line.strip()]
    shown = [line for line in lines[:400] if not line.lstrip().startswith("#")]
    keys = {line.partition(":")[0].strip("- '\"") for line in shown if YAML_PAIR.match(line)}
    pairs = sum(1 for line in shown if YAML_PAIR.match(line))
    if {"prompts", "providers"} <= keys or ("tests" in keys and {"assert", "vars"} & keys):
        return later("promptfoo", "A promptfoo configuration with test cases", "datasets and evaluations")
    if "class" in keys and ("metrics" in keys or "args" in keys) and pairs > len(shown) * 0.5:
        return later("openai_evals_registry", "A registry of OpenAI evals", "datasets and evaluations")
    if pairs > len(shown) * 0.6 and len(shown) > 1 and not _is_tabular(lines):
        return NotYet("yaml", "YAML", "This is YAML, which cannot be imported: write it as JSON, JSONL or CSV.")
    marked = sum(1 for line in lines if MARKUP.match(line.lstrip()))
    if lines and marked >= max(2, len(lines) * 0.2) and not _is_tabular(lines):
        return later("markdown", "A text in Markdown, such as a prompt or an article", "prompts")
    return None


def _is_tabular(lines: list[str]) -> bool:
    counts = [{len(line.split(separator)) for line in lines[:20]} for separator in (",", "\t", ";")]
    return any(len(each) == 1 and each != {1} for each in counts)


def not_yet(first: Object) -> NotYet | None:
    """Return what a file is whose first record is this, if nothing here can take it."""
    found = {names.plain(name) for name in first} - {"key"}
    return next((answer for fits, answer in SIGNS if fits(found, first)), None)


def has_messages(first: Object) -> bool:
    """Whether a record is plainly a conversation, whatever else it has."""
    return isinstance(first.get("messages"), list) and not {names.plain(name) for name in first} & EXPECTED


def _cases(format_: str, title: str) -> NotYet:
    return later(format_, title, "datasets and evaluations")


def _prompts(format_: str, title: str) -> NotYet:
    return later(format_, title, "prompts")


WEBHOOKS = NotYet(
    "webhooks",
    "Signed calls of webhooks",
    "These are calls of webhooks with their signatures, not rows: they cannot be imported.",
)
ANNOTATORS = {"annotator1", "annotator2", "annotation", "annotations", "annotator"}
LABELS = later("annotations", "Annotations of answers", "annotations")
EXPECTED = {"ideal", "target", "expected", "expected_output", "expected_answer", "reference_answer", "gold", "ground_truth"}
GIVEN = {"input", "question", "prompt", "messages", "query", "vars"}
INSTRUCTION = {"instruction", "prompt", "question", "input"}
PROMPT_COLUMNS = {
    "act",
    "prompt",
    "for_devs",
    "type",
    "name",
    "title",
    "description",
    "category",
    "tags",
    "contributor",
    "id",
    "author",
}
ASIDE = {"timestamp", "created_at", "user_id", "session_id", "model", "conversation_id", "tokens", "total_tokens"}
SUMMARY = (
    "This benchmark was saved without its details: it holds averages, and no request of its own. Save it with --save-detailed."
)


Test = Callable[[set[str], Object], bool]
SIGNS: tuple[tuple[Test, NotYet], ...] = (
    (lambda found, _: {"webhook_id", "webhook_signature"} <= found, WEBHOOKS),
    (lambda _, first: any(name.startswith("__expected") for name in first), _cases("promptfoo_cases", "Test cases of promptfoo")),
    (
        lambda found, first: bool(found & EXPECTED) and bool(found & GIVEN) and not has_messages(first),
        _cases("eval_cases", "Test cases with what is expected"),
    ),
    (
        lambda found, _: {"chosen", "rejected"} <= found or {"preferred_output", "non_preferred_output"} <= found,
        _cases("preferences", "Pairs of preferred and rejected answers"),
    ),
    (
        lambda found, first: (
            "prompt_template" in found or ({"system_prompt", "name"} <= found and turns.turns_in(first, depth=1) is None)
        ),
        _prompts("judge_prompts", "Prompts of a judge"),
    ),
    (
        lambda found, first: "question_id" in found and isinstance(first.get("turns"), list),
        _cases("questions", "Questions of an evaluation"),
    ),
    (lambda found, _: {"question_id", "choices"} <= found, _cases("reference_answers", "Reference answers of an evaluation")),
    (lambda found, _: "prompt" in found and found <= PROMPT_COLUMNS, _prompts("prompts", "A list of prompts")),
    (lambda found, _: bool(found & ANNOTATORS) and bool(found & INSTRUCTION), LABELS),
    (lambda found, _: all(any(name.endswith(end) for name in found) for end in ("_result", "_reason")), LABELS),
    (
        lambda found, _: "instruction" in found and bool(found & {"input", "output", "response", "context", "motivation_app"}),
        _cases("instructions", "Instructions with inputs or answers"),
    ),
    (
        lambda _, first: benchmark.is_summary(first),
        NotYet("benchmark_summary", "A benchmark without its single requests", SUMMARY),
    ),
    (
        lambda found, _: bool(found & {"prompt", "instruction"}) and "completion" in found and not found & ASIDE,
        _cases("completions", "Prompts with their completions"),
    ),
)
