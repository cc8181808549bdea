"""Keep an evaluation to its cost limit: the most that a run may cost is reserved before its call,
with its judges, and what it has cost replaces that when it has ended.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from core.bots.judging import TraitJudgement
from core.evaluations.cases.case_schemas import EvaluatedCase
from core.evaluations.errors import BudgetSpent
from core.evaluations.judge_calls import (
    judge_call,
    list_embedding_calls,
    list_judge_questions,
    list_judges,
)
from core.evaluations.models import EvaluationResult, EvaluationTest
from core.evaluations.runs.work_items import TakenEvaluation
from core.evaluations.schemas import EvaluationDefinition, ResultStatus
from core.executions import model_input
from core.executions.schemas import NewExecution
from core.platform import clock
from core.presentation import formatting
from core.providers import catalogue
from core.providers.chunks import Usage
from core.providers.errors import ModelMissing
from core.providers.queries import token_prices
from core.providers.schemas import ChatMessage, MessageRole
from core.quotas.errors import CostUnknown
from core.quotas.worst_case import DEFAULT_MAX_TOKENS, with_max_tokens, worst_case
from core.scoring import judge_prompts
from core.scoring.errors import NoJudge
from core.scoring.model_access import JUDGE_MAX_TOKENS, find_embedding_route, worst_embedding

UNIT = Decimal("0.00000001")
CHARS_PER_TOKEN = 6  # of an answer that judges will read; longer ones they may refuse
ATTEMPTS = 2  # a judge outside the form is asked again
FORMS = (judge_prompts.JudgeVerdict, judge_prompts.PairVerdict, TraitJudgement)
# The longest form costs the most, whichever a judge is asked in
LONGEST_FORM = max((form.model_json_schema() for form in FORMS), key=lambda it: len(json.dumps(it)))
# What a first answer may add to the second question
AGAIN = (
    ChatMessage(role=MessageRole.ASSISTANT, content="x" * JUDGE_MAX_TOKENS * CHARS_PER_TOKEN),
    ChatMessage(role=MessageRole.USER, content=judge_prompts.AGAIN),
)


@dataclass(frozen=True)
class PlannedCost:
    """The most that a run may cost from here on: its next call, each call of a judge, and each
    comparison by meaning.
    """

    call_usd: Decimal
    judge_usd: Decimal = Decimal(0)
    judge_calls: int = 0
    embedding_usd: Decimal = Decimal(0)
    embedding_calls: int = 0

    @property
    def total_usd(self) -> Decimal:
        judges = self.judge_usd * self.judge_calls
        return self.call_usd + judges + self.embedding_usd * self.embedding_calls

    def limited(self, call: NewExecution) -> NewExecution:
        """Return the call with this limit; a model whose price is 0 needs none."""
        limit = self.call_usd or None
        return call.model_copy(update={"cost_limit_usd": limit})


class Budget:
    """The rest of the cost limit, in a transaction that claims runs."""

    def __init__(self, session: Session, taken: TakenEvaluation, limit_usd: Decimal) -> None:
        self._session, self._definition, self._limit = session, taken.definition, limit_usd
        of_it = EvaluationResult.evaluation_id == taken.id
        reserved, in_progress = session.execute(
            select(
                func.coalesce(func.sum(EvaluationResult.reserved_usd), 0),
                func.count().filter(EvaluationResult.status == ResultStatus.RUNNING),
            ).where(of_it, EvaluationResult.reserved_usd.is_not(None))
        ).one()
        spent = session.scalar(
            select(EvaluationTest.spent_usd).where(EvaluationTest.id == taken.id)
        )
        self._taken_usd: Decimal = (spent or Decimal(0)) + (reserved or Decimal(0))
        self._in_progress = in_progress

    def plan(
        self,
        row: EvaluationResult,
        case: EvaluatedCase,
        call: NewExecution | None,
        *,
        answer: str | None,
        is_last_turn: bool,
    ) -> PlannedCost:
        """Return the most that the rest of a run may cost; raise CostUnknown or ModelMissing."""
        is_of_model = self._definition.targets[row.target - 1].model_id is not None
        call_usd = _most(self._session, call) if call and is_of_model else Decimal(0)
        if answer is None and not is_last_turn:
            return PlannedCost(call_usd)
        text = answer if answer is not None else "x" * _chars(call)
        judge_usd, judges = self._plan_judges(case, text)
        embeddings = self._plan_embeddings(case, text)
        return PlannedCost(
            call_usd,
            judge_usd,
            judges * ATTEMPTS,
            max(embeddings, default=Decimal(0)),
            len(embeddings),
        )

    def _plan_judges(self, case: EvaluatedCase, text: str) -> tuple[Decimal, int]:
        """Return the most that a call of a judge may cost, and how many judges are asked."""
        costs = list[Decimal]()
        for question in list_judge_questions(self._definition, case, text):
            try:
                call = _asked_again(judge_call(self._session, question))
                costs.append(_most(self._session, call))
            except (CostUnknown, NoJudge, ModelMissing):
                # Its model or its price has gone since the start. With any limit it is refused,
                # which its score says; the answer and its other scores remain
                costs.append(UNIT)
        return max(costs, default=Decimal(0)), len(costs)

    def _plan_embeddings(self, case: EvaluatedCase, text: str) -> list[Decimal]:
        """Return the most that each comparison by meaning may cost. One that can't be made compares
        characters instead.
        """
        costs = list[Decimal]()
        for model_id, texts in list_embedding_calls(self._definition, case, text):
            with suppress(ModelMissing):
                if (route := find_embedding_route(self._session, model_id)) is None:
                    continue
                rate = token_prices.find_with(self._session, route, clock.now())
                if (most := worst_embedding(route, texts, rate).cost) is not None:
                    costs.append(most.quantize(UNIT, rounding=ROUND_CEILING))
        return costs

    def reserve(self, row: EvaluationResult, planned: PlannedCost) -> bool:
        """Reserve what a run may cost; return False when it fits only after others have ended.

        Raises BudgetSpent.
        """
        before = row.reserved_usd or Decimal(0)
        wanted = (row.cost_usd or Decimal(0) if is_unsettled(row) else Decimal(0)) + (
            planned.total_usd
        )
        left = self._limit - self._taken_usd + before
        if left <= 0 or wanted > left:
            if self._in_progress:
                return False
            raise BudgetSpent(_too_little(wanted, left) if left > 0 else None)
        self._taken_usd += wanted - before
        self._in_progress += 1
        row.reserved_usd = wanted
        return True


def is_unsettled(row: EvaluationResult) -> bool:
    """Whether a run's calls are not counted as spent yet: those of a run to score again are."""
    return row.scores is None and row.checks is None


