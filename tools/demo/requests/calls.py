"""AI requests of the demo's assistant and of its nightly jobs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import exp
from random import Random
from typing import Any

from tools.demo.calendar import DAY, Calendar
from tools.demo.conversations.talks import DemoMessage, DemoTalk
from tools.demo.loaded import cheeses
from tools.demo.requests.models import (
    CAREFUL,
    EMBEDDINGS,
    LARGE,
    MANY_TONGUES,
    NOTES,
    SMALL,
    TITLES,
    Model,
    cost_of,
)

PROMPT_TOKENS = 1180  # what the assistant is told before anything else
NOTES_A_NIGHT = 56
PENDING = 6
TOOL_MS = {
    "kb.search": 140,
    "wheels.read": 90,
    "orders.find": 160,
    "parcel.track": 620,
    "swap.quote": 210,
    "payouts.status": 330,
    "account.read": 80,
    "refunds.create": 410,
    "tickets.open": 260,
    "plans.change": 190,
    "cellar.sensors": 300,
}
TIMEOUT_MS = 8000


FAULTS = (
    ("rate_limit", "429: too many requests, retry after 2 s", 0.4),
    ("timeout", "No answer within 60 s", 0.25),
    ("overloaded", "529: the provider is overloaded", 0.25),
    ("content_filter", "The answer was withheld by the provider's filter", 0.1),
)


@dataclass
class Spent:
    """Tokens, cost and times of a message's requests."""

    tokens: int = 0
    cost: Decimal = Decimal(0)
    latency_ms: int = 0
    first_token_ms: int = 0
    model: str = ""


