"""Results of tools as JSON text that stays in its place, whatever it contains."""

import json
import re
from typing import Any

from pydantic_core import to_jsonable_python

MAX_RESULT_CHARS = 20_000
# What ends a place in some prompt format, or is invisible: tags and special tokens of chat
# templates (`<|im_end|>`), other control and format characters, separators of lines. JSON has
# escapes for all of them, and readers of JSON see no difference.
UNSAFE = re.compile(
    r"[<>\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff"
    r"\ud800-\udfff\ue000-\uf8ff\U000e0000-\U0010ffff]"
)


def of(value: object) -> str:
    """Return one line of JSON of at most MAX_RESULT_CHARS characters.

    A longer one becomes `{"truncated": true, "text"}`, the text being its beginning.
    """
    plain = to_jsonable_python(value, inf_nan_mode="null", serialize_unknown=True)
    text = _escaped(plain)
    if len(text) <= MAX_RESULT_CHARS:
        return text
    kept = json.dumps(plain, ensure_ascii=False)[:MAX_RESULT_CHARS]
    while len(cut := _escaped({"truncated": True, "text": kept})) > MAX_RESULT_CHARS:
        kept = kept[: len(kept) - max(1, (len(cut) - MAX_RESULT_CHARS) // 6)]
    return cut


def _escaped(value: Any) -> str:  # noqa: ANN401  any JSON value
    text = json.dumps(value, ensure_ascii=False)
    return UNSAFE.sub(
        lambda found: (
            json.dumps(found[0])[1:-1] if found[0] not in "<>" else f"\\u{ord(found[0]):04x}"
        ),
        text,
    )
