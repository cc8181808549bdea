"""Encode lines of exports so that they are valid UTF-8, and harmless in editors."""

import json
import re
from typing import Any

import msgspec

# U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069 reverse or break lines. Escaped, they
# mean the same to parsers of JSON, and are harmless in editors.
TURNS = re.compile(rb"\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]")


def json_line(line: dict[str, Any]) -> bytes:
    return (
        TURNS.sub(lambda found: f"\\u{ord(found[0].decode()):04x}".encode(), json_text(line))
        + b"\n"
    )


def json_text(given: object) -> bytes:
    try:
        return msgspec.json.encode(given)
    # msgspec refuses half a surrogate pair
    except UnicodeEncodeError:
        return encoded(json.dumps(given, ensure_ascii=False))


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # half a surrogate pair becomes a question mark
