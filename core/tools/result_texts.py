"""Results of tools as one line of JSON, so that a hostile text cannot pose as another message."""

import json
import re
from typing import Any

from pydantic_core import to_jsonable_python

MAX_RESULT_CHARS = 20_000
# Tags and special tokens of chat templates (`<|im_end|>`) could end the place of a result, as could
# control, format and separating characters. JSON has escapes for them, which its readers undo.
DOUBTFUL = re.compile(r"[<>]|[^\x20-\x7e]")


def result_text(value: object) -> str:
    """Return one line of JSON of at most MAX_RESULT_CHARS characters.

    A longer one becomes `{"truncated": true, "text"}`, the text being its beginning.
    """
    plain = to_jsonable_python(value, inf_nan_mode="null", serialize_unknown=True)
    text = _escaped(plain)
    if len(text) <= MAX_RESULT_CHARS:
        return text
    kept = json.dumps(plain, ensure_ascii=False)[:MAX_RESULT_CHARS]
    while len(cut := _escaped({"truncated": True, "text": kept})) > MAX_RESULT_CHARS:
        # An escaped character has up to six
        kept = kept[: len(kept) - max(1, (len(cut) - MAX_RESULT_CHARS) // 6)]
    return cut


def _escaped(value: Any) -> str:  # noqa: ANN401  any JSON value
    return DOUBTFUL.sub(_escape, json.dumps(value, ensure_ascii=False))


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in "<>":
        return f"\\u{ord(character):04x}"
    return character if character.isprintable() else json.dumps(character)[1:-1]
