"""Conversations of the demo: a situation for each, worded with the least used alternatives."""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from tools.demo.calendar import DAY, Calendar
from tools.demo.conversations.facts import facts
from tools.demo.conversations.script import Alternative, ScriptTurn, TalkScript, fill, parse, vary
from tools.demo.conversations.style import GREETED, fits_hour, in_style
from tools.demo.loaded import Situation, situations, table
from tools.demo.users import Person

MOST = 12  # messages
TRIES = 3
SHINGLE = 5  # words that stand in a row
KNOWN_AFTER = 4 * DAY  # what speaks of past orders needs somebody who has been there so long
BRANCHES = {"good": 5.0, "bad": 2.6, "human": 2.0, "plain": 4.0}
TASTY = ("ripening", "cut day", "cheese knowledge", "advice", "recipes", "gifts", "visits")
CHEERFUL = re.compile(r"\{wheel\}|\{master\}|dégustation|appetito|aproveche|smakelijk|proveito")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MOUNTAIN = "Gletscherloch"


@dataclass
class DemoMessage:
    """A message of the user or the assistant."""

    by_user: bool
    text: str
    at: datetime
    tool: str | None = None
    tool_fails: bool = False
    thumbs_down: list[str] = field(default_factory=list)
    thumbs_up: list[str] = field(default_factory=list)
    edits: list[str] = field(default_factory=list)


@dataclass
class DemoTalk:
    """A conversation that was held."""

    number: int
    person: Person
    situation: Situation
    lang: str
    branch: str | None
    release: str
    messages: list[DemoMessage]

    @property
    def id(self) -> str:
        """The sender's ID."""
        return f"rind-talk-{self.number:05d}"

    @property
    def went_badly(self) -> bool:
        """Whether any message has negative feedback."""
        return any(message.thumbs_down for message in self.messages)


