"""Store what the demo has in Test, through the services that an account uses: a prompt, bots, a
dataset of its annotations, and an evaluation of answers of an imaginary app.
"""

import json
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.bots.models import BotConfiguration
from core.bots.schemas import BotVisibility, NewBot
from core.bots.service import bots
from core.database import settings
from core.datasets.drafts import CaseDraft
from core.datasets.models import Dataset
from core.datasets.queries.cases import cases_of_version
from core.datasets.schemas import CaseTexts, DatasetCase, DatasetVisibility, NewDataset
from core.datasets.service import cases, datasets, sources
from core.datasets.source_schemas import AnnotationChoice
from core.demo.schemas import DemoExamples
from core.demo.shifting import END, WEEK, Shift
from core.errors import Conflict
from core.evaluations.app_schemas import AppAnswer, AppAnswers
from core.evaluations.models import EvaluationTest
from core.evaluations.queries import app_work
from core.evaluations.schemas import EvaluationTarget, NewEvaluation
from core.evaluations.service import app_answers, evaluations
from core.identity import queries as identity
from core.identity.schemas import Actor, Caller, Role
from core.ingest.rows import key_of
from core.prompts.models import PromptLabelMove, PromptTemplate, PromptVersion
from core.prompts.schemas import LabelTarget, PromptChange, Visibility
from core.prompts.service import prompts, transfer
from core.prompts.service.labels import move_label
from core.scoring.schemas import ContainsScorer

FILE = Path(__file__).parents[1] / "examples.toml"
DEMO_NAME = "Demo workspace"
MESSAGE = "m01"  # of each reviewed conversation
AS_SENT, NEXT = "2.7.0", "2.7.1"
# How many days before its last week the demo's requests began to name a version (tools/demo)
IN_PRODUCTION = {8: 35.2, 9: 17.6}


def store(core: Session, ai: Session, until: datetime) -> None:
    """Store the examples of a demo that ends at `until` once, as the first super admin's; not where
    one of their names is taken, or without such an account.
    """
    actor = _owner(core)
    if actor is None or settings.read(core, DemoExamples).dataset_id is not None:
        return
    facts = tomllib.loads(FILE.read_text())
    # Before the demo's bots, with which the account would be one that has bots, none of them active
    bots.ensure_default(core, actor=actor)
    with suppress(Conflict), core.begin_nested():
        dataset_id = _dataset(core, ai, facts, actor)
        found = DemoExamples(
            prompt_id=_prompt(core, facts["prompt"], until, actor),
            bot_ids=tuple(_bot(core, bot, actor) for bot in facts["bots"]),
            dataset_id=dataset_id,
            evaluation_id=_evaluation(core, facts, dataset_id, actor),
        )
        settings.write(core, found, by=None)


def remove(core: Session) -> None:
    """Remove the examples, with what was added to them since."""
    found = settings.read(core, DemoExamples)
    of_models: Sequence[tuple[Any, UUID | None]] = (
        (EvaluationTest, found.evaluation_id),
        (Dataset, found.dataset_id),
        (PromptTemplate, found.prompt_id),
        *((BotConfiguration, id_) for id_ in found.bot_ids),
    )
    for model, id_ in of_models:
        if id_ is not None and (row := core.get(model, id_)) is not None:
            core.delete(row)
    settings.write(core, DemoExamples(), by=None)


def _owner(core: Session) -> Actor | None:
    for account in identity.list_accounts(core):
        if account.role is Role.SUPER_ADMIN and account.is_active:
            row = identity.get_account(core, account.id)
            return replace(identity.actor_of(row, Caller()), name=DEMO_NAME)
    return None


def _prompt(core: Session, facts: dict[str, Any], until: datetime, actor: Actor) -> UUID:
    lines = facts.pop("lines")
    versions = [
        {
            "number": number,
            "note": note,
            "system_prompt": "\n".join(text for _, text in lines[:number]),
        }
        for number, (note, _) in enumerate(lines, 1)
    ]
    before, now = IN_PRODUCTION
    labels = {"production": before, "previous": before}
    file = facts | {"format": transfer.FORMAT, "versions": versions, "labels": labels}
    found = transfer.import_prompt(core, json.dumps(file).encode(), actor=actor)
    move_label(core, found.id, LabelTarget(name="production", version=now), actor=actor)
    _date_prompt(core, found.id, until)
    prompts.change_prompt(core, found.id, PromptChange(visibility=Visibility.PUBLIC), actor=actor)
    return found.id


