"""All rows of the demo: the same for the same seed, shifted to end at a given moment."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from core.demo.generator import library, nights
from core.demo.generator.calendar import DAY, Calendar
from core.demo.generator.calls import RequestMaker
from core.demo.generator.onboarding import Diary
from core.demo.generator.opinions import Critic
from core.demo.generator.talks import DemoTalk, Teller
from core.demo.generator.users import Person, people
from core.imports.parsed import Parsed, RowKind

SEED = 1851
TALKS = 3200
BEFORE_BOARD = 0.42  # of those who never ended their board, how many ask why
CHATS = 0.63  # of those with a board, how many talk to the assistant at all
SOON = 0.5  # of those, how many do on the first day
LONGEST = timedelta(minutes=25)

Row = tuple[RowKind, dict[str, Any]]


class World:
    """Everything that happens, from one stream of chance."""

    def __init__(self, seed: int, until: datetime) -> None:
        """Begin with nothing."""
        self.random = Random(seed)  # noqa: S311  makes up stories, no secrets
        self.calendar = Calendar(until)
        self.diary = Diary(self.random, self.calendar)
        self.teller = Teller(self.random, self.calendar)
        self.caller = RequestMaker(self.random, self.calendar)
        self.critic = Critic(self.random, self.calendar)
        self.talks: list[DemoTalk] = []

    def numbered(self) -> Iterator[Parsed]:
        """Yield all rows as `ingest/*` takes them; `position` counts them from 1."""
        for position, (kind, row) in enumerate(self.rows(), 1):
            yield Parsed(position, None, kind, row)

    def rows(self) -> Iterator[Row]:
        """Yield what the app would have sent, users first."""
        yield from ((RowKind.DOCUMENTS, row) for row in library.articles(self.random, self.calendar))
        yield from ((RowKind.BATCH_RUNS, row) for row in nights.runs(self.random, self.calendar))
        everybody: list[Person] = []
        for person in people(self.random, self.calendar):
            events = list(self.diary.onboard(person))
            if len(events) > 1:
                everybody.append(person)
                yield RowKind.USERS, person.row()
            yield from ((RowKind.EVENTS, event) for event in events)
            yield from ((RowKind.EVENTS, event) for event in self.diary.live(person))
        yield from ((RowKind.EVENTS, event) for event in self.diary.strangers())
        for person, at in self._when_they_talk(everybody):
            talk = self.teller.tell(len(self.talks) + 1, person, at)
            self.talks.append(talk)
            yield from self._talk(talk)
        yield from ((RowKind.AI_REQUESTS, row) for row in self.caller.nightly())
        yield from ((RowKind.AI_REQUESTS, row) for row in self.caller.pending(self.talks))
        yield from ((RowKind.MEMORIES, row) for row in library.memories(self.random, self.calendar, self.talks))

    def _when_they_talk(self, everybody: list[Person]) -> list[tuple[Person, datetime]]:
        """Return who talks when: everybody who does for the first time, then some of them again."""
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

    def _talk(self, talk: DemoTalk) -> Iterator[Row]:
        """Yield a conversation with the requests behind it, the events around it, and what was thought of it."""
        begun = talk.messages[0].at - timedelta(seconds=self.random.randint(3, 25))
        session = f"rind-chat-{talk.number:05d}"
        yield (
            RowKind.EVENTS,
            self.diary.event("chat.session_start", begun, session, talk.person, event_data={"conversation": talk.id}),
        )
        messages = []
        for place, message in enumerate(talk.messages):
            sent: dict[str, Any] = {
                "id": f"m{place:02d}",
                "role": "user" if message.by_user else "assistant",
                "content": message.text,
                "created_at": message.at.isoformat(),
            }
            if not message.by_user:
                calls, spent = self.caller.answer(talk, place)
                yield from ((RowKind.AI_REQUESTS, call) for call in calls)
                sent |= {"model": spent.model, "tokens": spent.tokens, "cost_usd": f"{spent.cost:.8f}"}
                sent |= {"latency_ms": spent.latency_ms, "first_token_ms": spent.first_token_ms}
                if message.tool is not None:
                    sent["tool_calls"] = [{"name": message.tool, **({"error": "timeout"} if message.tool_fails else {})}]
            messages.append(sent)
        yield RowKind.CONVERSATIONS, self._row(talk, messages)
        for rating in self.critic.rate(talk):
            yield RowKind.FEEDBACK, rating
            said = {"rating": rating["rating"], "conversation": talk.id}
            at = datetime.fromisoformat(rating["created_at"])
            yield RowKind.EVENTS, self.diary.event("chat.feedback_given", at, session, talk.person, event_data=said)

    def _row(self, talk: DemoTalk, messages: list[dict[str, Any]]) -> dict[str, Any]:
        is_over = talk.messages[-1].at < self.calendar.until - timedelta(hours=6)
        waits = talk.branch == "human" and talk.messages[-1].at > self.calendar.until - 2 * DAY
        return {
            "id": talk.id,
            "user_id": talk.person.id,
            "session_type": "customer_support",
            "title": _title(talk),
            "status": "waiting_human" if waits else "closed" if is_over else "active",
            "context": {"topic": talk.situation.topic, "language": talk.lang, "plan": talk.person.plan},
            "app": "tomme",
            "release": talk.release,
            "created_at": talk.messages[0].at.isoformat(),
            "messages": messages,
        }


def _title(talk: DemoTalk) -> str:
    """Return what the model for titles made of it: the topic, and the first words."""
    words = talk.messages[0].text.split()
    return f"{talk.situation.topic.capitalize()}: {' '.join(words[:7])}{'…' if len(words) > 7 else ''}"
