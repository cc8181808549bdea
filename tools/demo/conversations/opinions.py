"""Feedback of the demo's users."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tools.demo.calendar import Calendar
from tools.demo.conversations.talks import DemoMessage, DemoTalk
from tools.demo.loaded import table


class Critic:
    """Lets users rate, each rating with its own id."""

    def __init__(self, random: Random, calendar: Calendar) -> None:
        """Begin with no ratings."""
        self.random, self.calendar = random, calendar
        self._count = 0

    def rate(self, talk: DemoTalk) -> Iterator[dict[str, Any]]:
        """Yield the feedback on a conversation and its messages."""
        texts, random = table("opinions"), self.random
        for place, message in enumerate(talk.messages):
            if message.by_user:
                continue
            if (row := self._of_message(message)) is not None:
                yield self._row(talk, message.at, row | {"message_id": f"m{place:02d}"})
        if random.random() < 0.11:
            stars = random.choices(
                (1, 2, 3, 4, 5), (30, 34, 22, 10, 4) if talk.went_badly else (2, 4, 14, 38, 42)
            )[0]
            comment = (
                {"comment": random.choice(texts["five"])}
                if stars >= 3 and random.random() < 0.4
                else {}
            )
            yield self._row(
                talk, talk.messages[-1].at, {"rating": stars, "scale": "five", **comment}
            )

    def _of_message(self, message: DemoMessage) -> dict[str, Any] | None:
        random, texts = self.random, table("opinions")
        if message.thumbs_down and random.random() < 0.7:
            row = {"rating": -1, "scale": "thumbs", "comment": random.choice(message.thumbs_down)}
            return row | (
                {"edited_text": random.choice(message.edits)}
                if message.edits and random.random() < 0.35
                else {}
            )
        if message.thumbs_up and not message.thumbs_down and random.random() < 0.4:
            return {"rating": 1, "scale": "thumbs", "comment": random.choice(message.thumbs_up)}
        if random.random() >= 0.09 or message.thumbs_down:
            return None
        is_good = random.random() < 0.9
        comment = (
            {"comment": random.choice(texts["up" if is_good else "down"])}
            if random.random() < 0.3
            else {}
        )
        return {"rating": 1 if is_good else -1, "scale": "thumbs", **comment}

    def _row(self, talk: DemoTalk, at: datetime, row: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        given_at = min(at + timedelta(seconds=self.random.randint(4, 900)), self.calendar.until)
        return {
            "id": f"rind-rating-{self._count:05d}",
            "conversation_id": talk.id,
            "user_id": talk.person.id,
            "app": "tomme",
            "release": talk.release,
            "created_at": given_at.isoformat(timespec="milliseconds"),
            **row,
        }
