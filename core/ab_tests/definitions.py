"""What an A/B test runs: the messages of scenarios as cases, and its evaluation."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from core.ab_tests.errors import JudgeNeeded
from core.ab_tests.schemas import AbTestDefinition, NewAbTest, Variant, VariantId
from core.bots.queries.scenarios import get_scenario
from core.bots.scenarios.outcomes import Rule, rule_of
from core.evaluations.cases.case_schemas import InlineCase
from core.evaluations.cases.case_sources import cases_of
from core.evaluations.errors import CasesNotScored
from core.evaluations.runs import targets
from core.evaluations.schemas import EvaluationTarget, NewEvaluation
from core.identity.schemas import Actor
from core.presentation.formatting import shortened
from core.providers.schemas import Parameters
from core.scoring.schemas import ContainsScorer, JudgeScorer, RegexScorer, ScorerSpec

MAX_NAME_CHARS = 100
MAX_TAG_CHARS = 64


class PreparedAbTest(NamedTuple):
    """A new A/B test with its variants as they are now, and the evaluation that runs it."""

    variants: list[Variant]
    definition: AbTestDefinition
    evaluation: NewEvaluation


def prepare(session: Session, new: NewAbTest, *, actor: Actor) -> PreparedAbTest:
    """Return what a new A/B test is made of.

    Raises what resolving a target raises, JudgeNeeded, ScenarioMissing, DatasetMissing,
    DatasetVersionMissing and NoCases.
    """
    variants = _variants(session, new, actor)
    names = set(AbTestDefinition.model_fields) & set(NewAbTest.model_fields)
    given = {name: getattr(new, name) for name in names}
    if new.scenario_ids:
        given["test_cases"] = _cases_of_scenarios(session, new, actor)
    definition = AbTestDefinition.model_validate(given)
    evaluation = evaluation_of(new.test_name, variants, definition)
    try:
        cases_of(session, evaluation, actor=actor)  # refuses what could not be run
    except CasesNotScored:
        raise JudgeNeeded from None
    return PreparedAbTest(variants, definition, evaluation)


def _variants(session: Session, new: NewAbTest, actor: Actor) -> list[Variant]:
    found = []
    for id_, given in zip(VariantId, new.variants, strict=True):
        # With a name, the title would be that name, and not say what answers
        unnamed = given.model_copy(update={"name": ""})
        target = targets.resolve(session, unnamed, Parameters(), actor=actor)
        found.append(
            Variant(
                id=id_,
                name=given.name or target.title,
                title=target.title,
                bot_id=target.bot_id,
                template_id=target.prompt_id,
                version=target.bot_version or target.prompt_version or 1,
                model_id=target.model_id or "",
                parameters=given.parameters,
            )
        )
    return found


def _cases_of_scenarios(session: Session, new: NewAbTest, actor: Actor) -> tuple[InlineCase, ...]:
    """Return a case for each message, tagged with its scenario."""
    cases = []
    for scenario_id in new.scenario_ids:
        scenario = get_scenario(session, scenario_id, actor=actor)
        assertions = _assertions(scenario.expected_outcomes, new)
        tags = (shortened(scenario.name, MAX_TAG_CHARS),)
        cases += [
            InlineCase(input=message, assertions=assertions, tags=tags)
            for message in scenario.user_messages
        ]
    return tuple(cases)


def _assertions(outcomes: Sequence[str], new: NewAbTest) -> tuple[ScorerSpec, ...]:
    """Return what the outcomes expect: rules, and one judge for all that have none; raise
    JudgeNeeded when there are such and no judge.
    """
    found: list[ScorerSpec] = []
    described = []
    for outcome in outcomes:
        match rule_of(outcome):
            case (Rule.MATCHES, pattern):
                found.append(RegexScorer(pattern=pattern))
            case (rule, text):
                found.append(ContainsScorer(values=(text,), negate=rule is Rule.CONTAINS_NOT))
            case None:
                described.append(outcome)
    if new.judge_model_id is None and (described or not found):
        raise JudgeNeeded
    if new.judge_model_id is not None:
        expected = f"\n\nExpected of this answer: {'; '.join(described)}" if described else ""
        rubric = new.rubric + expected
        found.append(JudgeScorer(rubric=rubric, judge_model_id=new.judge_model_id))
    return tuple(found)


def evaluation_of(
    name: str, variants: Sequence[Variant], definition: AbTestDefinition
) -> NewEvaluation:
    """Return the evaluation that runs an A/B test."""
    judge, scorers = definition.judge_model_id, tuple[JudgeScorer, ...]()
    # Cases of scenarios have the judge among their own scorers
    if judge is not None and not definition.scenario_ids:
        scorers = (JudgeScorer(rubric=definition.rubric, judge_model_id=judge),)
    return NewEvaluation(
        name=name,
        targets=tuple(map(_target, variants)),
        test_cases=definition.test_cases,
        dataset_id=definition.dataset_id,
        dataset_version=definition.dataset_version,
        split=definition.split,
        runs=definition.runs,
        scorers=scorers,
        personality_judge_id=judge,
        cost_limit_usd=definition.cost_limit_usd,
    )


def _target(variant: Variant) -> EvaluationTarget:
    return EvaluationTarget(
        name=shortened(f"{variant.id}: {variant.name}", MAX_NAME_CHARS),
        bot_id=variant.bot_id,
        template_id=str(variant.template_id) if variant.template_id else None,
        version=variant.version,
        model_id=variant.model_id,
        parameters=variant.parameters,
    )
