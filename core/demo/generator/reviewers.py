"""Annotations of the demo's reviewers, who do not always agree."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from core.annotations.schemas import AnnotationSeverity, AnnotationStatus, AnnotationType, ItemOutcome, ItemState, Reason
from core.demo.generator.calendar import DAY, Calendar
from core.demo.generator.loaded import table
from core.demo.generator.talks import DemoMessage, DemoTalk

COUNT = 1500
TWICE = 440  # answers that two look at
OF_USERS = 20  # messages
FEWEST_WORDS = 12
OF_BAD = 0.85  # of what went wrong, how much they get to
OPEN = 12  # of those that two see differently, how many wait for a decision
DECIDING = 3  # the round
EATEN = ("food safety", "cheese knowledge", "recipes")
VAGUE = ("tone", "other", "small talk", "assistant", "trust", "memory")  # no words for what somebody asks about
STRICT = ("food safety", "security", "privacy", "escalation", "complaint")
WARM = ("tone", "bereavement", "small talk")
CORRECTION, IMPROVEMENT, FLAG, APPROVED = AnnotationType
# What somebody sees in an answer that is one of these: itself first, else what he takes it for.
TAKEN_FOR = {
    CORRECTION: ((CORRECTION, IMPROVEMENT, FLAG, APPROVED), (82, 11, 5, 2)),
    IMPROVEMENT: ((IMPROVEMENT, APPROVED, FLAG), (76, 16, 8)),
    FLAG: ((FLAG, IMPROVEMENT, APPROVED), (78, 15, 7)),
    APPROVED: ((APPROVED, IMPROVEMENT, FLAG), (90, 8, 2)),
}
HOW_BAD = {CORRECTION: (25, 55, 20), IMPROVEMENT: (85, 15, 0), FLAG: (20, 50, 30)}
PRIORITIES = {Reason.EDITED: 75, Reason.RATED_LOW: 70, Reason.ERROR: 50, Reason.SAMPLE: 10}


@dataclass
class Note:
    """What one of them says; `reviewer` and `decided_by` are their places in the list of names."""

    reviewer: int
    kind: AnnotationType
    content: str
    at: datetime
    round: int = 1
    suggested_response: str | None = None
    severity: AnnotationSeverity | None = None
    tags: list[str] = field(default_factory=list)
    status: AnnotationStatus = AnnotationStatus.PENDING
    decided_by: int | None = None
    decided_at: datetime | None = None

    @property
    def outcome(self) -> ItemOutcome:
        """How its reviewer left the item."""
        return ItemOutcome.APPROVED if self.kind is APPROVED else ItemOutcome.DONE


@dataclass
class DemoReview:
    """A message that was reviewed, as its sender calls it, and what was said of it."""

    conversation: str
    message: str
    reasons: list[Reason]
    state: ItemState
    wanted: int
    notes: list[Note]

    @property
    def priority(self) -> int:
        """How soon it was to be looked at."""
        return max(PRIORITIES[reason] for reason in self.reasons)


class Panel:
    """Lets them review, from a stream of chance of their own."""

    def __init__(self, seed: int, calendar: Calendar) -> None:
        """Begin with nothing reviewed."""
        self.random, self.calendar = Random(f"{seed} reviews"), calendar  # noqa: S311  makes up stories, no secrets
        self._names: list[str] = table("reviews")["reviewers"]
        self._open = 0

    def review(self, talks: list[DemoTalk]) -> Iterator[DemoReview]:
        """Yield reviews until there are as many annotations as there are to be."""
        left = COUNT
        for number, (talk, place) in enumerate(self._chosen(talks)):
            if left <= 0:
                return
            found = self._of(talk, place, is_twice=number < TWICE and left > DECIDING)
            left -= len(found.notes)
            yield found

    def _chosen(self, talks: list[DemoTalk]) -> list[tuple[DemoTalk, int]]:
        """Return what they get to, in the order of chance: most of what went wrong, and some of the rest."""
        bad: list[tuple[DemoTalk, int]] = []
        good: list[tuple[DemoTalk, int]] = []
        named: list[tuple[DemoTalk, int]] = []
        for talk in talks:
            if talk.messages[-1].at > self.calendar.until - 2 * DAY:
                continue
            for place, message in enumerate(talk.messages):
                if message.by_user:
                    named += [(talk, place)] if "@" in message.text else []
                elif message.thumbs_down or message.tool_fails:
                    bad += [(talk, place)] if self.random.random() < OF_BAD else []
                elif len(message.text.split()) >= FEWEST_WORDS:  # of a good-bye there is nothing to say
                    good.append((talk, place))
        for each in (bad, good, named):
            self.random.shuffle(each)
        of_bad = TWICE * 3 // 5
        twice, once = bad[:of_bad] + good[: TWICE - of_bad], bad[of_bad:] + named[:OF_USERS] + good[TWICE - of_bad :]
        once = once[: COUNT - 2 * TWICE]
        self.random.shuffle(twice)
        self.random.shuffle(once)
        return twice + once

    def _of(self, talk: DemoTalk, place: int, *, is_twice: bool) -> DemoReview:
        message = talk.messages[place]
        truth = self._truth(talk, message)
        first, second = self.random.sample(range(len(self._names) - 1), 2)  # the last of them leads
        seen = [self._see(truth) for _ in range(2 if is_twice else 1)]
        at = message.at
        notes = []
        for round_, (reviewer, kind) in enumerate(zip((first, second), seen, strict=False), 1):
            at = self._later(at)
            notes.append(self._note(talk, message, kind, reviewer, round_, at))
        state = ItemState.DONE
        if len({note.kind for note in notes}) > 1:
            state = self._decide(talk, message, truth, notes)
        else:
            self._go_on(notes[:1])
        return DemoReview(talk.id, f"m{place:02d}", _reasons(message), state, len(seen), notes)

    def _decide(self, talk: DemoTalk, message: DemoMessage, truth: AnnotationType, notes: list[Note]) -> ItemState:
        if self._open < OPEN and self.random.random() < 0.2:
            self._open += 1
            return ItemState.ADJUDICATION
        lead = len(self._names) - 1
        decision = self._note(talk, message, truth, lead, DECIDING, self._later(notes[-1].at))
        if truth is not CORRECTION:
            words = table("reviews")["decision"]["good" if truth is APPROVED else "bad"]
            decision.content = self._filled(words, talk, message)
        self._go_on([decision])
        notes.append(decision)
        return ItemState.DONE

    def _truth(self, talk: DemoTalk, message: DemoMessage) -> AnnotationType:
        random = self.random
        if message.by_user:
            return FLAG
        if message.edits:
            return CORRECTION
        if message.thumbs_down or message.tool_fails:
            return FLAG if talk.situation.topic in STRICT or message.tool_fails or random.random() < 0.2 else IMPROVEMENT
        return APPROVED if random.random() < 0.78 else IMPROVEMENT if random.random() < 0.85 else FLAG

    def _see(self, truth: AnnotationType) -> AnnotationType:
        kinds, weights = TAKEN_FOR[truth]
        return self.random.choices(kinds, weights)[0]

    def _note(self, talk: DemoTalk, message: DemoMessage, kind: AnnotationType, reviewer: int, round_: int, at: datetime) -> Note:
        random = self.random
        if message.by_user:
            kind = FLAG
        of_tool = kind is FLAG and message.tool_fails
        words = table("reviews")["flag_of_user" if message.by_user else "flag_of_tool" if of_tool else kind]
        tag = "" if kind is APPROVED else self._tag(talk, words)
        content = self._filled(words[tag or "words"], talk, message)
        found = Note(reviewer, kind, content, at, round_, tags=[tag] if tag else [])
        if kind is CORRECTION and message.edits:
            found.suggested_response = random.choice(message.edits)
        elif kind is IMPROVEMENT and tag == "tone" and len(sentences := message.text.split(". ")) > 2:
            found.suggested_response = ". ".join(sentences[:2]).removesuffix(".") + "."
        if kind is not APPROVED:
            found.severity = random.choices(list(AnnotationSeverity), HOW_BAD[kind])[0]
        return found

    def _tag(self, talk: DemoTalk, words: dict[str, list[str]]) -> str:
        topic = talk.situation.topic
        liked = "safety" if topic in EATEN else "tone" if topic in WARM else "policy" if topic in STRICT else "accuracy"
        if liked in words and self.random.random() < 0.35:
            return liked
        return self.random.choice([tag for tag in words if tag != "safety" or topic in EATEN])

    def _filled(self, ways: list[str], talk: DemoTalk, message: DemoMessage) -> str:
        said = self.random.choice(message.thumbs_down).rstrip(".") if message.thumbs_down else ""
        words = self.random.choice([way for way in ways if said or "{said}" not in way])
        first = " ".join(message.text.split()[:6]).rstrip(",.:")
        topic = "this" if talk.situation.topic in VAGUE else talk.situation.topic
        return words.format(topic=topic, said=said, first=first)

    def _later(self, at: datetime) -> datetime:
        waits = timedelta(hours=1) + min(self.random.expovariate(1 / 0.5), 4) * DAY
        return min(at + waits, self.calendar.until - timedelta(seconds=self.random.randint(60, 7200)))

    def _go_on(self, notes: list[Note]) -> None:
        """Let some of them be decided upon, and some of those be applied: the older, the more."""
        for note in notes:
            age_days = (self.calendar.until - note.at) / DAY
            if self.random.random() < 0.35 + min(age_days, 40) / 80:
                is_applied = note.kind in (CORRECTION, IMPROVEMENT) and self.random.random() < 0.4
                note.status = AnnotationStatus.APPLIED if is_applied else AnnotationStatus.REVIEWED
                note.decided_by, note.decided_at = len(self._names) - 1, self._later(note.at)


def _reasons(message: DemoMessage) -> list[Reason]:
    if message.tool_fails:
        return [Reason.ERROR]
    if message.edits:
        return [Reason.RATED_LOW, Reason.EDITED]
    return [Reason.RATED_LOW] if message.thumbs_down else [Reason.SAMPLE]
