"""Models that are called one at a time, as long as a budget lasts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from core.identity.schemas import Actor
from core.scoring.model_access import ExecutedModels, JudgeCall, JudgeReply, TextVectors

USED_UP = "The budget of the day is used up."
MAX_LIMIT_USD = Decimal(999_999)


@dataclass
class BudgetedModels:
    """Calls whose worst cases fit into the remaining budget; `problem` says why one was refused."""

    actor: Actor
    left_usd: Decimal
    spent_usd: Decimal = Decimal(0)
    problem: str | None = None
    # Two calls at once could each fit into what is left
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, call: JudgeCall) -> JudgeReply:
        """Return a judge's answer; a failure is a reply with its problem."""
        async with self._turn:
            if self.left_usd <= 0:
                reply = JudgeReply(problem=USED_UP, is_refused=True)
            else:
                limit = min(self.left_usd, MAX_LIMIT_USD)
                reply = await ExecutedModels(self.actor, cost_limit_usd=limit).ask(call)
            self._count(reply.cost_usd)
            if reply.is_refused:
                self.problem = reply.problem
            return reply

    async def embed(self, model_id: str | None, texts: Sequence[str]) -> TextVectors:
        """Return the vectors of texts; without a budget there are none."""
        async with self._turn:
            if self.left_usd <= 0:
                return TextVectors(problem=USED_UP)
            vectors = await ExecutedModels(self.actor).embed(
                model_id, texts, left_usd=self.left_usd
            )
            self._count(vectors.cost_usd)
            return vectors

    def _count(self, cost_usd: Decimal | None) -> None:
        self.spent_usd += cost_usd or 0
        self.left_usd -= cost_usd or 0
