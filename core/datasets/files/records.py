"""Lines of JSON and rows of tables, each of which is a case: samples of OpenAI evals and Inspect,
questions, pairs, completions, instructions and chats.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from core.datasets.files.parsed import ParsedCases, ReferenceAnswer
from core.datasets.import_schemas import CaseFormat
from core.scoring.schemas import ContainsScorer

Json = Mapping[str, Any]
Record = tuple[int, Json]
Fields = dict[str, Any]

INPUTS = ("input", "question", "prompt", "query", "instruction", "user", "text", "message")
ANSWERS = (
    "ideal",
    "target",
    "expected",
    "expected_output",
    "expected_answer",
    "reference_answer",
    "reference",
    "gold",
    "ground_truth",
    "answer",
    "best_answer",
    "output",
    "response",
    "completion",
)
CONTEXTS = ("context", "contexts", "documents", "metadata")
TAG_FIELDS = ("tags", "category", "topic")
ID_FIELDS = ("id", "question_id", "external_id")
SPEAKERS = {"human": "user", "gpt": "assistant", "bot": "assistant", "developer": "system"}
MAX_SCORED_CHARS = 200  # of an answer that another must contain


class CaseRecordRefused(Exception):
    """This record is no case; the text says why."""


def format_of(first: Json) -> CaseFormat | None:
    """Return the format of a file whose first record is this, or None."""
    return next((form for form, is_it in SIGNS if is_it(first)), None)


def read(form: CaseFormat, records: Iterable[Record]) -> ParsedCases:
    """Return the cases of records with their line numbers, and name those that are none."""
    parsed = ParsedCases(form)
    unread: set[str] = set()
    for line, record in records:
        try:
            if form is CaseFormat.REFERENCE_ANSWERS:
                parsed.answers.append(_answers(line, record))
                continue
            if form is CaseFormat.JUDGE_PROMPTS:
                raise CaseRecordRefused("A judge's prompt is not a case. Create it under Prompts.")
            fields, read_names = READERS[form](record)
        except CaseRecordRefused as error:
            parsed.leave_out(line, _named(line, record), f"Not imported: {error}")
            continue
        # A name in YAML may be a number
        for name in sorted({str(name) for name in record} - read_names - unread):
            unread.add(name)
            parsed.leave_out(line, f"field {name}", "This field is not imported, here and below.")
        parsed.add(line, _named(line, record), **fields)
    return parsed


def _named(line: int, record: Json) -> str:
    id_ = next((record[name] for name in ID_FIELDS if record.get(name) is not None), None)
    return f"Line {line}" if id_ is None else f"Line {line}, ID {id_}"


def _sample(record: Json) -> tuple[Fields, set[str]]:
    """Read a question with an expected answer, if it has one."""
    name = next((name for name in INPUTS if record.get(name)), None)
    if name is None:
        raise CaseRecordRefused("It has no question.")
    answer = next((each for each in ANSWERS if record.get(each) not in (None, "")), None)
    fields = {"messages": _messages(record[name]), **_expected(record.get(answer or ""))}
    read_names = {name, *([answer] if answer else [])}
    if isinstance(record.get("choices"), list):
        listed = [f"{chr(65 + n)}) {each}" for n, each in enumerate(record["choices"][:26])]
        fields["messages"][-1]["content"] += "\n\n" + "\n".join(listed)
        fields["assertions"] = []  # a letter is contained in nearly any answer
        read_names.add("choices")
    if isinstance(record.get("system"), str) and record["system"].strip():
        fields["messages"].insert(0, {"role": "system", "content": record["system"]})
        read_names.add("system")
    return _with_facts(fields, read_names, record)


def _expected(answer: object) -> Fields:
    """Return the reference, and for a short one the scorer that looks for it in an answer."""
    answers = [_text(each) for each in (answer if isinstance(answer, list) else [answer])]
    found = [each.strip() for each in answers if each.strip()]
    if not found:
        return {}
    is_short = len(found) <= 50 and all(len(each) <= MAX_SCORED_CHARS for each in found)
    scorer = ContainsScorer(values=tuple(found), match="any") if is_short else None
    return {"reference": found[0], "assertions": [scorer] if scorer else []}


def _questions(record: Json) -> tuple[Fields, set[str]]:
    """Read a question in several turns."""
    turns = record.get("turns")
    if not isinstance(turns, list) or not all(isinstance(each, str) for each in turns):
        raise CaseRecordRefused("Its turns are not texts.")
    messages = [{"role": "user", "content": turn} for turn in turns]
    reference = record.get("reference")
    fields: Fields = {"messages": messages}
    read_names = {"turns"}
    if isinstance(reference, list) and reference and all(isinstance(it, str) for it in reference):
        fields["reference"] = reference[-1]
        read_names.add("reference")
    return _with_facts(fields, read_names, record)


def _pair(record: Json) -> tuple[Fields, set[str]]:
    """Read a preference: TRL's `chosen` and `rejected`, or OpenAI's outputs."""
    if "preferred_output" in record:
        inner = record.get("input")
        prompt = inner.get("messages") if isinstance(inner, Mapping) else inner
        names = ("input", "preferred_output", "non_preferred_output")
        chosen, rejected = record["preferred_output"], record.get("non_preferred_output")
    else:
        name = next((name for name in INPUTS if record.get(name)), "prompt")
        prompt, names = record.get(name), (name, "chosen", "rejected")
        chosen, rejected = record.get("chosen"), record.get("rejected")
    if not prompt and isinstance(chosen, list):  # both answers have the whole conversation
        prompt = chosen[:-1]
    fields = {
        "messages": _messages(prompt),
        "reference": _last(chosen) or None,
        "rejected": _last(rejected) or None,
    }
    return _with_facts(fields, {*names}, record)


def _instruction(record: Json) -> tuple[Fields, set[str]]:
    """Read an instruction with its input, and the answer."""
    asked = [_text(record.get(name)) for name in ("instruction", "input")]
    answer = next((name for name in ANSWERS if record.get(name)), None)
    messages = [{"role": "user", "content": "\n\n".join(filter(None, asked))}]
    fields: Fields = {"messages": messages}
    if answer is not None:
        fields["reference"] = _text(record[answer])
    system = _text(record.get("system"))
    if system:
        messages.insert(0, {"role": "system", "content": system})
    names = {"instruction", "input", "system", *([answer] if answer else [])}
    return _with_facts(fields, names, record)


def _chat(record: Json) -> tuple[Fields, set[str]]:
    """Read a chat: its last answer is the reference, what is before it the question."""
    name = "messages" if "messages" in record else "conversations"
    messages, reference = _messages(record.get(name)), None
    if messages and messages[-1]["role"] == "assistant":
        reference = messages.pop()["content"]
    fields: Fields = {"messages": messages}
    if reference:
        fields["reference"] = reference
    return _with_facts(fields, {name}, record)


def _with_facts(fields: Fields, read_names: set[str], record: Json) -> tuple[Fields, set[str]]:
    """Add context, tags and ID of a record."""
    context = {
        name: record[name] for name in CONTEXTS if record.get(name) and name not in read_names
    }
    if context:
        only = context.get("context") or context.get("metadata")
        fields["context"] = only if len(context) == 1 and isinstance(only, dict) else context
    tags: list[str] = []
    for name in TAG_FIELDS:
        value = record.get(name)
        tags += [_text(each) for each in value] if isinstance(value, list) else [_text(value)]
    fields["tags"] = tuple(filter(None, tags))
    id_ = next((record[name] for name in ID_FIELDS if record.get(name) not in (None, "")), None)
    if id_ is not None:
        fields["external_id"] = _text(id_)[:200]
    return fields, read_names | {*CONTEXTS, *TAG_FIELDS, *ID_FIELDS}


def _answers(line: int, record: Json) -> ReferenceAnswer:
    choices, id_ = record.get("choices"), record.get("question_id")
    first = choices[0] if isinstance(choices, list) and choices else None
    turns = first.get("turns") if isinstance(first, Mapping) else None
    if not isinstance(turns, list) or not turns or id_ is None:
        raise CaseRecordRefused("It has no answers to turns.")
    return ReferenceAnswer(line, _text(id_), tuple(_text(turn) for turn in turns))


def _messages(value: object) -> list[dict[str, str]]:
    """Return a text as a question, or messages of OpenAI or ShareGPT."""
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    if not isinstance(value, list) or not value:
        raise CaseRecordRefused("It has no question.")
    found = []
    for each in value:
        if not isinstance(each, Mapping):
            raise CaseRecordRefused("A message is not an object.")
        role = str(each.get("role", each.get("from")))
        text = _text(each.get("content", each.get("value")))
        if each.get("tool_calls") and not text:
            raise CaseRecordRefused("It has calls of tools, which cases cannot have yet.")
        found.append({"role": SPEAKERS.get(role, role), "content": text})
    return found


def _last(value: object) -> str:
    """Return an answer: a text, a message, or the last of several messages."""
    last = value[-1] if isinstance(value, list) and value else value
    if isinstance(last, Mapping):
        last = last.get("content", last.get("value"))
    return _text(last)


def _text(value: object) -> str:
    """Return a value as text; parts of a message that are texts are joined."""
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(it, Mapping) and "text" in it for it in value):
        return "\n".join(str(it["text"]) for it in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


READERS: dict[CaseFormat, Callable[[Json], tuple[Fields, set[str]]]] = {
    CaseFormat.OPENAI_EVALS: _sample,
    CaseFormat.INSPECT: _sample,
    CaseFormat.COMPLETIONS: _sample,
    CaseFormat.QUESTIONS: lambda record: (_questions if "turns" in record else _sample)(record),
    CaseFormat.PREFERENCES: _pair,
    CaseFormat.INSTRUCTIONS: _instruction,
    CaseFormat.CHATS: _chat,
}


def _has(*names: str) -> Callable[[Json], bool]:
    return lambda first: all(name in first for name in names)


def _has_one(names: Sequence[str]) -> Callable[[Json], bool]:
    return lambda first: any(name in first for name in names)


# The first sign that fits decides, so those with more fields come first
SIGNS: tuple[tuple[CaseFormat, Callable[[Json], bool]], ...] = (
    (CaseFormat.REFERENCE_ANSWERS, _has("question_id", "choices")),
    (CaseFormat.JUDGE_PROMPTS, _has("prompt_template")),
    (CaseFormat.PREFERENCES, _has("chosen", "rejected")),
    (CaseFormat.PREFERENCES, _has("preferred_output", "non_preferred_output")),
    (CaseFormat.QUESTIONS, _has("turns")),
    (CaseFormat.OPENAI_EVALS, _has("input", "ideal")),
    (CaseFormat.INSPECT, _has("input", "target")),
    (CaseFormat.INSTRUCTIONS, _has("instruction")),
    (CaseFormat.COMPLETIONS, _has("prompt", "completion")),
    (CaseFormat.CHATS, _has_one(("messages", "conversations"))),
    (CaseFormat.QUESTIONS, _has_one(INPUTS)),
)