class Teller:
    """Generates conversations; the least used wordings come first."""

    def __init__(self, random: Random, calendar: Calendar) -> None:
        self.random, self.calendar = random, calendar
        self._told: Counter[str] = Counter()
        self._ways: Counter[tuple[str, ...]] = Counter()
        self._heard: dict[str, Counter[tuple[str, ...]]] = {}
        self._asides = parse(table("asides")["text"]).trunk
        self._said: Counter[str] = Counter()

    def tell(self, number: int, person: Person, at: datetime) -> DemoTalk:
        """Return a conversation that starts at a time."""
        situation = self._choose(person, at)
        self._told[situation.id] += 1
        heard = self._heard.setdefault(situation.id, Counter())
        known = self._facts(situation, person, at)
        tries = [self._try(situation, person, at, known) for _ in range(TRIES)]
        shingles = [set(_shingles(messages)) for _, messages in tries]
        best = min(
            range(TRIES),
            key=lambda each: (
                sum(heard[shingle] for shingle in shingles[each]) / max(1, len(shingles[each]))
            ),
        )
        heard.update(shingles[best])
        branch, messages = tries[best]
        return DemoTalk(
            number, person, situation, situation.lang, branch, self.calendar.release(at), messages
        )

    def _choose(self, person: Person, at: datetime) -> Situation:
        is_new = person.board_at is None or at < person.board_at
        is_known = person.board_at is not None and at - person.board_at >= KNOWN_AFTER
        lang = person.country.lang if self.random.random() < 0.22 else "en"
        for wanted in (lang, "en"):
            found = [
                each
                for each in situations()
                if each.lang == wanted
                and person.country.country in (each.countries or (person.country.country,))
                and person.plan in (each.plans or (person.plan,))
                and (
                    each.when != "monday" or any(wheel.cellar == MOUNTAIN for wheel in person.board)
                )
                and self.calendar.happens(each.when, at)
                and (
                    each.stage == "signup"
                    if is_new
                    else each.stage is None or (not is_known and each.when is None)
                )
                and (is_known or not each.needs_history)
            ]
            if found:
                break
        weights = [each.weight / (1 + self._told[each.id] / each.weight) ** 2 for each in found]
        return self.random.choices(found, weights)[0]

    def _facts(self, situation: Situation, person: Person, at: datetime) -> dict[str, str]:
        cellar = MOUNTAIN if situation.when == "monday" else None
        known = facts(self.random, person, at, self.calendar, situation.lang, cellar)
        if situation.when == "carrier":
            known |= {"carrier": "Polarpost", "parcel": f"PO{known['parcel'][2:]}"}
        return known

    def _try(
        self, situation: Situation, person: Person, at: datetime, known: dict[str, str]
    ) -> tuple[str | None, list[DemoMessage]]:
        turns, branch = self._turns(situation.script)
        said: list[DemoMessage] = []
        way: int | None = None
        for turn in turns:
            way = self.random.choice(turn.ways_after(way))
            said.append(self._say(turn, way, known))
        said += self._ending(situation, said, known, person)
        self._open(said[0], person, situation, known, at)
        self._date(said, at)
        for message in said:
            if message.by_user:
                message.text = in_style(message.text, person.style)
        return branch, said

    def _turns(self, script: TalkScript) -> tuple[list[ScriptTurn], str | None]:
        turns: list[ScriptTurn] = []
        for turn in script.trunk:
            turns.append(turn)
            if turn.may_end and self.random.random() < 0.4:
                return turns, None
        if not script.branches:
            return turns, None
        names = list(script.branches)
        branch = self.random.choices(names, [BRANCHES[name] for name in names])[0]
        return turns + script.branches[branch], branch

    def _say(self, turn: ScriptTurn, number: int, known: dict[str, str]) -> DemoMessage:
        way = turn.ways[number]
        wrong_ones = any(each.is_wrong for each in turn.ways)
        said = _message(
            way, vary(fill(vary(way.text, self.random), known), self.random), by_user=turn.by_user
        )
        if way.is_wrong or not wrong_ones:
            said.thumbs_down = [fill(vary(each, self.random), known) for each in turn.thumbs_down]
            said.edits = [fill(vary(each, self.random), known) for each in turn.edits]
        if not way.is_wrong:
            said.thumbs_up = [fill(vary(each, self.random), known) for each in turn.thumbs_up]
        return said

    def _ending(
        self, situation: Situation, said: list[DemoMessage], known: dict[str, str], person: Person
    ) -> list[DemoMessage]:
        """Return optional last messages: another question, thanks or a grumble."""
        more: list[DemoMessage] = []
        is_bad = any(message.thumbs_down for message in said)
        phrases = table("phrases")[situation.lang]
        if (
            situation.lang == "en"
            and not is_bad
            and person.style != "angry"
            and situation.topic != "bereavement"
        ):
            while len(said) + len(more) <= MOST - 4 and self.random.random() < 0.22:
                more += self._aside(known)
        if self.random.random() < 0.42 and len(said) + len(more) <= MOST - 2:
            words = self.random.choice(phrases["grumbles" if is_bad else "thanks"])
            known = known | {
                "bye": fill(self.random.choice(phrases.get("byes", ["{first}"])), known)
            }
            more.append(DemoMessage(by_user=True, text=fill(words, known), at=self.calendar.until))
            if not is_bad and self.random.random() < 0.6:
                is_tasty = situation.topic in TASTY
                closings = [
                    each for each in phrases["closings"] if is_tasty or not CHEERFUL.search(each)
                ]
                text = fill(self.random.choice(closings), known)
                more.append(DemoMessage(by_user=False, text=text, at=self.calendar.until))
        return more

    def _aside(self, known: dict[str, str]) -> list[DemoMessage]:
        pairs = [pair for pair in pairwise(self._asides) if pair[0].by_user]
        question, answer = min(
            self.random.sample(pairs, 6), key=lambda pair: self._said[pair[0].ways[0].text]
        )
        self._said[question.ways[0].text] += 1
        asked, answered = self._say(question, 0, known), self._say(answer, 0, known)
        begins = fill(self.random.choice(table("phrases")["en"]["second"]), known)
        asked.text = (
            f"{begins} "
            f"{asked.text if begins[-1] not in '.?' else asked.text[0].upper() + asked.text[1:]}"
        )
        return [asked, answered]

    def _open(
        self,
        first: DemoMessage,
        person: Person,
        situation: Situation,
        known: dict[str, str],
        at: datetime,
    ) -> None:
        """Add a greeting or reason in the person's style."""
        phrases, random = table("phrases")[situation.lang], self.random
        known = known | {"relative": random.choice(phrases.get("relatives", [""]))}
        words: list[str] = []
        is_greeted = first.text.lower().startswith(GREETED)
        if situation.topic in ("bereavement", "tone") or person.style == "terse":
            return
        if not is_greeted and random.random() < (0.75 if person.style == "warm" else 0.35):
            fitting = [each for each in phrases["greetings"] if fits_hour(each, at.hour)]
            words.append(random.choice(fitting) + random.choice("!.!"))
        if person.style != "angry" and random.random() < (0.5 if person.style == "warm" else 0.2):
            words.append(fill(random.choice(phrases["reasons"]), known))
        text = first.text[0].upper() + first.text[1:] if words else first.text
        first.text = " ".join([*words, text])
        if person.style == "angry":
            first.text += " " + random.choice(phrases["angry"])

    def _date(self, said: list[DemoMessage], at: datetime) -> None:
        """Give each message its time: people read, think and type."""
        for message in said:
            message.at = at
            words = len(message.text.split())
            pause = (
                4 + words * 0.35 + self.random.expovariate(1 / 25)
                if message.by_user
                else 1.5 + self.random.random() * 5
            )
            at += timedelta(seconds=round(pause + 3, 3))


def _message(way: Alternative, text: str, *, by_user: bool) -> DemoMessage:
    return DemoMessage(by_user, text, EPOCH, way.tool, way.tool_fails)


def _shingles(messages: list[DemoMessage]) -> list[tuple[str, ...]]:
    words = " ".join(message.text for message in messages).lower().split()
    return [tuple(words[start : start + SHINGLE]) for start in range(len(words) - SHINGLE + 1)]
