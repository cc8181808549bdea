"""Everything that happens in the demo, as rows of the ingest API: the same for the same seed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from core.imports.parsed import RowKind
from tools.demo import library, nights, prompts
from tools.demo.calendar import DAY, Calendar
from tools.demo.conversations.judge import Judge
from tools.demo.conversations.opinions import Critic
from tools.demo.conversations.talks import DemoTalk, Teller
from tools.demo.onboarding import Diary
from tools.demo.requests.calls import RequestMaker
from tools.demo.users import Person, people

TALKS = 3660
BEFORE_BOARD = 0.42  # of those who never ended their board, how many ask why
CHATS = 0.63  # of those with a board, how many talk to the assistant at all
SOON = 0.5  # of those, how many do on the first day
LONGEST = timedelta(minutes=25)

Batch = dict[RowKind, list[dict[str, Any]]]  # of what is there at once, or not at all


class World:
    """Everything that happens, from one stream of chance."""

    def __init__(self, seed: int) -> None:
        """Begin with nothing."""
        self.random = Random(seed)
        self.calendar = Calendar()
        self.diary = Diary(self.random, self.calendar)
        self.teller = Teller(self.random, self.calendar)
        self.caller = RequestMaker(self.random, self.calendar)
        self.critic = Critic(self.random, self.calendar)
        self.judge = Judge(seed, self.calendar)
        self.talks: list[DemoTalk] = []

    def batches(self) -> Iterator[Batch]:
        """Yield the rows that the app would have sent, users first."""
        yield from (
            {RowKind.DOCUMENTS: [row]} for row in library.articles(self.random, self.calendar)
        )
        yield from ({RowKind.BATCH_RUNS: [row]} for row in nights.runs(self.random, self.calendar))
        everybody: list[Person] = []
        for person in people(self.random, self.calendar):
            begun, *others = self.diary.onboard(person)
            yield {RowKind.EVENTS: [begun]}
            if others:
                everybody.append(person)
                yield {RowKind.USERS: [person.row()]}
            yield from ({RowKind.EVENTS: [event]} for event in [*others, *self.diary.live(person)])
        yield from ({RowKind.EVENTS: [event]} for event in self.diary.strangers())
        for person, at in self._when_they_talk(everybody):
            talk = self.teller.tell(len(self.talks) + 1, person, at)
            self.talks.append(talk)
            yield self._talk(talk)
        yield from ({RowKind.AI_REQUESTS: [row]} for row in self.caller.nightly())
        yield from ({RowKind.AI_REQUESTS: [row]} for row in self.caller.pending(self.talks))
        yield from (
            {RowKind.MEMORIES: [row]}
            for row in library.memories(self.random, self.calendar, self.talks)
        )

    def _when_they_talk(self, everybody: list[Person]) -> list[tuple[Person, datetime]]:
        """Return who writes at which time: each user once, then some again."""
        random, last = self.random, self.calendar.until - LONGEST
        found: list[tuple[Person, datetime]] = []
        for person in everybody:
            begun = person.board_at or person.joined_at + timedelta(minutes=20)
            if random.random() < (CHATS if person.board_at else BEFORE_BOARD * 0.5):
                waits_days = random.expovariate(1 / (0.35 if random.random() < SOON else 5.5))
                at = max(begun, self.calendar.start) + timedelta(minutes=2) + waits_days * DAY
                if person.is_earlier:
                    at = self.calendar.moment(random, end=last)
                elif person.board_at is None:
                    at = begun + random.random() * DAY
                if at < last:
                    found.append((person, at))
        regulars = [person for person, _ in found if person.board_at is not None]
        while len(found) < TALKS:
            person = random.choice(regulars)
            since = max(person.board_at or person.joined_at, self.calendar.start) + 2 * DAY
            if since < last:
                found.append((person, self.calendar.moment(random, since=since, end=last)))
        return sorted(found, key=lambda each: (each[1], each[0].number))[-TALKS - 200 :]

    def _talk(self, talk: DemoTalk) -> Batch:
        """Return a conversation with its requests, events and feedback."""
        begun = talk.messages[0].at - timedelta(seconds=self.random.randint(3, 25))
        session = f"rind-chat-{talk.number:05d}"
        started = self.diary.event(
            "chat.session_start", begun, session, talk.person, event_data={"conversation": talk.id}
        )
        batch: Batch = {RowKind.EVENTS: [started], RowKind.AI_REQUESTS: []}
        messages = []
        for place, message in enumerate(talk.messages):
            sent: dict[str, Any] = {
                "id": f"m{place:02d}",
                "role": "user" if message.by_user else "assistant",
                "content": message.text,
                "created_at": message.at.isoformat(timespec="milliseconds"),
            }
            if not message.by_user:
                calls, spent = self.caller.answer(talk, place)
                behind = prompts.references(self.calendar, talk.person, message.at)
                for call in calls:
                    call.update(behind if call["operation"] == "chat" else {})
                batch[RowKind.AI_REQUESTS] += calls
                sent |= {
                    "model": spent.model,
                    "tokens": spent.tokens,
                    "cost_usd": f"{spent.cost:.8f}",
                    **behind,
                }
                sent |= {"latency_ms": spent.latency_ms, "first_token_ms": spent.first_token_ms}
                if message.tool is not None:
                    sent["tool_calls"] = [
                        {
                            "name": message.tool,
                            **({"error": "timeout"} if message.tool_fails else {}),
                        }
                    ]
            messages.append(sent)
        batch[RowKind.CONVERSATIONS] = [_conversation(talk, messages)]
        batch[RowKind.FEEDBACK] = list(self.critic.rate(talk))
        batch[RowKind.SCORES] = list(self.judge.score(talk))
        for rating in batch[RowKind.FEEDBACK]:
            said = {"rating": rating["rating"], "conversation": talk.id}
            at = datetime.fromisoformat(rating["created_at"])
            batch[RowKind.EVENTS].append(
                self.diary.event("chat.feedback_given", at, session, talk.person, event_data=said)
            )
        return batch


def _conversation(talk: DemoTalk, messages: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": talk.id,
        "user_id": talk.person.id,
        "session_type": "customer_support",
        "title": _title(talk),
        # Closed as it is loaded, when it is old
        "status": "waiting_human" if talk.branch == "human" else "active",
        "context": {"topic": talk.situation.topic, "language": talk.lang, "plan": talk.person.plan},
        "app": "tomme",
        "release": talk.release,
        "created_at": messages[0]["created_at"],
        "messages": messages,
    }


def _title(talk: DemoTalk) -> str:
    """Return a conversation's title: its topic and first words."""
    words = talk.messages[0].text.split()
    return (
        f"{talk.situation.topic.capitalize()}: {' '.join(words[:7])}{'…' if len(words) > 7 else ''}"
    )
