"""AI requests of the demo's assistant and of its nightly jobs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from math import exp
from random import Random
from typing import Any
from uuid import UUID

from core.demo.generator.calendar import DAY, Calendar
from core.demo.generator.loaded import cheeses
from core.demo.generator.talks import DemoMessage, DemoTalk
from core.providers import prices
from core.providers.rates import ALWAYS, PICO, Rate

PROMPT_TOKENS = 1180  # what the assistant is told before anything else
UNIT = Decimal("0.00000001")
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


@dataclass(frozen=True)
class Model:
    """A model, and how fast it usually is."""

    provider: str
    name: str
    first_token_ms: float
    ms_a_token: float
    spread: float = 0.35


SMALL = Model("openai", "gpt-4.1-mini", 420, 7.5)
LARGE = Model("openai", "gpt-4.1", 560, 11)
CAREFUL = Model("anthropic", "claude-sonnet-4-5", 900, 14)
MANY_TONGUES = Model("google", "gemini-2.5-flash", 520, 5)
TITLES = Model("openai", "gpt-4.1-nano", 260, 5)
NOTES = Model("mistral", "mistral-small-latest", 340, 8)
EMBEDDINGS = Model("mistral", "mistral-embed", 85, 0)
FAULTS = (
    ("rate_limit", "429: too many requests, retry after 2 s", 0.4),
    ("timeout", "No answer within 60 s", 0.25),
    ("overloaded", "529: the provider is overloaded", 0.25),
    ("content_filter", "The answer was withheld by the provider's filter", 0.1),
)


@dataclass
class Spent:
    """What the requests of one message have cost and taken."""

    tokens: int = 0
    cost: Decimal = Decimal(0)
    latency_ms: int = 0
    first_token_ms: int = 0
    model: str = ""


class RequestMaker:
    """Makes requests, each with its own id."""

    def __init__(self, random: Random, calendar: Calendar) -> None:
        """Begin with none."""
        self.random, self.calendar = random, calendar
        self._count = 0

    def answer(self, talk: DemoTalk, place: int) -> tuple[list[dict[str, Any]], Spent]:
        """Return the requests behind one message of the assistant, and what they cost together."""
        message, spent, random = talk.messages[place], Spent(), self.random
        model = self._model(talk)
        spent.model = model.name
        about = {"conversation_id": talk.id, "message_id": f"m{place:02d}", "user_id": talk.person.id, "release": talk.release}
        asked_at = talk.messages[place - 1].at if place else message.at
        heard = sum(_tokens(each.text) for each in talk.messages[:place])
        at, rows = asked_at + timedelta(milliseconds=random.randint(300, 900)), []
        about_text = _tokens(talk.messages[place - 1].text)
        rows.append(self._chat(TITLES, at - timedelta(milliseconds=250), about, 210 + about_text, 2, 0, None, operation="guard"))
        if message.tool == "kb.search" or random.random() < 0.62:
            rows.append(self._embedding(at, about, about_text))
        if random.random() < self._fault_rate(model, at):
            rows.append(self._fault(model, at, about, PROMPT_TOKENS + heard))
        cached = PROMPT_TOKENS // 128 * 128 if place > 1 or random.random() < 0.5 else 0
        if message.tool is not None:
            rows.append(self._chat(model, at, about, PROMPT_TOKENS + heard, random.randint(18, 44), cached, message))
            at += timedelta(milliseconds=rows[-1]["total_latency_ms"])
            cached, heard = PROMPT_TOKENS // 128 * 128, heard + random.randint(120, 480)
        rows.append(self._chat(model, at, about, PROMPT_TOKENS + heard, _tokens(message.text), cached, None, talk=talk))
        spent.latency_ms, spent.first_token_ms = rows[-1]["total_latency_ms"], rows[-1]["first_token_ms"]
        if place == 1:
            rows.append(self._chat(TITLES, message.at + timedelta(seconds=2), about, 240 + heard, 7, 0, None, operation="title"))
        if place == len(talk.messages) - (1 if not talk.messages[-1].by_user else 2):
            noted_at = min(message.at + timedelta(seconds=30), self.calendar.until)
            rows.append(self._chat(TITLES, noted_at, about, 300 + heard, random.randint(4, 40), 0, None, operation="memory"))
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
        """Return how much longer a model takes than usual: for one of them, some of the days were bad."""
        return 5.5 if model is CAREFUL and at in self.calendar.latency else 1.0

    def _row(self, model: Model, at: datetime, about: dict[str, Any], operation: str) -> dict[str, Any]:
        self._count += 1
        return {
            "id": f"rind-call-{self._count:06d}",
            "created_at": min(at, self.calendar.until).isoformat(),
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

    def _fault(self, model: Model, at: datetime, about: dict[str, Any], tokens: int) -> dict[str, Any]:
        slow = self._slowness(model, at) > 1
        kind, words, _ = FAULTS[1] if slow else self.random.choices(FAULTS, [weight for *_, weight in FAULTS])[0]
        took = 60_000 if kind == "timeout" else self._time(700, 0.6)
        return self._row(model, at, about, "chat") | {
            "status": "error",
            "error_type": kind,
            "error_message": words,
            "total_latency_ms": took,
            "input_tokens": tokens,
        }

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
        took = first + round((said + thought) * model.ms_a_token * exp(self.random.gauss(0, 0.18)) * min(slowness, 2.5))
        row = self._row(model, at, about, "chat" if operation == "chat" else operation) | {
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
        """Add the tool that the model asked for; the request lasts until its answer is there."""
        tool = str(message.tool)
        lasts = TIMEOUT_MS + self.random.randint(5, 90) if message.tool_fails else self._time(TOOL_MS[tool], 0.5)
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
            {"kind": "retrieval", "name": "help centre", "start_ms": -looked - sorted_in, "duration_ms": looked},
            {"kind": "agent", "name": "rank", "start_ms": -sorted_in, "duration_ms": sorted_in},
            {"kind": "agent", "name": "answer", "start_ms": 0, "duration_ms": took},
        ]

    def _time(self, median_ms: float, spread: float) -> int:
        return max(1, round(median_ms * exp(self.random.gauss(0, spread))))

    def nightly(self) -> Iterator[dict[str, Any]]:
        """Yield the drafts of tasting notes that the nightly job asks for."""
        for day in range(60):
            night = (self.calendar.start + day * DAY).replace(hour=2, minute=40, second=0, microsecond=0)
            if not self.calendar.start <= night < self.calendar.until - timedelta(hours=1):
                night += DAY
            if night >= self.calendar.until:
                continue
            about = {"release": self.calendar.release(night), "user_id": None}
            for number in range(NOTES_A_NIGHT):
                at = night + timedelta(seconds=number * 9 + self.random.random() * 5)
                row = self._chat(
                    NOTES,
                    at,
                    about,
                    self.random.randint(420, 760),
                    self.random.randint(60, 150),
                    0,
                    None,
                    operation="tasting_note",
                )
                yield row | {"wheel": self.random.choice(cheeses()).name}

    def pending(self, talks: list[DemoTalk]) -> Iterator[dict[str, Any]]:
        """Yield requests for those who have talked last that are not answered yet."""
        for number, talk in enumerate(talks[-PENDING:]):
            at = self.calendar.until - timedelta(seconds=3 + 9 * number)
            about = {"release": self.calendar.release(at), "user_id": talk.person.id}
            waiting = {"status": "pending", "input_tokens": PROMPT_TOKENS + 40 * number}
            yield self._row(self._model(talk), at, about, "chat") | waiting


def cost_of(row: dict[str, Any]) -> tuple[Decimal, int]:
    """Return what a request costs by the packaged price table, as the table of requests will say it, and its tokens."""
    heard, said = row.get("input_tokens", 0), row.get("output_tokens", 0)
    units = _rate(row["provider"], row["model"]).cost(heard, said, row.get("cached_tokens", 0), 0)
    return units * UNIT, heard + said


@cache
def _rate(provider: str, model: str) -> Rate:
    found = prices.list_price(provider, model)
    if found is None:
        raise LookupError(f"no price of {model}")
    cached = found.cached_input if found.cached_input is not None else found.input
    written = found.cache_write if found.cache_write is not None else found.input
    return Rate(UUID(int=0), ALWAYS, *(int(each * PICO) for each in (found.input, found.output, cached, written)))


def _tokens(text: str) -> int:
    return len(text) // 4 + 3
