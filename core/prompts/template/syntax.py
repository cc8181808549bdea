r"""Placeholders in a template's text.

`{{name}}` is a variable, `{{> prompt@label}}` includes another prompt, and `{{history}}` is where
the earlier messages of a conversation go. `\{{` is a literal `{{`. Everything else is text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

HISTORY = "history"
LATEST, DEFAULT_LABEL = "latest", "production"
VARIABLE_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,63}"
PROMPT_NAME = r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,126}[A-Za-z0-9]|[A-Za-z0-9]"
LABEL = r"[a-z][a-z0-9._-]{0,63}"
# Numbers of up to nine digits: more do not fit the column
REFERENCE = rf"{LABEL}|[1-9][0-9]{{0,8}}"
PLACEHOLDER = re.compile(
    rf"(?P<escaped>\\\{{\{{)"
    rf"|\{{\{{[ \t]*(?P<variable>{VARIABLE_NAME})[ \t]*\}}\}}"
    rf"|\{{\{{>[ \t]*(?P<prompt>{PROMPT_NAME})(?:@(?P<reference>{REFERENCE}))?[ \t]*\}}\}}"
)


@dataclass(frozen=True)
class Variable:
    """Where a variable's value goes."""

    name: str


@dataclass(frozen=True)
class Include:
    """Where the text of another prompt goes; `reference` is a label or a version's number."""

    prompt: str
    reference: str

    def __str__(self) -> str:
        """Return it as `name@reference`."""
        return f"{self.prompt}@{self.reference}"


Part: TypeAlias = str | Variable | Include


def parse(text: str) -> Iterator[Part]:
    """Yield the texts and placeholders of a template, in order."""
    end = 0
    for match in PLACEHOLDER.finditer(text):
        if match.start() > end:
            yield text[end : match.start()]
        yield _part(match)
        end = match.end()
    if end < len(text):
        yield text[end:]


def _part(match: re.Match[str]) -> Part:
    if match["variable"] is not None:
        return Variable(match["variable"])
    if match["prompt"] is not None:
        return Include(match["prompt"], match["reference"] or DEFAULT_LABEL)
    return "{{"


def variables_in(*texts: str | None) -> list[str]:
    """Return the names of the variables in texts, each once, in order of appearance."""
    parts = (part for text in texts if text for part in parse(text))
    names = (part.name for part in parts if isinstance(part, Variable))
    return [name for name in dict.fromkeys(names) if name != HISTORY]


def includes_in(*texts: str | None) -> list[Include]:
    """Return the prompts that texts include, each once, in order of appearance."""
    parts = (part for text in texts if text for part in parse(text))
    return list(dict.fromkeys(part for part in parts if isinstance(part, Include)))