def _date_prompt(core: Session, prompt_id: UUID, until: datetime) -> None:
    """Have the labels moved when the demo's requests began to name their versions, and each version
    saved a day before, or a week before the next.
    """
    monday = END + Shift(until).by - WEEK
    oldest = min(IN_PRODUCTION)
    for version in core.scalars(select(PromptVersion).filter_by(template_id=prompt_id)):
        weeks = max(oldest - version.number, 0)
        days = IN_PRODUCTION.get(version.number, IN_PRODUCTION[oldest]) + 1
        version.created_at = monday - timedelta(days=days, weeks=weeks)
    for move in core.scalars(select(PromptLabelMove).filter_by(template_id=prompt_id)):
        number = move.to_version if move.label == "production" else max(IN_PRODUCTION)
        move.moved_at = monday - timedelta(days=IN_PRODUCTION[number or 0])


def _bot(core: Session, facts: dict[str, Any], actor: Actor) -> UUID:
    new = NewBot.model_validate(facts | {"visibility": BotVisibility.SHARED})
    return bots.create_bot(core, new, actor=actor).id


def _dataset(core: Session, ai: Session, facts: dict[str, Any], actor: Actor) -> UUID:
    new = NewDataset(**facts["dataset"], visibility=DatasetVisibility.SHARED)
    id_ = datasets.create_dataset(core, new, actor=actor).id
    choice = AnnotationChoice(ids=tuple(_of_annotations(facts)))
    sources.add_annotations(core, ai, id_, choice, actor=actor)
    must = {annotation_id: case["must"] for annotation_id, case in _of_annotations(facts).items()}
    changed = {
        case.id: (case.position, _with_assertion(case, must[case.origin_id]))
        for case in cases_of_version(core, id_)
        if case.origin_id is not None
    }
    row = datasets.lock_own(core, id_, actor=actor)
    cases.store(core, row, changed=changed, note="Added scorers", actor=actor)
    return id_


def _with_assertion(case: DatasetCase, text: str) -> CaseDraft:
    content = case.content
    fields = content.model_dump(include=set(CaseTexts.model_fields))
    return CaseDraft(
        texts=CaseTexts.model_validate(fields | {"assertions": [ContainsScorer(values=(text,))]}),
        tags=content.tags,
        split=content.split,
        origin=content.origin,
        conversation_id=case.conversation_id,
        origin_id=case.origin_id,
    )


def _evaluation(core: Session, facts: dict[str, Any], dataset_id: UUID, actor: Actor) -> UUID:
    releases = (("As sent", AS_SENT), ("Next release", NEXT))
    new = NewEvaluation(
        **facts["evaluation"],
        dataset_id=dataset_id,
        targets=tuple(
            EvaluationTarget(name=name, app="tomme", release=number) for name, number in releases
        ),
    )
    id_ = evaluations.start(core, new, actor=actor)
    core.flush()
    _answer(core, id_, facts, dataset_id, actor)
    return id_


def _answer(
    core: Session, evaluation_id: UUID, facts: dict[str, Any], dataset_id: UUID, actor: Actor
) -> None:
    """Answer as the app has, and as its next release does; the worker scores both."""
    told = _of_annotations(facts)
    answers = {
        position: (
            case.content.rejected or case.content.reference or "",
            told[case.origin_id]["next"] if case.origin_id else "",
        )
        for position, case in enumerate(cases_of_version(core, dataset_id), 1)
    }
    waiting = app_work.list_work(core, evaluation_id, actor=actor, limit=2 * len(answers)).items
    places: dict[int, int] = {}
    sent = []
    for run in waiting:  # the first target of a case comes first
        place = places[run.position] = places.get(run.position, -1) + 1
        sent.append(AppAnswer(id=run.id, text=answers[run.position][place]))
    app_answers.store(core, evaluation_id, AppAnswers(answers=tuple(sent)), actor=actor)


def _of_annotations(facts: dict[str, Any]) -> dict[UUID, dict[str, Any]]:
    """Return the cases of the file by the annotation that each is made of."""
    return {
        key_of("annotation", f"{conversation}.{MESSAGE}.{number}"): case
        for case in facts["cases"]
        for conversation, number in [case["at"]]
    }