def unsettled_cost() -> ColumnElement[Decimal | None]:
    """Return what stays reserved of a run that is given back: what its calls have cost."""
    is_open = EvaluationResult.scores.is_(None) & EvaluationResult.checks.is_(None)
    return case((is_open, EvaluationResult.cost_usd), else_=None)


def check_prices(
    session: Session, definition: EvaluationDefinition, cases: Iterable[EvaluatedCase]
) -> None:
    """Raise CostUnknown, which names the model, when one of a model or a judge has no price."""
    ids = {target.model_id for target in definition.targets if target.model_id is not None}
    ids |= list_judges(session, definition, cases)
    for model_id in sorted(ids):
        route, now = catalogue.find_route(session, model_id), clock.now()
        rate = token_prices.find_with(session, route, now)
        if token_prices.cost_of(route, Usage(input=1, output=1), rate).usd is None:
            raise CostUnknown(
                f"{model_id} has no price, so the cost limit can't be kept. An admin can add one "
                "in Settings > Prices; or start without a cost limit."
            )


def _too_little(wanted: Decimal, left: Decimal) -> str:
    return (
        f"The next answer may cost up to {formatting.money(wanted)}, and {formatting.money(left)} "
        "of the cost limit is left. Raise the limit, and resume the evaluation."
    )


def _chars(call: NewExecution | None) -> int:
    tokens = (call.parameters.max_tokens if call else None) or DEFAULT_MAX_TOKENS
    return min(judge_prompts.MAX_PART_CHARS, tokens * CHARS_PER_TOKEN)


def _asked_again(judge: NewExecution) -> NewExecution:
    """Return the longest form of a judge's call: with its first answer, and asked once more."""
    said = ChatMessage(role=MessageRole.USER, content=judge.prompt)
    changes = {"messages": (*judge.messages, said, *AGAIN), "response_schema": LONGEST_FORM}
    return judge.model_copy(update={"prompt": "", **changes})


def _most(session: Session, call: NewExecution) -> Decimal:
    route = catalogue.find_route(session, call.model_id)
    limits = with_max_tokens(call.parameters, route.model.capabilities)
    limited = model_input.call_of(route, call.model_copy(update={"parameters": limits}), None)
    most = worst_case(session, route, limited, clock.now()).cost
    if most is None:
        raise CostUnknown
    # Rounded up: what is reserved must be enough
    return most.quantize(UNIT, rounding=ROUND_CEILING)
