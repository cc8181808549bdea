"""Scores of the demo's answers: a model's judgement and a rule's."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

from tools.demo.calendar import Calendar
from tools.demo.conversations.talks import DemoMessage, DemoTalk
from tools.demo.prompts import version

SINCE_DAYS = 45  # before the last week
JUDGED = 0.3  # of the answers
HELPFULNESS = {"7": 0.78, "8": 0.79, "9": 0.85}  # on average, by version of the prompt


class Judge:
    """Scores answers, by a stream of chance of its own."""

    def __init__(self, seed: int, calendar: Calendar) -> None:
        """Begin with no scores."""
        self.random, self.calendar = Random(seed), calendar
        self._count = 0

    def score(self, talk: DemoTalk) -> Iterator[dict[str, Any]]:
        """Yield the scores of a conversation's answers."""
        for place, message in enumerate(talk.messages):
            if message.by_user or message.at < self.calendar.ago(SINCE_DAYS):
                continue
            if self.random.random() < JUDGED:
                yield self._row(talk, place, self._helpfulness(message))
            if message.tool is not None:
                yield self._row(talk, place, self._policy(message))

    def _helpfulness(self, message: DemoMessage) -> dict[str, Any]:
        usual = HELPFULNESS[version(self.calendar, message.at)]
        mean = usual - 0.4 if message.thumbs_down else usual
        value = round(min(1.0, max(0.0, self.random.gauss(mean, 0.12))), 2)
        judge = {"source": "judge", "evaluator": "helpfulness-judge", "evaluator_version": "2"}
        return {"name": "helpfulness", "value": value, **judge}

    def _policy(self, message: DemoMessage) -> dict[str, Any]:
        is_broken = self.random.random() < (0.3 if message.thumbs_down else 0.015)
        label = {"label": "fail", "value": 0} if is_broken else {"label": "pass", "value": 1}
        return {"name": "policy", **label, "source": "rule", "evaluator": "policy-rules"}

    def _row(self, talk: DemoTalk, place: int, found: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        after = timedelta(seconds=self.random.randint(20, 240))
        at = min(talk.messages[place].at + after, self.calendar.until)
        return {
            "id": f"rind-score-{self._count:05d}",
            "conversation_id": talk.id,
            "message_id": f"m{place:02d}",
            "user_id": talk.person.id,
            "app": "tomme",
            "release": talk.release,
            "created_at": at.isoformat(timespec="milliseconds"),
            **found,
        }
