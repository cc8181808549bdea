"""Annotations by the demo's reviewers, who sometimes disagree."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from core.annotations.schemas import (
    AnnotationSeverity,
    AnnotationStatus,
    AnnotationType,
    ItemState,
    QueueReason,
)
from core.demo.schemas import DECIDING, DemoNote, DemoReview
from tools.demo.calendar import DAY, Calendar
from tools.demo.conversations.talks import DemoMessage, DemoTalk
from tools.demo.loaded import table

COUNT = 1700
TWICE = 500  # answers that two look at
OF_USERS = 20  # messages
FEWEST_WORDS = 12
OF_BAD = 0.85  # of what went wrong, how much they get to
OPEN = 12  # of those that two see differently, how many wait for a decision
EATEN = ("food safety", "cheese knowledge", "recipes")
# No words for what somebody asks about
VAGUE = ("tone", "other", "small talk", "assistant", "trust", "memory")
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
PRIORITIES = {
    QueueReason.EDITED: 75,
    QueueReason.RATED_LOW: 70,
    QueueReason.ERROR: 50,
    QueueReason.SAMPLE: 10,
}


class Panel:
    """Lets them review, from a stream of chance of their own."""

    def __init__(self, seed: int, calendar: Calendar) -> None:
        """Begin with nothing reviewed."""
        self.random, self.calendar = Random(f"{seed} reviews"), calendar
        self._names: list[str] = table("reviews")["reviewers"]
        self._open = 0

    def review(self, talks: list[DemoTalk]) -> Iterator[DemoReview]:
        """Yield reviews up to the wanted number of annotations."""
        left = COUNT
        for number, (talk, place) in enumerate(self._chosen(talks)):
            if left <= 0:
                return
            found = self._of(talk, place, is_twice=number < TWICE and left > DECIDING)
            left -= len(found.notes)
            yield found

    def _chosen(self, talks: list[DemoTalk]) -> list[tuple[DemoTalk, int]]:
        """Return the messages that are reviewed: most bad ones, and a sample of the rest."""
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
                elif (
                    len(message.text.split()) >= FEWEST_WORDS
                ):  # of a good-bye there is nothing to say
                    good.append((talk, place))
        for each in (bad, good, named):
            self.random.shuffle(each)
        of_bad = TWICE * 3 // 5
        twice = bad[:of_bad] + good[: TWICE - of_bad]
        once = bad[of_bad:] + named[:OF_USERS] + good[TWICE - of_bad :]
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
        reasons = _reasons(message)
        priority = max(PRIORITIES[reason] for reason in reasons)
        return DemoReview(talk.id, f"m{place:02d}", reasons, priority, state, len(seen), notes)

    def _decide(
        self, talk: DemoTalk, message: DemoMessage, truth: AnnotationType, notes: list[DemoNote]
    ) -> ItemState:
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
            return (
                FLAG
                if talk.situation.topic in STRICT or message.tool_fails or random.random() < 0.2
                else IMPROVEMENT
            )
        return (
            APPROVED if random.random() < 0.78 else IMPROVEMENT if random.random() < 0.85 else FLAG
        )

    def _see(self, truth: AnnotationType) -> AnnotationType:
        kinds, weights = TAKEN_FOR[truth]
        return self.random.choices(kinds, weights)[0]

    def _note(
        self,
        talk: DemoTalk,
        message: DemoMessage,
        kind: AnnotationType,
        reviewer: int,
        round_: int,
        at: datetime,
    ) -> DemoNote:
        random = self.random
        if message.by_user:
            kind = FLAG
        of_tool = kind is FLAG and message.tool_fails
        words = table("reviews")[
            "flag_of_user" if message.by_user else "flag_of_tool" if of_tool else kind
        ]
        tag = "" if kind is APPROVED else self._tag(talk, words)
        content = self._filled(words[tag or "words"], talk, message)
        found = DemoNote(
            self._names[reviewer], kind, content, at, round_, tags=[tag] if tag else []
        )
        if kind is CORRECTION and message.edits:
            found.suggested_response = random.choice(message.edits)
        elif (
            kind is IMPROVEMENT and tag == "tone" and len(sentences := message.text.split(". ")) > 2
        ):
            found.suggested_response = ". ".join(sentences[:2]).removesuffix(".") + "."
        if kind is not APPROVED:
            found.severity = random.choices(list(AnnotationSeverity), HOW_BAD[kind])[0]
        return found

    def _tag(self, talk: DemoTalk, words: dict[str, list[str]]) -> str:
        topic = talk.situation.topic
        liked = (
            "safety"
            if topic in EATEN
            else "tone"
            if topic in WARM
            else "policy"
            if topic in STRICT
            else "accuracy"
        )
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
        # What is then still to come is left out as the demo is loaded.
        return at + timedelta(hours=1) + min(self.random.expovariate(1 / 0.5), 4) * DAY

    def _go_on(self, notes: list[DemoNote]) -> None:
        """Adjudicate some disagreements and apply some annotations, more of the older ones."""
        for note in notes:
            age_days = (self.calendar.until - note.at) / DAY
            if self.random.random() < 0.35 + min(age_days, 40) / 80:
                is_applied = note.kind in (CORRECTION, IMPROVEMENT) and self.random.random() < 0.4
                note.status = AnnotationStatus.APPLIED if is_applied else AnnotationStatus.REVIEWED
                note.decided_by, note.decided_at = self._names[-1], self._later(note.at)


def _reasons(message: DemoMessage) -> list[QueueReason]:
    if message.tool_fails:
        return [QueueReason.ERROR]
    if message.edits:
        return [QueueReason.RATED_LOW, QueueReason.EDITED]
    return [QueueReason.RATED_LOW] if message.thumbs_down else [QueueReason.SAMPLE]
