"""What is known, and cannot be imported yet: prompts, test cases, annotations; and texts that are no tables."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.imports.formats import benchmark, turns
from core.imports.recognition import names

Object = dict[str, Any]
OTHERWISE = "To import the rows as another type, change the file type."
LATER = "Recognized, but not supported yet (planned with {what})."


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
        return later("promptfoo", "promptfoo configuration with test cases", "datasets and evaluations")
    if "class" in keys and ("metrics" in keys or "args" in keys) and pairs > len(shown) * 0.5:
        return later("openai_evals_registry", "OpenAI evals registry", "datasets and evaluations")
    if pairs > len(shown) * 0.6 and len(shown) > 1 and not _is_tabular(lines):
        return NotYet("yaml", "YAML", "YAML is not supported. Convert it to JSON, JSONL or CSV.")
    marked = sum(1 for line in lines if MARKUP.match(line.lstrip()))
    if lines and marked >= max(2, len(lines) * 0.2) and not _is_tabular(lines):
        return later("markdown", "Markdown text, such as a prompt or an article", "prompts")
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
    "Signed webhook calls",
    "Webhook calls are not supported: they are not rows.",
)
ANNOTATORS = {"annotator1", "annotator2", "annotation", "annotations", "annotator"}
LABELS = later("annotations", "Answer annotations", "annotations")
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
SUMMARY = "This benchmark has only averages and no single requests. Save it with --save-detailed."


Test = Callable[[set[str], Object], bool]
SIGNS: tuple[tuple[Test, NotYet], ...] = (
    (lambda found, _: {"webhook_id", "webhook_signature"} <= found, WEBHOOKS),
    (lambda _, first: any(name.startswith("__expected") for name in first), _cases("promptfoo_cases", "promptfoo test cases")),
    (
        lambda found, first: bool(found & EXPECTED) and bool(found & GIVEN) and not has_messages(first),
        _cases("eval_cases", "Test cases with expected answers"),
    ),
    (
        lambda found, _: {"chosen", "rejected"} <= found or {"preferred_output", "non_preferred_output"} <= found,
        _cases("preferences", "Pairs of preferred and rejected answers"),
    ),
    (
        lambda found, first: (
            "prompt_template" in found or ({"system_prompt", "name"} <= found and turns.turns_in(first, depth=1) is None)
        ),
        _prompts("judge_prompts", "Judge prompts"),
    ),
    (
        lambda found, first: "question_id" in found and isinstance(first.get("turns"), list),
        _cases("questions", "Evaluation questions"),
    ),
    (lambda found, _: {"question_id", "choices"} <= found, _cases("reference_answers", "Evaluation reference answers")),
    (lambda found, _: "prompt" in found and found <= PROMPT_COLUMNS, _prompts("prompts", "A list of prompts")),
    (lambda found, _: bool(found & ANNOTATORS) and bool(found & INSTRUCTION), LABELS),
    (lambda found, _: all(any(name.endswith(end) for name in found) for end in ("_result", "_reason")), LABELS),
    (
        lambda found, _: "instruction" in found and bool(found & {"input", "output", "response", "context", "motivation_app"}),
        _cases("instructions", "Instructions with inputs or answers"),
    ),
    (
        lambda _, first: benchmark.is_summary(first),
        NotYet("benchmark_summary", "A benchmark without single requests", SUMMARY),
    ),
    (
        lambda found, _: bool(found & {"prompt", "instruction"}) and "completion" in found and not found & ASIDE,
        _cases("completions", "Prompts with their completions"),
    ),
)
