"""Files that are known and cannot be imported yet: prompts, test cases, annotations; and texts that
are not tables.
"""

import re
from collections.abc import Callable

from core.imports.fields import words
from core.imports.formats import benchmark, turns
from core.imports.recognition import names
from core.imports.recognition.result import Recognition
from core.imports.recognition.samples import Object

OTHERWISE = "To import the rows as another type, change the file type."
YAML_PAIR = re.compile(r"^\s*(?:- )?[\w.\-'\"]+:(?:\s|$)")
MARKUP = re.compile(r"^(#{1,6} |[-*+] |\d+\. |> |```)")


def _unsupported(name: str, title: str, why: str) -> Recognition:
    return Recognition(format=name, title=title, not_yet=f"{why} {OTHERWISE}")


def _planned(name: str, title: str, what: str) -> Recognition:
    return _unsupported(
        name, title, f"{title}. Recognized, but not supported yet (planned with {what})."
    )


def _cases(name: str, title: str) -> Recognition:
    return _unsupported(name, title, f"{title}. It has no rows: import it under Datasets.")


def _prompts(name: str, title: str) -> Recognition:
    return _planned(name, title, "prompts")


# Text that is neither JSON nor a table


def prose(text: str) -> Recognition | None:
    """Return what a text is that is not a table; None where it may be one."""
    lines = [line for line in text.splitlines() if line.strip()]
    shown = [line for line in lines[:400] if not line.lstrip().startswith("#")]
    pairs = [line.partition(":")[0].strip("- '\"") for line in shown if YAML_PAIR.match(line)]
    keys = set(pairs)
    if {"prompts", "providers"} <= keys or ("tests" in keys and {"assert", "vars"} & keys):
        return _cases("promptfoo", "promptfoo configuration with test cases")
    if "class" in keys and {"metrics", "args"} & keys and len(pairs) > len(shown) * 0.5:
        return _cases("openai_evals_registry", "OpenAI evals registry")
    widths = [{line.count(delimiter) for line in lines[:20]} for delimiter in ",\t;"]
    if any(len(each) == 1 and each != {0} for each in widths):
        return None
    if len(pairs) > len(shown) * 0.6 and len(shown) > 1:
        return _unsupported(
            "yaml", "YAML", "YAML is not supported. Convert it to JSON, JSONL or CSV."
        )
    marked = sum(1 for line in lines if MARKUP.match(line.lstrip()))
    is_markdown = bool(lines) and marked >= max(2, len(lines) * 0.2)
    return (
        _prompts("markdown", "Markdown text, such as a prompt or an article")
        if is_markdown
        else None
    )


# Records


def unsupported(first: Object) -> Recognition | None:
    """Return what a file is whose first record is this, if it cannot be imported."""
    plain = {names.plain(name) for name in first} - {"key"}
    return next((found for fits, found in SIGNS if fits(plain, first)), None)


ANNOTATORS = set(words("annotator1 annotator2 annotation annotations annotator"))
LABELS = _planned("annotations", "Answer annotations", "annotations")
EXPECTED = set(
    words(
        "ideal target expected expected_output expected_answer reference_answer gold ground_truth"
    )
)
GIVEN = set(words("input question prompt messages query vars"))
INSTRUCTION = {"instruction", "prompt", "question", "input"}
PROMPT_COLUMNS = set(
    words("act prompt for_devs type name title description category tags contributor id author")
)
# Of what happened
LOGGED = set(
    words("timestamp created_at user_id session_id model conversation_id tokens total_tokens")
)
SUMMARY = "This benchmark has only averages and no single requests. Save it with --save-detailed."
LABEL_STUDIO = (
    "This export does not say which columns are annotations. Export the project as JSON instead of "
    "CSV, TSV or JSON-MIN."
)

SIGNS: tuple[tuple[Callable[[set[str], Object], bool], Recognition], ...] = (
    (
        lambda plain, _: {"webhook_id", "webhook_signature"} <= plain,
        _unsupported(
            "webhooks",
            "Signed webhook calls",
            "Webhook calls are not supported: they are not rows.",
        ),
    ),
    (
        lambda _, first: any(name.startswith("__expected") for name in first),
        _cases("promptfoo_cases", "promptfoo test cases"),
    ),
    (
        lambda plain, _: bool(plain & EXPECTED and plain & GIVEN),
        _cases("eval_cases", "Test cases with expected answers"),
    ),
    (
        lambda plain, first: (
            "prompt_template" in plain
            or ({"system_prompt", "name"} <= plain and turns.turns_in(first, depth=1) is None)
        ),
        _unsupported(
            "judge_prompts",
            "Judge prompts",
            "Judge prompts. They are no rows: create them under Prompts.",
        ),
    ),
    (
        lambda plain, first: "question_id" in plain and isinstance(first.get("turns"), list),
        _cases("questions", "Evaluation questions"),
    ),
    (
        lambda plain, _: {"question_id", "choices"} <= plain,
        _cases("reference_answers", "Evaluation reference answers"),
    ),
    (
        lambda plain, _: "prompt" in plain and plain <= PROMPT_COLUMNS,
        _prompts("prompts", "A list of prompts"),
    ),
    (
        lambda plain, _: {"annotation_id", "annotator", "lead_time"} <= plain,
        _unsupported("label_studio_table", "Label Studio annotations in a table", LABEL_STUDIO),
    ),
    (lambda plain, _: bool(plain & ANNOTATORS and plain & INSTRUCTION), LABELS),
    (
        lambda plain, _: all(
            any(name.endswith(end) for name in plain) for end in ("_result", "_reason")
        ),
        LABELS,
    ),
    (
        lambda plain, _: (
            "instruction" in plain
            and bool(plain & {"input", "output", "response", "context", "motivation_app"})
        ),
        _cases("instructions", "Instructions with inputs or answers"),
    ),
    (
        lambda _, first: benchmark.is_summary(first),
        _unsupported("benchmark_summary", "A benchmark without single requests", SUMMARY),
    ),
    (
        lambda plain, _: (
            bool(plain & {"prompt", "instruction"}) and "completion" in plain and not plain & LOGGED
        ),
        _cases("completions", "Prompts with their completions"),
    ),
)
