"""Turns of a dialogue under the field names of several formats: speaker and text.

Sources of the forms: ShareGPT `{"conversations": [{"from": "human|gpt|system|tool", "value"}]}`
(FastChat); OpenAI chat `{"messages": [{"role", "content", "tool_calls"?}]}`; Taskmaster
`{"utterances": [{"speaker", "text"}]}`; ABCD `{"original": [[speaker, text], ...]}`, where `action`
is what the agent's tool says; tau-bench `{"messages_display": "user: ..."}`, a turn a line, and
`{"traj": [...]}`; MultiWOZ `{"log": [{"text"}]}`, where the user begins.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from core.imports.cells import units, values
from core.imports.containers.paths import getter, within
from core.imports.fields import words
from core.imports.mapping import TIMES_BY_NAME, FieldRule, TurnPaths, ValueType
from core.imports.recognition import names

Turn = dict[str, Any]
Fits = Callable[[Any], bool]
USERS = words(
    "user human customer client usr prompter buyer seeker patient caller visitor guest "
    "question student"
)
ASSISTANTS = words(
    "assistant gpt bot agent ai model chatgpt bing bard claude sys chatbot wizard support "
    "operator seller advisor doctor representative rep answer llm copilot gpt4 gpt_4 teacher "
    "service helper expert admin"
)
SYSTEMS = words("system developer instruction context system_prompt")
TOOLS = words(
    "tool function action observation function_call function_response tool_response "
    "tool_result ipython environment api"
)
ROLES = (
    dict.fromkeys(USERS, "user")
    | dict.fromkeys(ASSISTANTS, "assistant")
    | dict.fromkeys(SYSTEMS, "system")
    | dict.fromkeys(TOOLS, "tool")
)
SPOKEN = re.compile(
    r"^(user|human|customer|client|assistant|agent|bot|ai|system|tool|function)\s*:\s?",
    re.IGNORECASE | re.MULTILINE,
)
ALTERNATING = ("log", "dialog", "dialogue", "utterances", "turns", "conversation", "dialogs")
WRAPPERS = ("message", "msg", "turn", "data")  # {"message": {"role", "content"}}
MOST_TURNS = 10_000


def turns_in(record: dict[str, Any], *, depth: int = 3) -> TurnPaths | None:
    """Return where the turns of a record are; None when it has none."""
    found = list(_ranked_turns(record, "", depth))
    return max(found, key=lambda each: each[0])[1] if found else None


def _ranked_turns(
    record: dict[str, Any], before: str, depth: int
) -> Iterator[tuple[int, TurnPaths]]:
    """Yield lists of turns, each with a score: known names first, then those further up and further
    to the front.
    """
    for place, (name, given) in enumerate(record.items()):
        path, value, plain = f"{before}{name}", values.decoded(given), names.plain(name)
        if (turns := _turns(path, plain, value)) is not None:
            yield 100 * (plain in names.TURNS) + 30 * depth - place, turns
        elif isinstance(value, dict) and depth > 1:
            yield from _ranked_turns(value, f"{path}.", depth - 1)


def _turns(path: str, name: str, value: Any) -> TurnPaths | None:  # noqa: ANN401  any JSON
    if isinstance(value, str):
        return (
            TurnPaths(path=path, role="role", text="content") if len(speakers(value)) > 1 else None
        )
    if not isinstance(value, list) or not value:
        return None
    if all(isinstance(each, dict) for each in value):
        return _of_objects(path, name, value)
    pairs = [
        each
        for each in value
        if isinstance(each, list) and len(each) == 2 and all(isinstance(part, str) for part in each)
    ]
    are_short = len(pairs) == len(value) and all(len(role) <= 40 for role, _ in pairs)
    if are_short and any(role.strip().lower() in ROLES for role, _ in pairs):
        return TurnPaths(path=path, role="0", text="1")
    return None


def _of_objects(path: str, name: str, value: list[Turn]) -> TurnPaths | None:
    every = {key: names.plain(key) for each in value[:50] for key in each}
    for key in (
        key
        for key, plain in every.items()
        if plain in WRAPPERS and isinstance(value[0].get(key), dict)
    ):
        inner = _of_objects(
            path, name, [each[key] for each in value if isinstance(each.get(key), dict)]
        )
        if inner is not None and inner.role is not None:
            return inner.model_copy(
                update={"role": f"{key}.{inner.role}", "text": f"{key}.{inner.text}"}
            )
    role = _key(every, names.ROLES, value, _names_a_role, 0.8)
    said = _key(every, names.TEXTS, value, _is_said, 0.01)
    if role is not None and said is not None and role != said:
        # Without an assistant, the system answers, as in dialogues of research.
        words = [values.word_of(each.get(role) or "") for each in value]
        is_answering = "system" in words[1:] and "assistant" not in map(ROLES.get, words)
        partners = {"system": "assistant"} if is_answering else {}
        return TurnPaths(
            path=path,
            role=role,
            text=said,
            id=_id(every, value),
            at=_time(every, value),
            roles=partners,
        )
    if said is not None and name in ALTERNATING and len(value) > 1 and len(every) <= 6:
        return TurnPaths(path=path, text=said)
    return None


def _key(
    every: dict[str, str], known: tuple[str, ...], value: list[Turn], fits: Fits, share: float
) -> str | None:
    """Return the first of the known names under which so many of the turns have what fits."""
    for name in known:
        for key, plain in every.items():
            if plain == name.rstrip("_"):
                told = [each[key] for each in value[:50] if not values.is_nothing(each.get(key))]
                if told and sum(1 for each in told if fits(each)) >= len(told) * share:
                    return key
    return None


def _names_a_role(value: Any) -> bool:  # noqa: ANN401  any JSON
    if isinstance(value, dict):
        return _names_a_role(value.get("role"))
    return isinstance(value, str) and values.word_of(value) in ROLES


def _is_said(value: Any) -> bool:  # noqa: ANN401  any JSON
    if isinstance(value, dict):
        return isinstance(value.get("parts"), list) or isinstance(value.get("text"), str)
    return isinstance(value, str) or (
        isinstance(value, list) and any(isinstance(part, dict | str) for part in value)
    )


def _id(every: dict[str, str], value: list[Turn]) -> str | None:
    for key, plain in every.items():
        if plain in ("id", "message_id", "msg_id", "utterance_id", "turn_id", "uuid"):
            told = [str(each[key]) for each in value if not values.is_nothing(each.get(key))]
            if len(told) == len(value) == len(set(told)) and all(len(each) <= 128 for each in told):
                return key
    return None


def _time(every: dict[str, str], value: list[Turn]) -> FieldRule | None:
    for name in names.TIME:
        for key, plain in every.items():
            told = [each[key] for each in value if not values.is_nothing(each.get(key))]
            unit = units.of_times(told) if plain == name and told else None
            if unit is not None and unit not in TIMES_BY_NAME:
                return FieldRule(path=key, as_=ValueType.TIME, unit=unit)
    return None


# Reading


def of_record(record: dict[str, Any], turns: TurnPaths) -> list[Turn]:
    """Return the turns of a record; a record that is one message is a turn itself."""
    return list_turns(record, turns) if turns.path else [record]


def list_turns(record: dict[str, Any], turns: TurnPaths) -> list[Turn]:
    """Return the turns of a record as objects, those of a text too."""
    given = values.decoded(getter(turns.path)(record))
    if isinstance(given, str):
        return [{"role": role, "content": said} for role, said in speakers(given)]
    if not isinstance(given, list):
        return []
    pairs = [
        {str(place): part for place, part in enumerate(each)} if isinstance(each, list) else each
        for each in given
    ]
    return [each if isinstance(each, dict) else {"content": each} for each in pairs]


def role_of(turn: Turn, turns: TurnPaths) -> Any:  # noqa: ANN401  any JSON
    """Return who speaks as the file writes it; of an author that is an object, the role or the
    name.
    """
    given = getter(turns.role)(turn) if turns.role else None
    return given.get("role", given.get("name")) if isinstance(given, dict) else given


def speakers(text: str) -> list[tuple[str, str]]:
    """Return who says what in a text that has one turn a line; a turn may go on over more lines."""
    starts = list(SPOKEN.finditer(text))
    if not starts or text[: starts[0].start()].strip():
        return []
    ends = [each.start() for each in starts[1:]] + [len(text)]
    said = [
        (start[1].lower(), text[start.end() : end].strip("\n"))
        for start, end in zip(starts, ends, strict=True)
    ]
    # What Python prints for a turn that calls a tool
    return [(role, "" if words == "None" else words) for role, words in said]


def text_and_calls(turn: Turn, path: str) -> tuple[str | None, list[dict[str, Any]]]:
    """Return the text of a turn and the calls of tools in it, whichever of the vendors' forms it
    has.
    """
    value = within(turn, path.split(".")) if path else None
    calls = _calls(turn)
    if isinstance(value, list):
        texts = [_part(part) for part in value]
        calls += [
            _call(part)
            for part in value
            if isinstance(part, dict) and part.get("type") in ("tool_use", "tool_call")
        ]
        return "\n".join(text for text in texts if text) or None, calls
    if isinstance(value, dict):  # ChatGPT's export: {"content_type", "parts"}
        parts = value.get("parts")
        given = parts if isinstance(parts, list) and parts else [parts, value.get("text")]
        return "\n".join(_part(part) or "" for part in given if part) or None, calls
    return (None if value is None else values.text(value)), calls


def _part(part: Any) -> str | None:  # noqa: ANN401  any JSON
    match part:
        case str():
            return part
        case {"text": str() as text} | {"content": str() as text}:
            return text
        case {"type": "tool_use" | "tool_call"}:
            return None
        case {"type": str() as kind}:
            return f"[{kind[:40]}]"
        case _:
            return None


def _calls(turn: Turn) -> list[dict[str, Any]]:
    given = values.decoded(
        turn.get("tool_calls") or ([turn["function_call"]] if turn.get("function_call") else None)
    )
    calls = given if isinstance(given, list) else []
    return [_call(each) for each in calls if isinstance(each, dict)][:200]


def _call(given: dict[str, Any]) -> dict[str, Any]:
    inner = given.get("function")
    function = inner if isinstance(inner, dict) else given
    call = {
        "id": given.get("id"),
        "name": str(function.get("name") or "")[:200],
        "arguments": values.decoded(function.get("arguments", function.get("input"))),
    }
    return {name: values.plain(value) for name, value in call.items() if value is not None}
