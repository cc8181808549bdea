"""Scripts of conversations: turns with alternatives and possible endings.

A line is `U:` for the user or `A:` for the assistant; lines of the same speaker in a row are
alternatives of one turn. `A tool:` says which tool is asked first, `A tool!:` that it does not
answer. `A2:` answers the user's second alternative only. `B:` is an alternative of the assistant
that is wrong. `D:` and `T:` are comments under a thumb down or up for the turn before, `E:` what it
ought to have been. The conversation may end at `--`; `== name` begins a way in which it may go on.
Within a text, `[this|that]` are alternatives and `{name}` is a fact.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

LINE = re.compile(r"^([UABDTE])([1-9])?(?: ([a-z.]+)(!)?)?: (.+)$")
CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
FACT = re.compile(r"\{(\w+)\}")
SPACES = re.compile(r" {2,}")
TWO_STOPS = re.compile(r"(?<!\.)\.\.(?!\.)")
BEFORE_A_MARK = re.compile(r" ([.,])")


@dataclass(frozen=True)
class Alternative:
    """One wording of a turn."""

    text: str
    tool: str | None = None
    tool_fails: bool = False
    is_wrong: bool = False
    answers: int | None = None  # the alternative of the user, from 0


@dataclass
class ScriptTurn:
    """A turn with its wordings and possible feedback."""

    by_user: bool
    ways: list[Alternative] = field(default_factory=list)
    thumbs_down: list[str] = field(default_factory=list)
    thumbs_up: list[str] = field(default_factory=list)
    edits: list[str] = field(default_factory=list)
    may_end: bool = False

    def ways_after(self, said: int | None) -> list[int]:
        """Return which alternatives fit after that alternative of the turn before."""
        fitting = [
            number
            for number, way in enumerate(self.ways)
            if way.answers == said and said is not None
        ]
        return (
            fitting
            or [number for number, way in enumerate(self.ways) if way.answers is None]
            or [0]
        )


@dataclass
class TalkScript:
    """The common first turns of a script, and its branches by name."""

    trunk: list[ScriptTurn] = field(default_factory=list)
    branches: dict[str, list[ScriptTurn]] = field(default_factory=dict)


def parse(text: str) -> TalkScript:
    """Parse a script; raise ValueError for invalid lines."""
    script = TalkScript()
    turns, is_new = script.trunk, True
    for line in filter(None, map(str.strip, text.splitlines())):
        if line == "--":
            turns[-1].may_end, is_new = True, True
        elif line.startswith("== "):
            turns, is_new = script.branches.setdefault(line[3:], []), True
        else:
            is_new = _take(turns, line, is_new=is_new)
    return script


def _take(turns: list[ScriptTurn], line: str, *, is_new: bool) -> bool:
    """Add a line to the turns; return whether the next one starts a new turn."""
    found = LINE.match(line)
    if found is None:
        raise ValueError(f"not a line of a conversation: {line}")
    mark, answers, tool, fails, text = found.groups()
    if mark in "DTE":
        {"D": turns[-1].thumbs_down, "T": turns[-1].thumbs_up, "E": turns[-1].edits}[mark].append(
            text
        )
        return True
    if is_new or turns[-1].by_user != (mark == "U"):
        turns.append(ScriptTurn(by_user=mark == "U"))
    turns[-1].ways.append(
        Alternative(
            text, tool, fails is not None, mark == "B", int(answers) - 1 if answers else None
        )
    )
    return False


def vary(text: str, random: Random) -> str:
    """Return a text with its alternatives chosen."""
    chosen = CHOICE.sub(lambda found: random.choice(found[1].split("|")), text)
    return TWO_STOPS.sub(".", BEFORE_A_MARK.sub(r"\1", SPACES.sub(" ", chosen))).strip()


def fill(text: str, facts: Mapping[str, str]) -> str:
    """Return a text with its facts; raise KeyError for an unknown one."""
    return FACT.sub(lambda found: facts[found[1]], text)