class RequestMaker:
    """Generates requests with unique IDs."""

    def __init__(self, random: Random, calendar: Calendar) -> None:
        """Begin with none."""
        self.random, self.calendar = random, calendar
        self._count = 0

    def answer(self, talk: DemoTalk, place: int) -> tuple[list[dict[str, Any]], Spent]:
        """Return the requests behind an assistant's message, and their total cost."""
        message, spent, random = talk.messages[place], Spent(), self.random
        model = self._model(talk)
        spent.model = model.name
        about = {
            "conversation_id": talk.id,
            "message_id": f"m{place:02d}",
            "user_id": talk.person.id,
            "release": talk.release,
        }
        asked_at = talk.messages[place - 1].at if place else message.at
        heard = sum(_tokens(each.text) for each in talk.messages[:place])
        at, rows = asked_at + timedelta(milliseconds=random.randint(300, 900)), []
        about_text = _tokens(talk.messages[place - 1].text)
        guarded_at = at - timedelta(milliseconds=250)
        rows.append(self._aside("guard", TITLES, guarded_at, about, 210 + about_text, 2))
        if message.tool == "kb.search" or random.random() < 0.62:
            rows.append(self._embedding(at, about, about_text))
        if random.random() < self._fault_rate(model, at):
            rows.append(self._fault(model, at, about, PROMPT_TOKENS + heard))
        cached = PROMPT_TOKENS // 128 * 128 if place > 1 or random.random() < 0.5 else 0
        if message.tool is not None:
            rows.append(
                self._chat(
                    model, at, about, PROMPT_TOKENS + heard, random.randint(18, 44), cached, message
                )
            )
            at += timedelta(milliseconds=rows[-1]["total_latency_ms"])
            cached, heard = PROMPT_TOKENS // 128 * 128, heard + random.randint(120, 480)
        heard_tokens, said_tokens = PROMPT_TOKENS + heard, _tokens(message.text)
        row = self._chat(model, at, about, heard_tokens, said_tokens, cached, None, talk=talk)
        rows.append(row)
        spent.latency_ms, spent.first_token_ms = row["total_latency_ms"], row["first_token_ms"]
        if place == 1:
            titled_at = message.at + timedelta(seconds=2)
            rows.append(self._aside("title", TITLES, titled_at, about, 240 + heard, 7))
        if place == len(talk.messages) - (1 if not talk.messages[-1].by_user else 2):
            noted_at = min(message.at + timedelta(seconds=30), self.calendar.until)
            noted = random.randint(4, 40)
            rows.append(self._aside("memory", TITLES, noted_at, about, 300 + heard, noted))
        for row in rows:
            cost, tokens = cost_of(row)
            spent.cost, spent.tokens = spent.cost + cost, spent.tokens + tokens
        return rows, spent

    def _model(self, talk: DemoTalk) -> Model:
        if talk.lang not in ("en", "de", "fr"):
            return MANY_TONGUES
        if talk.person.plan == "Wheel" or talk.person.number % 4 == 0:
            return CAREFUL
        return LARGE if talk.messages[0].at in self.calendar.new_model else SMALL

    def _fault_rate(self, model: Model, at: datetime) -> float:
        return 0.16 if model is CAREFUL and at in self.calendar.latency else 0.018

    def _slowness(self, model: Model, at: datetime) -> float:
        """Return the factor of a model's latency; above 1 during the incident."""
        return 5.5 if model is CAREFUL and at in self.calendar.latency else 1.0

    def _row(
        self, model: Model, at: datetime, about: dict[str, Any], operation: str
    ) -> dict[str, Any]:
        self._count += 1
        return {
            "id": f"rind-call-{self._count:06d}",
            "created_at": min(at, self.calendar.until).isoformat(timespec="milliseconds"),
            "provider": model.provider,
            "model": model.name,
            "operation": operation,
            "app": "tomme",
            **about,
        }

    def _embedding(self, at: datetime, about: dict[str, Any], tokens: int) -> dict[str, Any]:
        took = self._time(EMBEDDINGS.first_token_ms, 0.3)
        return self._row(EMBEDDINGS, at, about, "embeddings") | {
            "input_tokens": tokens,
            "output_tokens": 0,
            "total_latency_ms": took,
        }

    def _fault(
        self, model: Model, at: datetime, about: dict[str, Any], tokens: int
    ) -> dict[str, Any]:
        slow = self._slowness(model, at) > 1
        kind, words, _ = (
            FAULTS[1] if slow else self.random.choices(FAULTS, [weight for *_, weight in FAULTS])[0]
        )
        took = 60_000 if kind == "timeout" else self._time(700, 0.6)
        return self._row(model, at, about, "chat") | {
            "status": "error",
            "error_type": kind,
            "error_message": words,
            "total_latency_ms": took,
            "input_tokens": tokens,
        }

    def _aside(
        self,
        operation: str,
        model: Model,
        at: datetime,
        about: dict[str, Any],
        heard: int,
        said: int,
    ) -> dict[str, Any]:
        """Return a request that uses no cache and no tool."""
        return self._chat(model, at, about, heard, said, 0, None, operation=operation)

    def _chat(
        self,
        model: Model,
        at: datetime,
        about: dict[str, Any],
        heard: int,
        said: int,
        cached: int,
        with_tool: DemoMessage | None,
        *,
        operation: str = "chat",
        talk: DemoTalk | None = None,
    ) -> dict[str, Any]:
        slowness = self._slowness(model, at)
        first = self._time(model.first_token_ms * slowness, model.spread)
        thought = self.random.randint(40, 380) if model is MANY_TONGUES else 0
        said = round(said * 1.35) if model is LARGE and talk else said
        took = first + round(
            (said + thought)
            * model.ms_a_token
            * exp(self.random.gauss(0, 0.18))
            * min(slowness, 2.5)
        )
        row = self._row(model, at, about, operation) | {
            "input_tokens": heard,
            "output_tokens": said + thought,
            "first_token_ms": first,
            "total_latency_ms": took,
            "finish_reason": "stop",
        }
        if cached:
            row["cached_tokens"] = cached
        if thought:
            row["reasoning_tokens"] = thought
        if with_tool is not None:
            self._use_tool(row, with_tool, took)
        elif talk is not None:
            row["steps"] = self._steps(took)
        return row

    def _use_tool(self, row: dict[str, Any], message: DemoMessage, took: int) -> None:
        """Add the requested tool call; the request lasts until its result."""
        tool = str(message.tool)
        lasts = (
            TIMEOUT_MS + self.random.randint(5, 90)
            if message.tool_fails
            else self._time(TOOL_MS[tool], 0.5)
        )
        call: dict[str, Any] = {"name": tool, "duration_ms": lasts}
        if message.tool_fails:
            call["error"] = "timeout: the carrier's service did not answer within 8 s"
        row["tool_calls"] = [call]
        row["steps"] = [
            {"kind": "agent", "name": "plan", "start_ms": 0, "duration_ms": took},
            {"kind": "tool", "start_ms": took, **call},
        ]
        row["total_latency_ms"] = took + lasts
        row["finish_reason"] = "tool_calls"

    def _steps(self, took: int) -> list[dict[str, Any]]:
        looked = self._time(70, 0.4)
        sorted_in = self._time(35, 0.4)
        return [
            {
                "kind": "retrieval",
                "name": "help centre",
                "start_ms": -looked - sorted_in,
                "duration_ms": looked,
            },
            {"kind": "agent", "name": "rank", "start_ms": -sorted_in, "duration_ms": sorted_in},
            {"kind": "agent", "name": "answer", "start_ms": 0, "duration_ms": took},
        ]

    def _time(self, median_ms: float, spread: float) -> int:
        return max(1, round(median_ms * exp(self.random.gauss(0, spread))))

    def nightly(self) -> Iterator[dict[str, Any]]:
        """Yield the requests of the nightly job for tasting notes."""
        for day in range((self.calendar.until - self.calendar.start) // DAY):
            night = self.calendar.start + day * DAY + timedelta(hours=2, minutes=40)
            about = {"release": self.calendar.release(night), "user_id": None}
            for number in range(NOTES_A_NIGHT):
                at = night + timedelta(seconds=number * 9 + self.random.random() * 5)
                heard, said = self.random.randint(420, 760), self.random.randint(60, 150)
                row = self._aside("tasting_note", NOTES, at, about, heard, said)
                yield row | {"wheel": self.random.choice(cheeses()).name}

    def pending(self, talks: list[DemoTalk]) -> Iterator[dict[str, Any]]:
        """Yield requests that have no answer yet whenever the demo is loaded."""
        earlier = [talk for talk in talks if talk.messages[-1].at < self.calendar.last_week]
        for number, talk in enumerate(earlier[-PENDING:]):
            at = self.calendar.last_week
            about = {"release": self.calendar.release(at), "user_id": talk.person.id}
            waiting = {"status": "pending", "input_tokens": PROMPT_TOKENS + 40 * number}
            sent_at = {"created_at": f"{{now:-{3 + 9 * number}}}"}
            yield self._row(self._model(talk), at, about, "chat") | waiting | sent_at


def _tokens(text: str) -> int:
    return len(text) // 4 + 3
